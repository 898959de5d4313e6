//! The committing half of a subscription to the embedded stream.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use async_trait::async_trait;
use tallygate_embedded::Write;
use tallygate_embedded::rusqlite::{self, Connection, Transaction};

use super::packed::pack;
use super::shared::{Shared, now};
use super::{batches, log, rows};
use crate::port::{Committer, Flush, NewRecord, StreamError, Topic};

/// Commits under the epoch in which the partitions were given.
pub(super) struct EmbeddedCommitter {
    shared: Arc<Shared>,
    /// 0 is none.
    epoch: AtomicU64,
}

impl EmbeddedCommitter {
    /// One that owns nothing.
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self { shared, epoch: AtomicU64::new(0) }
    }

    pub(super) fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::Acquire)
    }

    pub(super) fn own(&self, epoch: u64) {
        self.epoch.store(epoch, Ordering::Release);
    }

    pub(super) fn let_go(&self) {
        self.epoch.store(0, Ordering::Release);
    }
}

#[async_trait]
impl Committer for EmbeddedCommitter {
    async fn commit(&self, flush: Flush) -> Result<(), StreamError> {
        let begun = Instant::now();
        let records = flush.sums.len() + flush.dead_letters.len();
        let outcome = self.try_commit(flush).await;
        self.shared.metrics.commit.observe(begun, records, if outcome.is_ok() { 0 } else { records.max(1) });
        outcome
    }
}

impl EmbeddedCommitter {
    async fn try_commit(&self, flush: Flush) -> Result<(), StreamError> {
        let epoch = self.epoch();
        if epoch == 0 {
            return Err(StreamError::Fenced("no partition is ours".to_owned()));
        }
        if flush.offsets.is_empty() {
            return Err(StreamError::Refused("a commit must bring the positions that it comes from".to_owned()));
        }
        let written = flush.sums.iter().chain(&flush.dead_letters).map(|record| record.partition);
        if let Some((_, beyond)) = flush.offsets.iter().find(|(_, offset)| i64::try_from(*offset).is_err()) {
            return Err(StreamError::Refused(format!("offset {beyond}: must be below 2^63")));
        }
        self.shared.check_partitions(flush.offsets.iter().map(|(partition, _)| *partition).chain(written))?;
        let bytes = flush.sums.iter().chain(&flush.dead_letters).map(NewRecord::bytes).sum();
        let write = move |tx: &Transaction<'_>| -> rusqlite::Result<bool> {
            let current = log::setting(tx, log::EPOCH)?.and_then(|epoch| u64::try_from(epoch).ok());
            if current != Some(epoch) {
                return Ok(false);
            }
            write(tx, &flush).map(|()| true)
        };
        let is_ours = self.shared.write(Write::new(write).of_bytes(bytes).alone()).await?;
        if !is_ours {
            return Err(StreamError::Fenced("another subscription has the partitions".to_owned()));
        }
        Ok(())
    }
}

fn write(log: &Connection, flush: &Flush) -> rusqlite::Result<()> {
    let now = now();
    rows::append(log, &flush.sums, now)?;
    batches::append(log, Topic::DeadLetters, &pack(&flush.dead_letters), now)?;
    flush.offsets.iter().try_for_each(|(partition, offset)| log::set_committed(log, *partition, *offset))
}
