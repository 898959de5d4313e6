//! One partition that is ours: its fold, and what waits to be flushed.

use std::collections::HashMap;

use bytes::Bytes;
use tallygate_core::fold::{Fold, NotOpen, Verdict};
use tallygate_core::record::{self, Entry};
use tallygate_core::{Day, Row};
use tallygate_stream::{Committed, NewRecord, Record};
use tokio::time::Instant;

use crate::limits::{DEAD_LETTER_FIELD_BYTES, DEAD_LETTER_VALUE_BYTES};
use crate::local_state::Save;
use crate::metrics::AggregatorMetrics;
use crate::note::{Fingerprint, Note, Point};
use crate::planner::Takeover;
use crate::tail::{Stretch, Tail};

/// What a test build may switch off, to prove that tests would notice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(not(feature = "faults"), allow(unreachable_pub))]
pub struct Faults {
    /// Every record counts, whatever is known.
    pub without_deduplication: bool,
}

/// A partition that we own.
#[derive(Debug)]
pub(crate) struct Partition {
    number: u32,
    /// Days behind the log day that still count.
    past: u16,
    fold: Fold,
    faults: Faults,
    committed: Option<Committed>,
    /// The offset of the next record.
    next: u64,
    /// Records before it are known from the local state.
    restored: u64,
    /// Records before it are learnt, from it on folded.
    fold_from: u64,
    check: Option<(u64, Fingerprint)>,
    /// Append times that the records at these offsets must have, as rows in the store say.
    expected: HashMap<u64, i64>,
    last: Option<Record>,
    /// Up to where identities were packed; none before the first record of a log that is learnt.
    packed: Option<u64>,
    unpacked: u64,
    pending: u64,
    dead_letters: Vec<NewRecord>,
    dead_letter_bytes: usize,
    tail: Tail,
    log_day: Day,
    /// Behind the last record that touched a day outside the horizon, or made days fall out of it.
    old_days_touched: u64,
}

/// Why a record was not taken.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Halt {
    /// The rows of this day must be opened first; then give the record again.
    Open(Day),
    /// The log does not continue what was folded (rule 8).
    Stop(String),
    /// A record that must be there was not delivered: look again where the log begins.
    Missing(u64),
}

/// What one flush takes of a partition, all at the same instant.
#[derive(Debug)]
pub(crate) struct Share {
    pub(crate) partition: u32,
    pub(crate) rows: Vec<Row>,
    pub(crate) dead_letters: Vec<NewRecord>,
    pub(crate) position: Committed,
    pub(crate) save: Option<Save>,
    pub(crate) stretch: Stretch,
    pub(crate) records: u64,
}

/// The headers that our own records have; a dead letter keeps these of the original.
const HEADERS: [&str; 10] = [
    record::NUMBER,
    record::POLICY,
    record::GENERATION,
    "ce_specversion",
    "ce_id",
    "ce_source",
    "ce_type",
    "ce_time",
    "content-type",
    "traceparent",
];

impl Partition {
    /// `fold` holds the identities that were restored.
    pub(crate) fn new(number: u32, past: u16, fold: Fold, plan: Takeover, faults: Faults) -> Self {
        Self {
            number,
            past,
            fold,
            faults,
            next: 0,
            restored: plan.restored.unwrap_or(0),
            fold_from: plan.tail.offset,
            check: plan.check,
            committed: plan.committed,
            expected: HashMap::new(),
            last: None,
            packed: plan.restored,
            unpacked: 0,
            pending: 0,
            dead_letters: Vec::new(),
            dead_letter_bytes: 0,
            tail: Tail::new(plan.tail),
            log_day: Day::from_epoch_days(i32::MIN),
            old_days_touched: 0,
        }
    }

    pub(crate) fn fold(&self) -> &Fold {
        &self.fold
    }

    /// The offset of the next record to be taken.
    pub(crate) fn next(&self) -> u64 {
        self.next
    }

    /// Records taken and not flushed.
    pub(crate) fn pending(&self) -> u64 {
        self.pending
    }

    pub(crate) fn dead_letter_bytes(&self) -> usize {
        self.dead_letter_bytes
    }

    /// Records learnt whose identities were not packed yet.
    pub(crate) fn unpacked(&self) -> u64 {
        self.unpacked
    }

    /// Takes the next record.
    pub(crate) fn take(&mut self, record: &Record, metrics: &AggregatorMetrics) -> Result<(), Halt> {
        let offset = record.offset;
        if offset < self.next {
            return Ok(());
        }
        self.verify(record)?;
        if offset >= self.restored {
            self.packed.get_or_insert(offset);
            self.judge(record, metrics)?;
            self.unpacked += 1;
        }
        self.next = offset + 1;
        Ok(())
    }

    /// Holds the rows of a day. Those that took records which are still to come say when these were appended: a log that
    /// was made anew is found out by it.
    pub(crate) fn open(&mut self, day: Day, rows: Vec<Row>) {
        let from = self.next.max(self.fold_from);
        let ahead = rows.iter().filter(|row| row.offset >= from);
        self.expected.extend(ahead.map(|row| (row.offset, row.updated_at)));
        self.fold.open(day, rows);
    }

    /// The rows of the last minutes will be written again.
    pub(crate) fn rewrite_tail(&mut self) {
        let since = self.tail.lost();
        self.fold.rewrite_since(since);
    }

    /// Whether there is anything to flush.
    pub(crate) fn is_dirty(&self) -> bool {
        self.fold.dirty() > 0 || self.is_ahead()
    }

    /// What changed since the last call; none when nothing did. The store was last known to be there at that time.
    pub(crate) fn share(&mut self, store_answered: Option<Instant>) -> Option<Share> {
        if !self.is_dirty() {
            return None;
        }
        let end = Point { offset: self.next, clock: self.fold.clock() };
        let tail = self.tail.anchor(store_answered);
        let position = match &self.last {
            Some(last) if self.is_ahead() => {
                Committed { offset: self.next, note: Note { fingerprint: Fingerprint::of(last), tail }.write() }
            }
            // Rows of records that were committed already: the position stays.
            _ => self.committed.clone()?,
        };
        self.last = None;
        self.dead_letter_bytes = 0;
        Some(Share {
            partition: self.number,
            rows: self.fold.take_rows(),
            dead_letters: std::mem::take(&mut self.dead_letters),
            position,
            save: self.pack(),
            stretch: self.tail.take(end),
            records: std::mem::take(&mut self.pending),
        })
    }

    /// The identities seen since they were packed last.
    pub(crate) fn pack(&mut self) -> Option<Save> {
        let from = self.packed.filter(|from| *from < self.next)?;
        self.packed = Some(self.next);
        self.unpacked = 0;
        Some(Save {
            partition: self.number,
            stretch: from..self.next,
            expiry: self.fold.blob_expiry(),
            blob: self.fold.take_identities(),
            log_day: self.fold.log_day(),
            joinable: self.tail.begins(),
        })
    }

    /// A flush of ours is done.
    pub(crate) fn flushed(&mut self, position: Committed, stretch: Stretch, now: Instant) {
        self.committed = Some(position);
        self.tail.flushed(stretch, now);
    }

    /// Drops rows that the horizon has left behind. Only while no flush is out, and only what the store cannot lose any more:
    /// a late dead letter loads its day again, and must find there what was written.
    pub(crate) fn close_old_days(&mut self) {
        if self.old_days_touched <= self.tail.begins() {
            self.fold.close_old_days();
        }
    }

    pub(crate) fn committed_offset(&self) -> u64 {
        self.committed.as_ref().map_or(0, |committed| committed.offset)
    }

    fn is_ahead(&self) -> bool {
        self.next > self.committed_offset()
    }

    fn verify(&mut self, record: &Record) -> Result<(), Halt> {
        let offset = record.offset;
        if let Some((wanted, fingerprint)) = self.check {
            if offset == wanted && Fingerprint::of(record) != fingerprint {
                return Err(Halt::Stop(format!(
                    "the record at offset {offset} is not the one that was folded: the topic was made anew, or is another; \
                     give the new one a name of its own"
                )));
            }
            if offset > wanted {
                return Err(Halt::Missing(wanted));
            }
            if offset == wanted {
                self.check = None;
            }
        }
        if offset >= self.fold_from
            && let Some(appended) = self.expected.get(&offset)
            && *appended != record.appended
        {
            return Err(Halt::Stop(format!(
                "the store of sums has a row of another record at offset {offset}: the topic was made anew, or is \
                 another; give the new one a name of its own"
            )));
        }
        Ok(())
    }

    fn judge(&mut self, record: &Record, metrics: &AggregatorMetrics) -> Result<(), Halt> {
        let (offset, appended) = (record.offset, record.appended);
        let entry = self.read(record);
        if offset < self.fold_from {
            self.fold.learn(appended, &entry);
            metrics.learnt.inc();
            return Ok(());
        }
        let verdict = self.fold.apply(offset, appended, &entry).map_err(|NotOpen(day)| Halt::Open(day))?;
        self.note_day(offset, entry.as_ref().ok().map(|entry| entry.day));
        self.expected.remove(&offset);
        self.tail.fold(appended);
        self.pending += 1;
        if offset < self.committed_offset() {
            return Ok(());
        }
        self.last = Some(record.clone());
        metrics.verdicts.count(&verdict);
        if let Verdict::Dead(reason) = verdict {
            let letter = dead_letter(record, &reason.to_string());
            self.dead_letter_bytes += letter.value.len() + letter.key.len();
            self.dead_letters.push(letter);
        }
        Ok(())
    }

    fn note_day(&mut self, offset: u64, day: Option<Day>) {
        let log_day = self.fold.log_day();
        let first = log_day.plus(-i32::from(self.past));
        if log_day != self.log_day || day.is_some_and(|day| day < first) {
            self.log_day = log_day;
            self.old_days_touched = offset + 1;
        }
    }

    fn read<'r>(&self, record: &'r Record) -> Result<Entry<'r>, record::Unreadable> {
        let mut headers = record.headers();
        // They stand first in every record of ours.
        let number = headers.next().filter(|(name, _)| *name == record::NUMBER).map(|(_, value)| value);
        let policy = headers.next().filter(|(name, _)| *name == record::POLICY).map(|(_, value)| value);
        let number = number.or_else(|| record.header(record::NUMBER));
        let policy = policy.or_else(|| record.header(record::POLICY));
        let mut entry = Entry::read(number, policy, record.value())?;
        if self.faults.without_deduplication {
            let place = (u128::from(self.number) << 64) | u128::from(record.offset);
            entry.identity = tallygate_core::Identity(place);
            entry.number.message.run = tallygate_core::Run(place);
        }
        Ok(entry)
    }
}

/// The original, with why it is dead and where it stood. What is too long for a record that has more headers is cut.
fn dead_letter(record: &Record, reason: &str) -> NewRecord {
    let copy = |bytes: &[u8], most: usize| Bytes::copy_from_slice(&bytes[..bytes.len().min(most)]);
    let kept = |(name, value): (&str, &[u8])| {
        let name = HEADERS.into_iter().find(|known| *known == name)?;
        Some((name, copy(value, DEAD_LETTER_FIELD_BYTES)))
    };
    let mut headers: Vec<(&'static str, Bytes)> = record.headers().filter_map(kept).take(HEADERS.len()).collect();
    let origin = format!("{}/{}", record.partition, record.offset);
    headers.push((record::REASON, copy(reason.as_bytes(), DEAD_LETTER_FIELD_BYTES)));
    headers.push((record::ORIGIN, origin.into()));
    NewRecord {
        partition: record.partition,
        key: copy(record.key(), DEAD_LETTER_FIELD_BYTES),
        headers,
        value: copy(record.value(), DEAD_LETTER_VALUE_BYTES),
    }
}
