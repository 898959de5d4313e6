//! Every time of the embedded database, in one place.

use std::time::Duration;

/// How long a connection waits for a lock of another process.
pub const LOCK_WAIT: Duration = Duration::from_secs(5);
/// How long the committing thread waits after a commit of several writes: what comes meanwhile shares the next one.
pub const GATHER: Duration = Duration::from_micros(200);
/// How long a blocking writer sleeps before it looks again whether there is room.
pub(crate) const FULL_PAUSE: Duration = Duration::from_millis(1);
