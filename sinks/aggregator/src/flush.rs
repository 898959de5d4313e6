//! One flush, in the order of rule 11: rows to the store; rows, dead letters and positions to the stream; identities here.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering::SeqCst};

use tallygate_core::Row;
use tallygate_stream::{Committed, Committer, Flush, NewRecord, StreamError};
use tallygate_sums::{Sums, SumsError};
use tokio::time::Instant;

use crate::backoff::Backoff;
use crate::local_state::{LocalState, Save};
use crate::metrics::AggregatorMetrics;
use crate::partition::Share;
use crate::tail::Stretch;

/// What a flush needs.
pub(crate) struct Flusher {
    pub(crate) sums: Arc<dyn Sums>,
    pub(crate) committer: Arc<dyn Committer>,
    pub(crate) state: Arc<LocalState>,
    pub(crate) metrics: AggregatorMetrics,
    pub(crate) stage: Stage,
}

/// How far the flush that is out has come. One that is writing can still be called back; one that commits has to be waited
/// for: begun under one assignment, it must not slip into the next.
#[derive(Debug, Default)]
pub(crate) struct Stage(AtomicU8);

const WRITING: u8 = 0;
const COMMITTING: u8 = 1;
const CALLED_BACK: u8 = 2;

/// A flush that is done.
#[derive(Debug)]
pub(crate) struct Flushed {
    pub(crate) partitions: Vec<(u32, Committed, Stretch)>,
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

impl Stage {
    /// A new flush begins.
    pub(crate) fn write(&self) {
        self.0.store(WRITING, SeqCst);
    }

    /// Whether the flush may commit.
    fn commit(&self) -> bool {
        self.0.compare_exchange(WRITING, COMMITTING, SeqCst, SeqCst).is_ok()
    }

    /// Whether the flush will not commit any more.
    pub(crate) fn call_back(&self) -> bool {
        self.0.compare_exchange(WRITING, CALLED_BACK, SeqCst, SeqCst).is_ok()
    }
}

impl Flusher {
    pub(crate) async fn flush(self: Arc<Self>, shares: Vec<Share>) -> Result<Flushed, FlushError> {
        let begun = Instant::now();
        let (mut rows, mut ends, mut saves, mut flushed) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let mut flush = Flush::default();
        for share in shares {
            ends.push((share.partition, rows.len() + share.rows.len()));
            rows.extend(share.rows);
            flush.dead_letters.extend(share.dead_letters);
            flush.offsets.push((share.partition, share.position.clone()));
            saves.extend(share.save);
            flushed.push((share.partition, share.position, share.stretch));
        }
        let store_was_away = self.write(&rows).await?;
        flush.rows = records(&rows, &ends);
        if !self.stage.commit() {
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
        let (begun, mut was_away, mut backoff) = (Instant::now(), false, Backoff::new());
        loop {
            match self.sums.upsert(rows).await {
                Ok(()) => {
                    self.metrics.store.observe(begun.elapsed().as_secs_f64());
                    return Ok(was_away);
                }
                Err(error) => {
                    self.metrics.failed("store");
                    if !error.is_retryable() {
                        return Err(error);
                    }
                    if !was_away {
                        tracing::warn!(%error, rows = rows.len(), "rows cannot be written; they are held and tried again");
                    }
                    was_away = true;
                    backoff.wait().await;
                }
            }
        }
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
