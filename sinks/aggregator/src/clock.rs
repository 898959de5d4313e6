//! The wall clock of this machine. It may stop a partition; it judges nothing (rule 6).

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

/// How far ahead of this machine's clock a record may be stamped: clocks differ, and a broker may be a time zone off.
pub(crate) const AHEAD_MILLIS: i64 = 86_400_000;

/// Tells the time, in Unix milliseconds.
#[derive(Clone)]
pub struct WallClock(Arc<dyn Fn() -> i64 + Send + Sync>);

impl WallClock {
    /// The machine's own.
    pub fn system() -> Self {
        Self::new(|| {
            let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
            i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
        })
    }

    /// One that tells what it is told to.
    pub fn new(tell: impl Fn() -> i64 + Send + Sync + 'static) -> Self {
        Self(Arc::new(tell))
    }

    pub(crate) fn now(&self) -> i64 {
        (self.0)()
    }

    /// Whether a record stamped so lies too far ahead to be judged.
    pub(crate) fn is_ahead(&self, appended: i64) -> bool {
        is_ahead(appended, self.now())
    }
}

/// The same, at this time.
pub(crate) fn is_ahead(appended: i64, now: i64) -> bool {
    appended > now.saturating_add(AHEAD_MILLIS)
}

impl fmt::Debug for WallClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WallClock")
    }
}
