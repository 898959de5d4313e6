//! Every time of the embedded database, in one place.

use std::time::Duration;

/// How long a connection waits for a lock of another process.
pub const LOCK_WAIT: Duration = Duration::from_secs(5);
/// How long a call waits for its answer, from the wait for its turn on; a write that was handed over happens all the same.
pub const ANSWER: Duration = Duration::from_secs(30);
/// How long a committing thread waits after a commit of so many writes: what comes meanwhile shares the next one. None for
/// one alone, and the longer the more there are, as then many come meanwhile.
#[must_use]
pub fn gather(writes: usize) -> Duration {
    const EACH: Duration = Duration::from_micros(50);
    const LEAST: Duration = Duration::from_micros(200);
    const MOST: Duration = Duration::from_millis(1);
    match u32::try_from(writes) {
        Ok(0 | 1) => Duration::ZERO,
        Ok(writes) => EACH.saturating_mul(writes).clamp(LEAST, MOST),
        Err(_) => MOST,
    }
}
/// How long one that blocks sleeps before it looks again whether there is room, or the committing thread has ended.
pub(crate) const PAUSE: Duration = Duration::from_millis(1);
/// How long one attempt to cut the write-ahead log waits for those who read from it; commits wait meanwhile.
pub(crate) const CUT_TRY: Duration = Duration::from_millis(250);
