//! A plain reading of the rules: every record of a partition is held against all before it, and each row is added up anew.

use std::collections::BTreeMap;

use tallygate_core::fold::UNREADABLE;
use tallygate_core::record::{Entry, NUMBER, POLICY};
use tallygate_core::{Aggregate, Amount, Currency, Day, RecordNumber, Row, RowKey};
use tallygate_stream::Record;

use super::world::{FIRST_PARTITION, HORIZON};

/// What must come of a log.
#[derive(Default)]
pub(crate) struct Expected {
    /// Every state of every row, by the offset of the record that made it.
    pub(crate) states: BTreeMap<(RowKey, u64), Row>,
    /// The last of each.
    pub(crate) rows: BTreeMap<RowKey, Row>,
    /// Where the originals of the dead letters stand.
    pub(crate) dead: Vec<String>,
    /// The last day of the log, by log partition.
    log_days: BTreeMap<u32, Day>,
}

impl Expected {
    /// Whether nothing can change a row any more.
    pub(crate) fn is_over(&self, at: &RowKey) -> bool {
        self.log_days.get(&at.partition).is_some_and(|log_day| at.day < HORIZON.first(*log_day))
    }
}

/// One record as it was judged.
struct Judged<'a> {
    entry: Option<Entry<'a>>,
    /// Also of what does not read otherwise.
    number: Option<RecordNumber>,
    clock: Day,
}

/// Of all partitions; `time` says when a record was appended.
pub(crate) fn expected(log: &[Vec<Record>], time: impl Fn(&Record) -> i64) -> Expected {
    let mut expected = Expected::default();
    for records in log {
        let (mut judged, mut clock) = (Vec::new(), i64::MIN);
        for record in records {
            let appended = time(record);
            clock = clock.max(appended);
            let read = Entry::read(record.header(NUMBER), record.header(POLICY), record.value());
            let number = read.as_ref().map_or_else(|unreadable| unreadable.number, |entry| Some(entry.number));
            let this = Judged { entry: read.ok(), number, clock: Day::of_unix_millis(clock) };
            let shares = shares(&judged, &this);
            if shares.iter().any(|(aggregate, ..)| *aggregate == Aggregate::Dead) {
                expected.dead.push(format!("{}/{}", record.partition, record.offset));
            }
            let partition = FIRST_PARTITION + record.partition;
            for (aggregate, day, key, currency, amount) in shares {
                let at = RowKey { aggregate, day, partition, key, currency };
                let before = expected.rows.get(&at);
                let (sum, count) = before.map_or_else(Default::default, |row| (row.sum, row.count));
                let (sum, count) = (sum.plus(amount), count + 1);
                let row = Row { at: at.clone(), sum, count, offset: record.offset, updated_at: appended };
                expected.states.insert((at.clone(), record.offset), row.clone());
                expected.rows.insert(at, row);
            }
            expected.log_days.insert(partition, this.clock);
            judged.push(this);
        }
    }
    expected.dead.sort();
    expected
}

type Share = (Aggregate, Day, String, Currency, Amount);

fn shares(earlier: &[Judged<'_>], this: &Judged<'_>) -> Vec<Share> {
    let past = i32::from(HORIZON.past);
    let window = past + i32::from(HORIZON.future);
    let mut numbers = earlier.iter().filter(|judged| judged.number.is_some());
    if numbers.any(|judged| judged.number == this.number && this.clock <= judged.clock.plus(window)) {
        return Vec::new();
    }
    let Some(entry) = &this.entry else {
        return vec![(Aggregate::Dead, this.clock, UNREADABLE.into(), Currency::NONE, Amount::default())];
    };
    let within = |day: Day, clock: Day| day >= clock.plus(-past) && day <= clock.plus(i32::from(HORIZON.future));
    let read = || earlier.iter().filter_map(|judged| Some((judged.entry.as_ref()?, judged.clock)));
    let known: Vec<&Entry<'_>> = read()
        .filter(|(other, clock)| other.identity == entry.identity && within(other.day, *clock))
        .filter(|(other, clock)| this.clock <= other.day.max(*clock).plus(past))
        .map(|(other, _)| other)
        .collect();
    let content = |entry: &Entry<'_>| (entry.day, entry.key.to_string(), entry.amount, entry.currency);
    let is_within = within(entry.day, this.clock);
    let day = if is_within { entry.day } else { this.clock };
    let of_partner = |aggregate| (aggregate, day, entry.partner.to_string(), entry.currency, entry.amount);
    if known.iter().any(|other| content(other) == content(entry)) {
        return vec![of_partner(Aggregate::Duplicate)];
    }
    if !known.is_empty() || !is_within {
        return vec![of_partner(Aggregate::Dead)];
    }
    vec![(Aggregate::Daily, day, entry.key.to_string(), entry.currency, entry.amount), of_partner(Aggregate::Counted)]
}
