//! One flush, in the order of rule 11: rows to the store; rows, dead letters and positions to the stream; identities here.

mod stage;

use std::sync::Arc;

use backon::Retryable;
use tallygate_core::Row;
use tallygate_stream::{Committed, Committer, Flush, NewRecord, StreamError};
use tallygate_sums::{Sums, SumsError};
use tokio::time::Instant;

use crate::backoff;
use crate::local_state::{LocalState, Save};
use crate::metrics::AggregatorMetrics;
use crate::partition::PartitionFlush;
use crate::tail::FlushSpan;

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
    pub(crate) partitions: Vec<(u32, Committed, FlushSpan)>,
    /// Whether the store failed meanwhile: it may have lost its tail.
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
        parts: Vec<PartitionFlush>,
        stage: Arc<Stage>,
    ) -> Result<Flushed, FlushError> {
        let begun = Instant::now();
        let (mut rows, mut ends, mut saves, mut flushed) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let mut flush = Flush::default();
        for part in parts {
            ends.push((part.partition, rows.len() + part.rows.len()));
            rows.extend(part.rows);
            flush.dead_letters.extend(part.dead_letters);
            flush.offsets.push((part.partition, part.position.clone()));
            saves.extend(part.save);
            flushed.push((part.partition, part.position, part.span));
        }
        let store_was_away = self.write(&rows).await?;
        flush.rows = records(&rows, &ends);
        if !stage.commit() {
            return Err(FlushError::CalledBack);
        }
        self.commit(flush).await?;
        self.save(saves).await;
        self.metrics.rows.inc_by(rows.len() as u64);
        self.metrics.flush.observe(begun.elapsed().as_secs_f64());
        Ok(Flushed { partitions: flushed, store_was_away })
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

/// The rows for the compacted topic: partition p of it for partition p of the log. `ends` tells where each one's end.
fn records(rows: &[Row], ends: &[(u32, usize)]) -> Vec<NewRecord> {
    let mut records = Vec::with_capacity(rows.len());
    for (partition, end) in ends {
        let ours = &rows[records.len()..*end];
        records.extend(ours.iter().map(|row| NewRecord {
            partition: *partition,
            key: row.at.topic_key().into(),
            headers: Vec::new(),
            value: row.topic_value().into(),
        }));
    }
    records
}
