//! The fold of one log partition: which records count, and the rows they add up to.
//!
//! It is a function of the log's prefix alone. Its clock is the running maximum of the append times; it reads none.

mod horizon;
mod identities;
mod log_days;
mod pages;
mod totals;
mod verdict;

use crate::day::Day;
use crate::money::{Amount, Currency};
use crate::record::{Entry, Unreadable};
use crate::row::{Aggregate, Row};

pub use horizon::Horizon;
pub use identities::{BadBlob, Identities};
use identities::{Known, Sight, number_tag};
use log_days::LogDays;
pub use pages::Overflow;
use pages::{Addition, Pages};
pub use totals::Imbalance;
pub use verdict::{Reason, Verdict};

/// The partner under which the figures of unreadable records stand. No partner can be named so.
pub const UNREADABLE: &str = "?";

/// The state of one log partition.
#[derive(Debug)]
pub struct Fold {
    horizon: Horizon,
    clock: Option<i64>,
    log_days: LogDays,
    identities: Identities,
    pages: Pages,
}

impl Fold {
    /// A fold that knows no identity and holds no row, for this log partition number.
    pub fn new(partition: u32, horizon: Horizon) -> Self {
        Self {
            horizon,
            clock: None,
            log_days: LogDays::default(),
            identities: Identities::new(horizon),
            pages: Pages::new(partition),
        }
    }

    /// Makes room for the identities of blobs of so many bytes together, at once: growing step by step costs as much again.
    pub fn reserve(&mut self, bytes: usize) {
        self.identities.reserve(bytes);
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
        // The log's day never goes back.
        self.log_day().unwrap_or(Day::from_epoch_days(0)).plus(self.horizon.window())
    }

    /// The running maximum of the append times, Unix milliseconds; none before the first record.
    pub fn clock(&self) -> Option<i64> {
        self.clock
    }

    /// The day of the clock, in UTC.
    pub fn log_day(&self) -> Option<Day> {
        self.clock.map(Day::of_unix_millis)
    }

    /// The last days of the log that a known record may be of, each with the offset of its first record.
    pub fn log_days(&self) -> &[(Day, u64)] {
        self.log_days.all()
    }

    /// How many identities are known.
    pub fn known(&self) -> usize {
        self.identities.len()
    }

    /// Holds a row as it stood at the position; of several of one place the newest.
    pub fn hold(&mut self, row: Row) {
        self.pages.hold(row);
    }

    /// How many rows there are of days that may still count.
    pub fn rows(&self) -> u64 {
        self.log_day().map_or(0, |log_day| self.pages.count_from(self.horizon.first(log_day)))
    }

    /// Where the rows held do not come to the same by key and by partner.
    pub fn imbalance(&self) -> Option<Imbalance> {
        self.pages.imbalance()
    }

    /// Learns from a record before the position, which was judged already.
    pub fn learn(&mut self, appended: i64, entry: &Result<Entry<'_>, Unreadable>) {
        let log_day = self.advance(appended);
        match entry {
            Ok(entry) => self.identities.see(Sight::of(entry, log_day)),
            Err(unreadable) => self.see_unreadable(unreadable, log_day),
        }
    }

    /// Goes on from a position: with its clock and its days of the log.
    pub fn go_on_from(&mut self, clock: Option<i64>, log_days: &[(Day, u64)]) {
        self.clock = clock;
        self.log_days = LogDays::new(log_days.to_vec());
    }

    /// Notes when the record at this offset was appended, and no more of it; the day of the log that it is then.
    pub fn pass(&mut self, offset: u64, appended: i64) -> Day {
        let log_day = self.advance(appended);
        self.log_days.see(log_day, offset, self.horizon.remembers_from(log_day));
        log_day
    }

    /// Folds the record at this offset, appended at this Unix time in milliseconds. What lies outside the horizon stands
    /// under the day of the log, so that no row of a day that is over ever changes.
    ///
    /// # Errors
    /// [`Overflow`] when a sum no longer fits; then nothing more can be folded.
    pub fn apply(
        &mut self,
        offset: u64,
        appended: i64,
        entry: &Result<Entry<'_>, Unreadable>,
    ) -> Result<Verdict, Overflow> {
        let log_day = self.pass(offset, appended);
        let mut add = |aggregate, day, key: &str, amount, currency| {
            self.pages.add(Addition { aggregate, day, key, currency, amount, offset, appended })
        };
        let entry = match entry {
            Ok(entry) => entry,
            Err(unreadable) => {
                let tag = unreadable.number.map(number_tag);
                if tag.is_some_and(|tag| self.identities.is_known_number(tag, log_day)) {
                    self.see_unreadable(unreadable, log_day);
                    return Ok(Verdict::Redelivered);
                }
                add(Aggregate::Dead, log_day, UNREADABLE, Amount::default(), Currency::NONE)?;
                self.see_unreadable(unreadable, log_day);
                return Ok(Verdict::Dead(Reason::Unreadable(unreadable.clone())));
            }
        };
        let sight = Sight::of(entry, log_day);
        let is_within = self.horizon.holds(entry.day, log_day);
        let day = if is_within { entry.day } else { log_day };
        let verdict = match self.identities.look_up(&sight) {
            Known::Redelivered => Verdict::Redelivered,
            Known::Duplicate => Verdict::Duplicate,
            Known::Conflict => Verdict::Dead(Reason::Conflict),
            Known::Never if is_within => Verdict::Counted,
            Known::Never => Verdict::Dead(Reason::outside(entry.day, log_day, self.horizon)),
        };
        let aggregate = match &verdict {
            Verdict::Counted => {
                add(Aggregate::Daily, day, &entry.key, entry.amount, entry.currency)?;
                Some(Aggregate::Counted)
            }
            Verdict::Duplicate => Some(Aggregate::Duplicate),
            Verdict::Dead(_) => Some(Aggregate::Dead),
            Verdict::Redelivered => None,
        };
        if let Some(aggregate) = aggregate {
            add(aggregate, day, &entry.partner, entry.amount, entry.currency)?;
        }
        self.identities.see(sight);
        Ok(verdict)
    }

    /// The rows touched since the last call.
    pub fn take_rows(&mut self) -> Vec<Row> {
        self.take_rows_up_to(usize::MAX)
    }

    /// So many at most of the rows touched and not taken.
    pub fn take_rows_up_to(&mut self, most: usize) -> Vec<Row> {
        self.pages.take_dirty(most)
    }

    /// Every row held waits for [`take_rows`](Self::take_rows) again: where they are kept, what is old goes.
    pub fn touch_rows(&mut self) {
        self.pages.touch();
    }

    /// How many rows wait for [`take_rows`](Self::take_rows).
    pub fn dirty(&self) -> usize {
        self.pages.dirty()
    }

    /// Drops the rows of days that the horizon has left behind: nothing touches them any more.
    pub fn close_old_days(&mut self) {
        if let Some(log_day) = self.log_day() {
            self.pages.close_before(self.horizon.first(log_day));
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

    fn see_unreadable(&mut self, unreadable: &Unreadable, log_day: Day) {
        if let Some(number) = unreadable.number {
            self.identities.see_number(number_tag(number), log_day);
        }
    }
}

#[cfg(test)]
mod tests;
