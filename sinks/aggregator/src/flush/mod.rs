//! One flush, in the order of rule 11: rows to the store; rows, positions and dead letters to the stream; identities here.

pub(crate) mod records;
mod stage;

use std::sync::Arc;

use backon::Retryable;
use tallygate_core::Row;
use tallygate_stream::{Committer, Flush, StreamError};
use tallygate_sums::{Sums, SumsError};
use tokio::time::Instant;

use crate::backoff;
use crate::local_state::{LocalState, Save};
use crate::metrics::AggregatorMetrics;
use crate::partition::PartitionFlush;

pub(crate) use self::stage::Stage;

/// What a flush needs.
pub(crate) struct Flusher {
    pub(crate) sums: Arc<dyn Sums>,
    pub(crate) committer: Arc<dyn Committer>,
    pub(crate) state: Arc<LocalState>,
    pub(crate) metrics: AggregatorMetrics,
}

/// A flush that is done.
#[derive(Debug)]
pub(crate) struct Flushed {
    /// Whether the store failed meanwhile: it may have lost something.
    pub(crate) store_was_away: bool,
}

/// Why a flush failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FlushError {
    #[error("the flush was called back")]
    CalledBack,
    #[error(transparent)]
    Store(#[from] SumsError),
    #[error(transparent)]
    Stream(#[from] StreamError),
}

impl Flusher {
    pub(crate) async fn flush(
        self: Arc<Self>,
        mut parts: Vec<PartitionFlush>,
        stage: Arc<Stage>,
    ) -> Result<Flushed, FlushError> {
        let begun = Instant::now();
        let (mut rows, mut ends) = (Vec::new(), Vec::new());
        for part in &mut parts {
            rows.append(&mut part.rows);
            ends.push(rows.len());
        }
        let store_was_away = self.write(&rows).await?;
        let (mut flush, mut saves, mut from) = (Flush::default(), Vec::new(), 0);
        for (part, end) in parts.into_iter().zip(ends) {
            flush.sums.extend(records::of_partition(part.partition, &rows[from..end], &part.position));
            from = end;
            flush.dead_letters.extend(part.dead_letters);
            flush.offsets.push((part.partition, part.position.next));
            saves.extend(part.save);
        }
        if !stage.commit() {
            return Err(FlushError::CalledBack);
        }
        self.commit(flush).await?;
        self.save(saves).await;
        self.metrics.rows.inc_by(rows.len() as u64);
        self.metrics.flush.observe(begun.elapsed().as_secs_f64());
        Ok(Flushed { store_was_away })
    }

    /// Holds on to the rows while the store is away; tells whether it was.
    async fn write(&self, rows: &[Row]) -> Result<bool, SumsError> {
        if rows.is_empty() {
            return Ok(false);
        }
        let (begun, mut was_away) = (Instant::now(), false);
        let written = (|| self.sums.upsert(rows))
            .retry(backoff::delays())
            .when(SumsError::is_retryable)
            .notify(|error, _| {
                self.metrics.failed("store");
                if !was_away {
                    tracing::warn!(%error, rows = rows.len(), "rows cannot be written; they are held and tried again");
                }
                was_away = true;
            })
            .await;
        match written {
            Ok(()) => self.metrics.store.observe(begun.elapsed().as_secs_f64()),
            Err(_) => self.metrics.failed("store"),
        }
        written.map(|()| was_away)
    }

    async fn commit(&self, flush: Flush) -> Result<(), StreamError> {
        let begun = Instant::now();
        let outcome = self.committer.commit(flush).await;
        match &outcome {
            Ok(()) => self.metrics.commit.observe(begun.elapsed().as_secs_f64()),
            Err(_) => self.metrics.failed("stream"),
        }
        outcome
    }

    async fn save(&self, saves: Vec<Save>) {
        if !saves.is_empty() {
            self.state.save(saves).await;
        }
    }
}
