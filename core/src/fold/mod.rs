//! The fold of one log partition: which records count, and the rows they add up to.
//!
//! It is a function of the log's prefix alone. Its clock is the running maximum of the append times; it reads none.

mod identities;
mod pages;

use crate::day::Day;
use crate::money::{Amount, Currency};
use crate::record::{Entry, Unreadable};
use crate::row::{Aggregate, Row};

pub use identities::{BadBlob, Identities};
use identities::{Known, Sight, content_digest, number_tag};
use pages::{Addition, Pages};

/// The partner under which the figures of unreadable records stand. No partner can be named so.
pub const UNREADABLE: &str = "?";

/// How late and how far ahead a transaction may lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Horizon {
    /// Days behind the log day, and for how long an identity stays known.
    pub past: u16,
    /// Days ahead of the log day.
    pub future: u16,
}

/// What became of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It counts.
    Counted,
    /// The partner sent a known transaction again, under another number.
    Duplicate,
    /// The same number again: delivered twice behind the gateway. It counts nowhere.
    Redelivered,
    /// A dead letter.
    Dead(Reason),
}

/// Why a record is a dead letter.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// Its identity is known with another day, key, amount or currency.
    #[error("conflict: a transaction of this identity is known with another day, key, amount or currency")]
    Conflict,
    /// Its day lies outside the horizon.
    #[error(
        "outside the horizon: its day {day} is not within {past} days before and {future} days after {log_day}, the day of the log"
    )]
    OutsideHorizon {
        /// Its business day.
        day: Day,
        /// The log's day.
        log_day: Day,
        /// Days behind.
        past: u16,
        /// Days ahead.
        future: u16,
    },
    /// It does not read.
    #[error("unreadable: {0}")]
    Unreadable(Unreadable),
}

/// The rows of this day are not loaded; load them, [`Fold::open`] it, and give the record again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotOpen(pub Day);

/// The state of one log partition.
#[derive(Debug)]
pub struct Fold {
    horizon: Horizon,
    clock: Option<i64>,
    identities: Identities,
    pages: Pages,
}

impl Fold {
    /// A fold that knows no identity and holds no row, for this log partition number.
    pub fn new(partition: u32, horizon: Horizon) -> Self {
        Self { horizon, clock: None, identities: Identities::default(), pages: Pages::new(partition) }
    }

    /// Takes identities back from the blobs that [`take_identities`](Self::take_identities) made, oldest first.
    ///
    /// # Errors
    /// When a blob does not read; the fold must then be built from the log.
    pub fn restore(&mut self, blob: &[u8]) -> Result<(), BadBlob> {
        self.clock = self.clock.max(self.identities.restore(blob)?);
        Ok(())
    }

    /// The identities seen since the last call, packed, with the clock; to be kept beside the committed offset.
    pub fn take_identities(&mut self) -> Vec<u8> {
        self.identities.pack(self.clock)
    }

    /// The last log day on which what the next blob holds is still needed.
    pub fn blob_expiry(&self) -> Day {
        self.identities.unpacked_expiry()
    }

    /// The running maximum of the append times, Unix milliseconds; none before the first record.
    pub fn clock(&self) -> Option<i64> {
        self.clock
    }

    /// The day of the clock, in UTC.
    pub fn log_day(&self) -> Option<Day> {
        self.clock.map(Day::of_unix_millis)
    }

    /// How many identities are known.
    pub fn known(&self) -> usize {
        self.identities.len()
    }

    /// Whether the rows of this day are held.
    pub fn is_open(&self, day: Day) -> bool {
        self.pages.is_open(day)
    }

    /// Holds the rows of a day, all aggregates, as the store has them.
    pub fn open(&mut self, day: Day, rows: Vec<Row>) {
        self.pages.open(day, rows);
    }

    /// Learns a record's identity without counting it: for records before the point from which rows are folded.
    pub fn learn(&mut self, appended: i64, entry: &Result<Entry<'_>, Unreadable>) {
        let log_day = self.advance(appended);
        if let Ok(entry) = entry {
            self.judge(log_day, entry);
        }
    }

    /// Folds the record at this offset, appended at this Unix time in milliseconds.
    ///
    /// # Errors
    /// [`NotOpen`] when the rows it touches are not held; nothing has changed then but the clock.
    pub fn apply(
        &mut self,
        offset: u64,
        appended: i64,
        entry: &Result<Entry<'_>, Unreadable>,
    ) -> Result<Verdict, NotOpen> {
        let log_day = self.advance(appended);
        let day = entry.as_ref().map_or(log_day, |entry| entry.day);
        if !self.pages.is_open(day) {
            return Err(NotOpen(day));
        }
        let mut add = |aggregate, key: &str, amount, currency| {
            self.pages.add(Addition { aggregate, day, key, currency, amount, offset, appended });
        };
        let entry = match entry {
            Ok(entry) => entry,
            Err(unreadable) => {
                add(Aggregate::Dead, UNREADABLE, Amount::default(), Currency::NONE);
                return Ok(Verdict::Dead(Reason::Unreadable(unreadable.clone())));
            }
        };
        let verdict = judge(&mut self.identities, self.horizon, log_day, entry);
        let aggregate = match &verdict {
            Verdict::Counted => {
                add(Aggregate::Daily, &entry.key, entry.amount, entry.currency);
                Aggregate::Counted
            }
            Verdict::Duplicate => Aggregate::Duplicate,
            Verdict::Dead(_) => Aggregate::Dead,
            Verdict::Redelivered => return Ok(verdict),
        };
        add(aggregate, &entry.partner, entry.amount, entry.currency);
        Ok(verdict)
    }

    /// The rows touched since the last call.
    pub fn take_rows(&mut self) -> Vec<Row> {
        self.pages.take_dirty()
    }

    /// How many rows wait for [`take_rows`](Self::take_rows).
    pub fn dirty(&self) -> usize {
        self.pages.dirty()
    }

    /// Marks every row written at or after this append time to be written again: a store that was away may have
    /// lost its tail.
    pub fn rewrite_since(&mut self, appended: i64) {
        self.pages.rewrite_since(appended);
    }

    /// Drops the rows of days that the horizon has left behind; a late dead letter loads its day again.
    pub fn close_old_days(&mut self) {
        if let Some(log_day) = self.log_day() {
            self.pages.close_before(log_day.plus(-i32::from(self.horizon.past)));
        }
    }

    fn advance(&mut self, appended: i64) -> Day {
        let before = self.log_day();
        let clock = self.clock.map_or(appended, |clock| clock.max(appended));
        self.clock = Some(clock);
        let log_day = Day::of_unix_millis(clock);
        if before.is_some_and(|before| before != log_day) {
            self.identities.forget_before(log_day);
        }
        log_day
    }

    fn judge(&mut self, log_day: Day, entry: &Entry<'_>) -> Verdict {
        judge(&mut self.identities, self.horizon, log_day, entry)
    }
}

/// Rules 4 and 9: what a record is, given what is known; a sight is noted, a dead letter is none.
fn judge(identities: &mut Identities, horizon: Horizon, log_day: Day, entry: &Entry<'_>) -> Verdict {
    let tag = number_tag(entry.number);
    let past = i32::from(horizon.past);
    let sight =
        Sight { identity: entry.identity, number: tag, content: content_digest(entry), until: log_day.plus(past) };
    let numbers_until = log_day.plus(past + i32::from(horizon.future));
    match identities.look_up(&sight, log_day) {
        Known::Redelivered => {
            identities.see_again(&sight);
            Verdict::Redelivered
        }
        Known::RedeliveredUncounted => Verdict::Redelivered,
        Known::Duplicate => {
            identities.see_again(&sight);
            identities.note_number(tag, numbers_until);
            Verdict::Duplicate
        }
        Known::Conflict => {
            identities.note_number(tag, numbers_until);
            Verdict::Dead(Reason::Conflict)
        }
        Known::Never => {
            let Horizon { past: before, future: after } = horizon;
            if entry.day < log_day.plus(-past) || entry.day > log_day.plus(i32::from(after)) {
                identities.note_number(tag, numbers_until);
                return Verdict::Dead(Reason::OutsideHorizon { day: entry.day, log_day, past: before, future: after });
            }
            identities.see_first(&sight, entry.day.plus(past));
            Verdict::Counted
        }
    }
}

#[cfg(test)]
mod tests;
