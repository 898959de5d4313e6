//! The flush that is out: it ends by itself, or is called back before it commits.

use std::sync::Arc;

use tokio::task::{JoinError, JoinSet};

use crate::flush::{FlushError, Flushed, Flusher, Stage};
use crate::partition::PartitionFlush;

/// A flush on its way. Dropped, it goes no further; a commit that it began takes place or not.
pub(super) struct FlushInFlight {
    partitions: Vec<u32>,
    records: u64,
    stage: Arc<Stage>,
    /// One alone.
    task: JoinSet<Result<Flushed, FlushError>>,
}

impl FlushInFlight {
    pub(super) fn begin(flusher: &Arc<Flusher>, parts: Vec<PartitionFlush>) -> Self {
        let partitions = parts.iter().map(|part| part.partition).collect();
        let records = parts.iter().map(|part| part.records).sum();
        let stage = Arc::new(Stage::writing());
        let mut task = JoinSet::new();
        task.spawn(Arc::clone(flusher).flush(parts, Arc::clone(&stage)));
        Self { partitions, records, stage, task }
    }

    pub(super) fn partitions(&self) -> &[u32] {
        &self.partitions
    }

    /// How many records it makes visible.
    pub(super) fn records(&self) -> u64 {
        self.records
    }

    pub(super) fn has_any(&self, partitions: &[u32]) -> bool {
        self.partitions.iter().any(|number| partitions.contains(number))
    }

    /// Waits for its end. Cancel-safe.
    pub(super) async fn end(&mut self) -> Result<Result<Flushed, FlushError>, JoinError> {
        match self.task.join_next().await {
            Some(ended) => ended,
            None => Ok(Err(FlushError::CalledBack)),
        }
    }

    /// Ends it before it commits; `false` when it is too late for that, and it has to be waited for.
    pub(super) async fn call_back(&mut self) -> bool {
        let is_called_back = self.stage.call_back();
        if is_called_back {
            self.task.shutdown().await;
        }
        is_called_back
    }
}
