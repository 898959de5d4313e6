//! The fold against its rules, one by one, and against a plain reading of all of them.

use std::collections::{BTreeMap, HashMap};

use proptest::prelude::*;

use super::*;
use crate::identity::Identity;
use crate::number::{MessageNumber, RecordNumber, Run};
use crate::row::RowKey;

const MILLIS_PER_DAY: i64 = 86_400_000;
const HORIZON: Horizon = Horizon { past: 2, future: 1 };

/// One record as a test writes it: who, what, when.
#[derive(Clone, Copy, Debug)]
struct Sent {
    message: u64,
    id: u8,
    day: i32,
    amount: i32,
    log_day: i64,
}

impl Sent {
    fn entry(self) -> Result<Entry<'static>, Unreadable> {
        let partner = if self.id.is_multiple_of(2) { "even" } else { "odd" };
        Ok(Entry {
            number: RecordNumber { message: MessageNumber { run: Run(1), sequence: self.message }, ordinal: 0 },
            identity: Identity::of(partner, "json", &self.id.to_string()),
            partner: partner.into(),
            day: Day::from_epoch_days(self.day),
            key: format!("key-{}", self.id % 3).into(),
            amount: self.amount.to_string().parse().unwrap(),
            currency: "EUR".parse().unwrap(),
        })
    }

    fn appended(self) -> i64 {
        self.log_day * MILLIS_PER_DAY + 1
    }
}

fn fold() -> Fold {
    Fold::new(3, HORIZON)
}

/// Folds as the aggregator does, with the store's rows loaded on demand.
fn give(fold: &mut Fold, store: &BTreeMap<RowKey, Row>, offset: u64, sent: Sent) -> Verdict {
    match fold.apply(offset, sent.appended(), &sent.entry()) {
        Ok(verdict) => verdict,
        Err(NotOpen(day)) => {
            fold.open(day, store.values().filter(|row| row.at.day == day).cloned().collect());
            fold.apply(offset, sent.appended(), &sent.entry()).unwrap()
        }
    }
}

fn flush(fold: &mut Fold, store: &mut BTreeMap<RowKey, Row>) {
    for row in fold.take_rows() {
        let newer = store.get(&row.at).is_none_or(|old| old.offset <= row.offset);
        if newer {
            store.insert(row.at.clone(), row);
        }
    }
}

fn verdicts(sent: &[Sent]) -> Vec<Verdict> {
    let (mut fold, store) = (fold(), BTreeMap::new());
    sent.iter().enumerate().map(|(offset, sent)| give(&mut fold, &store, offset as u64, *sent)).collect()
}

fn sent(message: u64, id: u8, day: i32, amount: i32, log_day: i64) -> Sent {
    Sent { message, id, day, amount, log_day }
}

#[test]
fn rule_4_a_number_again_counts_nowhere_and_an_identity_under_another_number_is_a_duplicate() {
    let all = [sent(1, 1, 100, 5, 100), sent(1, 1, 100, 5, 100), sent(2, 1, 100, 5, 100), sent(2, 1, 100, 5, 100)];
    assert_eq!(verdicts(&all), [Verdict::Counted, Verdict::Redelivered, Verdict::Duplicate, Verdict::Redelivered]);
}

#[test]
fn rule_4_a_dead_letter_delivered_again_counts_nowhere() {
    let all = [
        sent(1, 1, 100, 5, 100),
        sent(2, 1, 100, 6, 100),
        sent(2, 1, 100, 6, 100),
        sent(3, 2, 50, 5, 100),
        sent(3, 2, 50, 5, 100),
    ];
    let verdicts = verdicts(&all);
    assert_eq!(verdicts[1], Verdict::Dead(Reason::Conflict));
    assert_eq!(verdicts[2], Verdict::Redelivered);
    assert!(matches!(verdicts[3], Verdict::Dead(Reason::OutsideHorizon { .. })));
    assert_eq!(verdicts[4], Verdict::Redelivered);
}

#[test]
fn rule_6_the_clock_never_goes_back() {
    let all = [sent(1, 1, 100, 5, 103), sent(2, 2, 100, 5, 100)];
    assert!(verdicts(&all).iter().all(|v| matches!(v, Verdict::Dead(Reason::OutsideHorizon { .. }))));
}

#[test]
fn rule_9_counts_from_the_first_to_the_last_day_of_the_horizon() {
    for (day, counts) in [(97, false), (98, true), (101, true), (102, false)] {
        assert_eq!(verdicts(&[sent(1, 1, day, 5, 100)])[0] == Verdict::Counted, counts, "day {day}");
    }
}

#[test]
fn rule_9_a_resend_finds_its_original_or_lies_outside_the_horizon() {
    for day in 98..=101 {
        for later in 0..10 {
            let verdict = &verdicts(&[sent(1, 1, day, 5, 100), sent(2, 1, day, 5, 100 + later)])[1];
            let refused = matches!(verdict, Verdict::Dead(Reason::OutsideHorizon { .. }));
            assert!(refused || *verdict == Verdict::Duplicate, "day {day}, {later} days later: {verdict:?}");
        }
    }
}

#[test]
fn rule_9_each_sight_keeps_an_identity_known() {
    let all = [sent(1, 1, 100, 5, 100), sent(2, 1, 100, 5, 102), sent(3, 1, 100, 5, 104), sent(4, 1, 100, 5, 106)];
    assert_eq!(verdicts(&all)[1..], [Verdict::Duplicate, Verdict::Duplicate, Verdict::Duplicate]);
}

#[test]
fn rule_9_a_conflict_is_no_sight() {
    let all = [sent(1, 1, 100, 5, 100), sent(2, 1, 100, 6, 102), sent(3, 1, 103, 5, 103)];
    assert_eq!(verdicts(&all)[1..], [Verdict::Dead(Reason::Conflict), Verdict::Counted]);
}

#[test]
fn rule_9_the_same_amount_written_otherwise_is_no_conflict() {
    let (mut fold, store) = (fold(), BTreeMap::new());
    let first = sent(1, 1, 100, 5, 100);
    give(&mut fold, &store, 0, first);
    let mut again = sent(2, 1, 100, 5, 100).entry().unwrap();
    again.amount = "5.00".parse().unwrap();
    assert_eq!(fold.apply(1, first.appended(), &Ok(again)), Ok(Verdict::Duplicate));
}

#[test]
fn a_record_that_does_not_read_is_dead_on_the_day_of_the_log() {
    let (mut fold, unreadable) = (fold(), Unreadable { field: "value", problem: "no JSON".into() });
    fold.open(Day::from_epoch_days(100), vec![]);
    let verdict = fold.apply(7, 100 * MILLIS_PER_DAY, &Err(unreadable.clone())).unwrap();
    assert_eq!(verdict, Verdict::Dead(Reason::Unreadable(unreadable)));
    let rows = fold.take_rows();
    assert_eq!(
        (rows.len(), rows[0].at.aggregate, &*rows[0].at.key, rows[0].count),
        (1, Aggregate::Dead, UNREADABLE, 1)
    );
}

#[test]
fn a_row_that_took_the_record_already_is_written_again_unchanged() {
    let (mut first, mut store) = (fold(), BTreeMap::new());
    give(&mut first, &store, 5, sent(1, 1, 100, 5, 100));
    flush(&mut first, &mut store);
    let mut second = fold();
    give(&mut second, &store, 5, sent(1, 1, 100, 5, 100));
    let rows: BTreeMap<RowKey, Row> = second.take_rows().into_iter().map(|row| (row.at.clone(), row)).collect();
    assert_eq!(rows, store);
}

/// A plain reading of the rules, slow and without any of the fold's structures.
fn oracle(sent: &[Sent]) -> BTreeMap<(Aggregate, i32, String), (i128, u64)> {
    let mut rows: BTreeMap<(Aggregate, i32, String), (i128, u64)> = BTreeMap::new();
    let mut known: HashMap<u8, (Sent, i64, u64)> = HashMap::new();
    let mut numbers: HashMap<u64, i64> = HashMap::new();
    let mut clock = i64::MIN;
    for s in sent {
        clock = clock.max(s.log_day);
        let expiry = |day: i32| i64::from(day).max(clock) + 2;
        let found = known.get(&s.id).copied().filter(|(_, until, _)| clock <= *until);
        let dead_before = numbers.get(&s.message).is_some_and(|until| clock <= *until);
        let aggregate = match found {
            Some((_, until, number)) if number == s.message => {
                known.get_mut(&s.id).unwrap().1 = until.max(clock + 2);
                continue;
            }
            _ if dead_before => continue,
            Some((first, until, _)) if (first.day, first.amount) == (s.day, s.amount) => {
                known.get_mut(&s.id).unwrap().1 = until.max(expiry(first.day));
                Aggregate::Duplicate
            }
            Some(_) => Aggregate::Dead,
            None if (clock - 2..=clock + 1).contains(&i64::from(s.day)) => {
                known.insert(s.id, (*s, expiry(s.day), s.message));
                Aggregate::Counted
            }
            None => Aggregate::Dead,
        };
        if aggregate != Aggregate::Counted {
            numbers.insert(s.message, clock + 3);
        }
        let partner = if s.id.is_multiple_of(2) { "even" } else { "odd" };
        let mut add = |aggregate, key: String| {
            let row = rows.entry((aggregate, s.day, key)).or_default();
            row.0 += i128::from(s.amount) * 1_000_000_000;
            row.1 += 1;
        };
        add(aggregate, partner.to_owned());
        if aggregate == Aggregate::Counted {
            add(Aggregate::Daily, format!("key-{}", s.id % 3));
        }
    }
    rows
}

fn figures(store: &BTreeMap<RowKey, Row>) -> BTreeMap<(Aggregate, i32, String), (i128, u64)> {
    let figure = |row: &Row| {
        let place = (row.at.aggregate, row.at.day.epoch_days(), row.at.key.clone());
        (place, (row.sum.units(), row.count))
    };
    store.values().map(figure).collect()
}

fn traffic() -> impl Strategy<Value = Vec<Sent>> {
    let one = (0_u64..40, 0_u8..12, 96_i32..108, 1_i32..3, prop_oneof![4 => Just(0_i64), 1 => 1_i64..3]);
    proptest::collection::vec(one, 1..60).prop_map(|steps| {
        let (mut log_day, mut contents) = (100, HashMap::new());
        let mut all = Vec::new();
        for (message, id, day, amount, step) in steps {
            log_day += step;
            // One message number always carries the same content.
            let content = *contents.entry(message).or_insert(sent(message, id, day, amount, 0));
            all.push(Sent { log_day, ..content });
        }
        all
    })
}

proptest! {
    #[test]
    fn agrees_with_a_plain_reading_of_the_rules(all in traffic()) {
        let (mut fold, mut store) = (fold(), BTreeMap::new());
        for (offset, s) in all.iter().enumerate() {
            give(&mut fold, &store, offset as u64, *s);
        }
        flush(&mut fold, &mut store);
        prop_assert_eq!(figures(&store), oracle(&all));
    }

    /// Killed anywhere, with any part of the last flush in the store, it ends with the same rows.
    #[test]
    fn rule_12_a_fold_taken_over_anywhere_ends_with_the_same_rows(
        all in traffic(), killed in 0_usize..60, committed in 0_usize..60, kept in any::<u64>(),
    ) {
        let (killed, mut store) = (killed.min(all.len()), BTreeMap::new());
        let committed = committed.min(killed);
        let mut first = fold();
        let mut blobs = Vec::new();
        for (offset, s) in all[..killed].iter().enumerate() {
            if offset == committed {
                flush(&mut first, &mut store);
                blobs.push(first.take_identities());
            }
            give(&mut first, &store, offset as u64, *s);
        }
        for (n, row) in first.take_rows().into_iter().enumerate() {
            if kept >> (n % 64) & 1 == 1 {
                store.insert(row.at.clone(), row);
            }
        }
        let mut second = fold();
        let from = if blobs.is_empty() { 0 } else { committed };
        blobs.iter().for_each(|blob| second.restore(blob).unwrap());
        for (offset, s) in all.iter().enumerate().skip(from) {
            give(&mut second, &store, offset as u64, *s);
        }
        flush(&mut second, &mut store);
        prop_assert_eq!(figures(&store), oracle(&all));
    }

    #[test]
    fn rule_12_identities_learnt_from_the_log_serve_as_those_kept(all in traffic(), committed in 0_usize..60) {
        let committed = committed.min(all.len());
        let (mut first, mut store) = (fold(), BTreeMap::new());
        for (offset, s) in all[..committed].iter().enumerate() {
            give(&mut first, &store, offset as u64, *s);
        }
        flush(&mut first, &mut store);
        let mut second = fold();
        all[..committed].iter().for_each(|s| second.learn(s.appended(), &s.entry()));
        for (offset, s) in all.iter().enumerate().skip(committed) {
            give(&mut second, &store, offset as u64, *s);
        }
        flush(&mut second, &mut store);
        prop_assert_eq!(figures(&store), oracle(&all));
    }
}
