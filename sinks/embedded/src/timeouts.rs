//! Every time of the embedded database, in one place.

use std::time::Duration;

/// How long a connection waits for a lock of another process.
pub const LOCK_WAIT: Duration = Duration::from_secs(5);
/// How long a call waits for its answer, from the wait for its turn on; a write that was handed over happens all the same.
pub const ANSWER: Duration = Duration::from_secs(30);
/// How long the committing thread waits after a commit of several writes: what comes meanwhile shares the next one.
pub const GATHER: Duration = Duration::from_micros(200);
/// How long one that blocks sleeps before it looks again whether there is room, or the committing thread has ended.
pub(crate) const PAUSE: Duration = Duration::from_millis(1);
/// How long one attempt to cut the write-ahead log waits for those who read from it; commits wait meanwhile.
pub(crate) const CUT_TRY: Duration = Duration::from_millis(250);
