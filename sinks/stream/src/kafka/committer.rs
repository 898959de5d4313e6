//! The committing half of a subscription.

use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;

use super::client::blocking;
use super::ownership::{Ownership, Permit};
use super::writer::TransactionalWriter;
use crate::metrics::StreamMetrics;
use crate::port::{Committer, Flush, StreamError};
use crate::timeouts::CALL;

/// Commits what the ownership allows, under the group's generation.
pub(super) struct KafkaCommitter {
    pub(super) writer: Arc<TransactionalWriter>,
    pub(super) ownership: Arc<Ownership>,
    pub(super) metrics: StreamMetrics,
}

#[async_trait]
impl Committer for KafkaCommitter {
    async fn commit(&self, flush: Flush) -> Result<(), StreamError> {
        let begun = Instant::now();
        let records = flush.sums.len() + flush.dead_letters.len();
        let outcome = match self.ownership.begin(&flush) {
            Ok(permit) => {
                let writer = Arc::clone(&self.writer);
                blocking(move || commit(&writer, &flush, permit)).await
            }
            Err(error) => Err(error),
        };
        self.metrics.commit.observe(begun, records, if outcome.is_ok() { 0 } else { records.max(1) });
        outcome
    }
}

/// Blocks, a bounded time. Others may come or go meanwhile: then nothing of it is visible, and it is written once more under the
/// generation that the group has since, if all of it stayed ours.
fn commit(writer: &TransactionalWriter, flush: &Flush, mut permit: Permit) -> Result<(), StreamError> {
    let until = Instant::now() + CALL;
    loop {
        match writer.commit(flush, &permit) {
            Err(StreamError::Fenced(reason)) => {
                if !permit.renew(until.saturating_duration_since(Instant::now())) || Instant::now() > until {
                    return Err(StreamError::Fenced(reason));
                }
                tracing::debug!(reason, "the group has another generation, and what is committed stayed ours");
            }
            outcome => return outcome,
        }
    }
}
