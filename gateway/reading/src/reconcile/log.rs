//! What the log says: each record once, filed as the fold files it, those that wait for the fold apart.

use std::collections::{BTreeMap, BTreeSet};

use tallygate_core::fold::Horizon;
use tallygate_core::record::{self, Entry};
use tallygate_core::{Day, MessageNumber, Position, RecordNumber, Sum};
use tallygate_stream::{Bounds, Record, Stream, StreamError, Topic};

use super::error::ReconcileError;
use super::figures::Figures;
use super::group::Group;
use super::messages::{Delivery, Messages, Sight};
use super::numbers::NoSuchNumber;
use super::positions::Positions;
use crate::clock;
use crate::scan::{Scanned, header, scan};

/// What the log says.
pub(super) struct Log {
    /// Records that stand beyond the committed positions.
    pub(super) beyond: u64,
    /// Records delivered more than once; they count nowhere.
    pub(super) redelivered: u64,
    /// Records that are none of ours, by the log's day, under which their figures stand.
    pub(super) unreadable: BTreeMap<Day, u64>,
    /// Those of them that stand beyond the committed positions.
    pub(super) unreadable_waiting: BTreeMap<Day, u64>,
    horizon: Horizon,
    /// The days of which the log still holds everything; none when nothing was ever removed.
    complete: Option<(Day, Day)>,
    /// Where the reading of each partition ended.
    scanned: Vec<Scanned>,
    partitions: BTreeMap<u32, Partition>,
    /// What ends it all.
    strange: Option<NoSuchNumber>,
}

/// One partition of the log.
#[derive(Default)]
struct Partition {
    /// The committed position before anything was read.
    committed: u64,
    position: Option<Position>,
    /// The running maximum of the append times.
    clock: Option<i64>,
    /// The append time of the first record that is there.
    first: Option<i64>,
}

impl Log {
    /// Reads all of it.
    pub(super) async fn read(
        stream: &dyn Stream,
        positions: &Positions,
        horizon: Horizon,
        messages: &mut Messages,
    ) -> Result<Self, ReconcileError> {
        let bounds = stream.bounds(Topic::Transactions).await?;
        let partition = |bounds: Bounds| {
            let position = positions.of(bounds.partition).cloned();
            // Which append times hold is known of what the position has behind it.
            let committed = position.as_ref().map_or(bounds.committed, |position| bounds.committed.min(position.next));
            (bounds.partition, Partition { committed, position, ..Partition::default() })
        };
        let mut log = Self {
            beyond: 0,
            redelivered: 0,
            unreadable: BTreeMap::new(),
            unreadable_waiting: BTreeMap::new(),
            horizon,
            complete: None,
            scanned: Vec::new(),
            partitions: bounds.into_iter().map(partition).collect(),
            strange: None,
        };
        log.read_on(stream, messages).await?;
        log.complete = log.complete();
        Ok(log)
    }

    /// Reads what came since.
    pub(super) async fn read_on(&mut self, stream: &dyn Stream, messages: &mut Messages) -> Result<(), ReconcileError> {
        let earlier = std::mem::take(&mut self.scanned);
        self.scanned = scan(stream, Topic::Transactions, &earlier, |record| self.take(messages, &record)).await?;
        self.strange.take().map_or(Ok(()), |strange| Err(strange.into()))
    }

    /// Whether the log still holds all that there was of the day.
    pub(super) fn is_complete(&self, day: Day) -> bool {
        self.complete.is_none_or(|(first, last)| (first..=last).contains(&day))
    }

    /// Records that came behind those that were read, by the bounds of the log now.
    pub(super) fn appended_since(&self, now: &[Bounds]) -> u64 {
        let end = |partition| self.scanned.iter().find(|s| s.bounds.partition == partition).map_or(0, |s| s.end);
        now.iter().map(|bounds| bounds.high.saturating_sub(end(bounds.partition))).sum()
    }

    /// Of a pruned log, what lies behind the first day that is there whole, and not so far ahead that it may have come
    /// before.
    fn complete(&self) -> Option<(Day, Day)> {
        let future = i32::from(self.horizon.future);
        let pruned = self.scanned.iter().filter(|scanned| scanned.bounds.low > 0);
        let first = pruned
            .map(|scanned| {
                let first = self.partitions.get(&scanned.bounds.partition).and_then(|partition| partition.first);
                Day::of_unix_millis(first.unwrap_or_else(clock::now_millis)).plus(future + 1)
            })
            .max()?;
        let last = self.partitions.values().filter_map(|partition| partition.clock).max();
        Some((first, Day::of_unix_millis(last.unwrap_or_else(clock::now_millis)).plus(future)))
    }

    fn take(&mut self, messages: &mut Messages, record: &Record) {
        let partition = self.partitions.entry(record.partition).or_default();
        let log_day = partition.advance(record);
        let waits = record.offset >= partition.committed;
        self.beyond += u64::from(waits);
        let number = header(record, record::NUMBER);
        let taken = match Entry::read(number, header(record, record::POLICY), record.value()) {
            Ok(entry) => messages.see(&Sight {
                number: entry.number,
                partner: &entry.partner,
                currency: entry.currency,
                amount: entry.amount,
                day: entry.day,
                filed: if self.horizon.holds(entry.day, log_day) { entry.day } else { log_day },
                waits,
            }),
            Err(_) => {
                let seen = read_number(number).map_or(Ok(Delivery::First), |number| messages.see_unreadable(number));
                if seen == Ok(Delivery::First) {
                    *self.unreadable.entry(log_day).or_default() += 1;
                    *self.unreadable_waiting.entry(log_day).or_default() += u64::from(waits);
                }
                seen
            }
        };
        match taken {
            Ok(Delivery::Again) => self.redelivered += 1,
            Ok(Delivery::First) => {}
            Err(strange) => self.strange = self.strange.or(Some(strange)),
        }
    }
}

impl Partition {
    /// The log's day at this record.
    fn advance(&mut self, record: &Record) -> Day {
        let holds = |position: &Position| position.append_time(record.offset, record.appended);
        let appended = self.position.as_ref().map_or(record.appended, holds);
        let mut clock = self.clock.map_or(appended, |clock| clock.max(appended));
        if self.first.is_none() {
            self.first = Some(appended);
            // What was removed before it may have taken the clock further.
            let days = self.position.iter().flat_map(|position| &position.days);
            let begun = days.filter(|(_, first)| *first <= record.offset).map(|(day, _)| day.start_unix_millis());
            clock = begun.fold(clock, i64::max);
        }
        self.clock = Some(clock);
        Day::of_unix_millis(clock)
    }
}

fn read_number(header: Option<&[u8]>) -> Option<RecordNumber> {
    std::str::from_utf8(header?).ok()?.parse().ok()
}

/// What the log has of these messages, each record once. It reads the whole log for it.
pub(super) async fn parts(
    stream: &dyn Stream,
    messages: &BTreeSet<MessageNumber>,
) -> Result<BTreeMap<(MessageNumber, Group), Figures>, StreamError> {
    let mut parts: BTreeMap<(MessageNumber, Group), Figures> = BTreeMap::new();
    let mut seen = BTreeSet::new();
    scan(stream, Topic::Transactions, &[], |record| {
        let number = header(&record, record::NUMBER);
        if read_number(number).is_none_or(|number| !messages.contains(&number.message)) {
            return;
        }
        let Ok(entry) = Entry::read(number, header(&record, record::POLICY), record.value()) else { return };
        if seen.insert(entry.number) {
            let group = Group { day: entry.day, partner: entry.partner.into_owned(), currency: entry.currency };
            let part = parts.entry((entry.number.message, group)).or_default();
            part.add(1, Sum::default().plus(entry.amount));
        }
    })
    .await?;
    Ok(parts)
}
