//! Growing pauses before the stream is followed or the store is read again.

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};

use crate::limits::{RETRY_FIRST, RETRY_MOST};

/// For ever, each pause twice the one before.
pub(super) fn pauses() -> ExponentialBackoff {
    ExponentialBuilder::new().with_min_delay(RETRY_FIRST).with_max_delay(RETRY_MOST).without_max_times().build()
}
