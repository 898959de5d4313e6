//! The gateway's clock.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The clock that requests are stamped by.
#[derive(Debug)]
pub(crate) enum Clock {
    /// The system's.
    System,
    /// One that stands still, Unix milliseconds.
    Standing(i64),
}

impl Clock {
    /// Milliseconds since 1970, UTC.
    pub(crate) fn unix_millis(&self) -> i64 {
        match self {
            Self::System => unix_millis(),
            Self::Standing(millis) => *millis,
        }
    }

    /// What a request's ids are made of: chance; on a clock that stands still the same every time, so that a trial can be
    /// compared with another.
    pub(crate) fn seed(&self) -> [u128; 2] {
        match self {
            Self::System => rand::random(),
            Self::Standing(_) => [1 << 64 | 1, 1],
        }
    }
}

/// Milliseconds since 1970, UTC, by the system's clock.
pub(crate) fn unix_millis() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
