//! What every membership works with.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tallygate_core::Generation;
use tallygate_core::fold::Horizon;
use tallygate_stream::Stream;
use tallygate_sums::Sums;
use tokio::sync::watch;

use crate::local_state::LocalState;
use crate::metrics::AggregatorMetrics;

/// Outlives the memberships, one after the other.
pub(crate) struct Parts {
    pub(crate) horizon: Horizon,
    pub(crate) flush_every: Duration,
    #[cfg(feature = "faults")]
    pub(crate) faults: crate::faults::Faults,
    pub(crate) generation: Generation,
    pub(crate) stream: Arc<dyn Stream>,
    pub(crate) sums: Arc<dyn Sums>,
    pub(crate) state: Arc<LocalState>,
    /// The partitions that stopped, each with the reason.
    pub(crate) stopped: watch::Sender<BTreeMap<u32, String>>,
    pub(crate) metrics: AggregatorMetrics,
}
