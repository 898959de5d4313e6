//! What all requests share.

use std::sync::Arc;

use tallygate_core::day::Zone;
use tallygate_reading::dead_letters::Newest;
use tallygate_reading::ledger::Reader;
use tallygate_serve::LineLimit;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use super::access::Access;
use super::problem::Problem;
use crate::live::LiveHandle;
use crate::metrics::Metrics;
use crate::policies::PolicyAdmin;
use crate::replays::Replayer;
use crate::status::StatusSource;

/// What all requests share.
pub(super) struct Shared {
    pub(super) access: Access,
    pub(super) zone: Zone,
    pub(super) reading: Option<Reading>,
    pub(super) policies: Option<Arc<dyn PolicyAdmin>>,
    pub(super) replays: Option<Arc<dyn Replayer>>,
    pub(super) status: Option<Arc<dyn StatusSource>>,
    /// The components being received.
    pub(super) pushes: Semaphore,
    /// The replays under way.
    pub(super) replaying: Semaphore,
    /// The browsers that follow.
    pub(super) browsers: Arc<Semaphore>,
    /// How often the log tells of strangers.
    pub(super) strangers: Arc<LineLimit>,
    pub(super) metrics: Metrics,
    pub(super) stop: CancellationToken,
}

/// Store and stream.
pub(super) struct Reading {
    pub(super) reader: Reader,
    pub(super) letters: Newest,
    pub(super) live: LiveHandle,
}

impl Shared {
    /// Store and stream, where this process has them.
    pub(super) fn reading(&self) -> Result<&Reading, Problem> {
        self.reading.as_ref().ok_or_else(|| Problem::absent("store and stream", "console"))
    }

    /// What administers the policies, where this process does.
    pub(super) fn policies(&self) -> Result<&Arc<dyn PolicyAdmin>, Problem> {
        self.policies.as_ref().ok_or_else(|| Problem::absent("policies", "gateway"))
    }

    /// What replays dead letters, where this process has a queue.
    pub(super) fn replays(&self) -> Result<&dyn Replayer, Problem> {
        self.replays.as_deref().ok_or_else(|| Problem::absent("queue", "gateway"))
    }

    /// What knows how the appliance does, where this process does.
    pub(super) fn status(&self) -> Result<&dyn StatusSource, Problem> {
        self.status.as_deref().ok_or_else(|| Problem::absent("status", "console"))
    }
}
