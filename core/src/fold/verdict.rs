//! What became of a record, and why it is a dead letter.

use super::horizon::Horizon;
use crate::day::Day;
use crate::record::Unreadable;

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

impl Reason {
    pub(super) fn outside(day: Day, log_day: Day, horizon: Horizon) -> Self {
        Self::OutsideHorizon { day, log_day, past: horizon.past, future: horizon.future }
    }
}
