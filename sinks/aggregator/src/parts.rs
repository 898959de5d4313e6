//! What every membership works with.

use std::sync::Arc;
use std::time::Duration;

use tallygate_core::Generation;
use tallygate_core::fold::Horizon;
use tallygate_stream::Stream;
use tallygate_sums::Sums;
use tokio::sync::watch;

use crate::clock::WallClock;
use crate::kept::Kept;
use crate::local_state::LocalState;
use crate::metrics::AggregatorMetrics;
use crate::teller::Statuses;

/// Outlives the memberships, one after the other.
pub(crate) struct Parts {
    pub(crate) horizon: Horizon,
    pub(crate) lag_days: u16,
    pub(crate) flush_every: Duration,
    pub(crate) flush_rows: usize,
    pub(crate) side_by_side: usize,
    pub(crate) compare_every: Duration,
    pub(crate) wall: WallClock,
    #[cfg(feature = "faults")]
    pub(crate) faults: crate::faults::Faults,
    pub(crate) generation: Generation,
    pub(crate) stream: Arc<dyn Stream>,
    pub(crate) sums: Arc<dyn Sums>,
    pub(crate) state: Arc<LocalState>,
    pub(crate) kept: Kept,
    /// How the partitions are that are ours.
    pub(crate) statuses: watch::Sender<Statuses>,
    pub(crate) metrics: AggregatorMetrics,
}

const DAY_MILLIS: i64 = 86_400_000;
/// Of the lag that the log has room for, the part from which on it is told.
const WARN_AT: f64 = 0.25;

impl Parts {
    /// What is told of a fold that lies so many milliseconds behind.
    pub(crate) fn lag_warning(&self, behind: i64) -> Option<String> {
        let (days, room) = (behind as f64 / DAY_MILLIS as f64, f64::from(self.lag_days));
        (days >= room * WARN_AT && behind > 0).then(|| {
            format!(
                "the fold lies {days:.1} days behind the log, which keeps what it needs for a lag of {room} days \
                 (stream.lag_days): beyond that it stands"
            )
        })
    }
}
