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
}

/// Milliseconds since 1970, UTC, by the system's clock.
pub(crate) fn unix_millis() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
