//! One flush, in the order of rule 11: rows to the store; rows, positions and dead letters to the stream; identities here.

pub(crate) mod records;

use std::sync::Arc;

use backon::Retryable;
use tallygate_core::Row;
use tallygate_stream::{Committer, Flush, NewRecord, StreamError};
use tallygate_sums::{Sums, SumsError};
use tokio::time::Instant;

use crate::backoff;
use crate::local_state::{LocalState, Save};
use crate::metrics::AggregatorMetrics;
use crate::partition::PartitionFlush;

/// What a flush needs.
pub(crate) struct Flusher {
    pub(crate) sums: Arc<dyn Sums>,
    pub(crate) committer: Arc<dyn Committer>,
    pub(crate) state: Arc<LocalState>,
    pub(crate) metrics: AggregatorMetrics,
}

/// A flush whose rows are in the store; what is left of it is to be committed.
#[derive(Debug)]
pub(crate) struct Written {
    begun: Instant,
    /// Whether the store failed meanwhile: it may have lost something.
    pub(crate) store_was_away: bool,
    parts: Vec<WrittenPart>,
}

/// What one partition commits.
#[derive(Debug)]
struct WrittenPart {
    partition: u32,
    next: u64,
    rows: usize,
    sums: Vec<NewRecord>,
    dead_letters: Vec<NewRecord>,
}

/// How a commit ended.
#[derive(Debug)]
pub(crate) struct Committed {
    /// What was to be saved, where it failed.
    pub(crate) unsaved: Vec<Save>,
    /// What the stream says.
    pub(crate) outcome: Result<(), StreamError>,
}

impl Written {
    /// Leaves out what is of partitions that are not wanted any more.
    pub(crate) fn keep(&mut self, is_wanted: impl Fn(u32) -> bool) {
        self.parts.retain(|part| is_wanted(part.partition));
    }
}

impl Flusher {
    /// Writes the rows, as often as it takes.
    ///
    /// # Errors
    /// Why the store will never take them.
    pub(crate) async fn write(self: Arc<Self>, mut parts: Vec<PartitionFlush>) -> Result<Written, SumsError> {
        let begun = Instant::now();
        let all = parts.iter().map(|part| part.rows.len()).sum();
        let (mut rows, mut ends) = (Vec::with_capacity(all), Vec::new());
        for part in &mut parts {
            rows.append(&mut part.rows);
            ends.push(rows.len());
        }
        let store_was_away = self.upsert(&rows).await?;
        let (mut written, mut from) = (Vec::new(), 0);
        for (part, end) in parts.into_iter().zip(ends) {
            let PartitionFlush { partition, dead_letters, position, .. } = part;
            let sums = records::of_partition(partition, &rows[from..end], &position);
            written.push(WrittenPart { partition, next: position.next, rows: end - from, sums, dead_letters });
            from = end;
        }
        Ok(Written { begun, store_was_away, parts: written })
    }

    /// Commits these in one transaction, in their order, and saves what goes with them.
    pub(crate) async fn commit(self: Arc<Self>, written: Vec<Written>, saves: Vec<Save>) -> Committed {
        let (mut flush, mut rows) = (Flush::default(), 0);
        let begun: Vec<Instant> = written.iter().map(|written| written.begun).collect();
        for part in written.into_iter().flat_map(|written| written.parts) {
            flush.sums.extend(part.sums);
            flush.dead_letters.extend(part.dead_letters);
            // Of several of a partition the last one holds.
            flush.offsets.retain(|(partition, _)| *partition != part.partition);
            flush.offsets.push((part.partition, part.next));
            rows += part.rows as u64;
        }
        if !flush.offsets.is_empty() {
            if let Err(error) = self.transact(flush).await {
                return Committed { unsaved: saves, outcome: Err(error) };
            }
            self.state.save(saves).await;
        }
        self.metrics.rows.inc_by(rows);
        begun.iter().for_each(|begun| self.metrics.flush.observe(begun.elapsed().as_secs_f64()));
        Committed { unsaved: Vec::new(), outcome: Ok(()) }
    }

    /// Holds on to the rows while the store is away; tells whether it was.
    async fn upsert(&self, rows: &[Row]) -> Result<bool, SumsError> {
        if rows.is_empty() {
            return Ok(false);
        }
        let (begun, mut failing) = (Instant::now(), None);
        let written = (|| self.sums.upsert(rows))
            .retry(backoff::delays())
            .when(SumsError::is_retryable)
            .notify(|error, _| {
                self.metrics.failed("store");
                failing.get_or_insert_with(|| {
                    tracing::warn!(%error, rows = rows.len(), "rows cannot be written; they are held and tried again");
                    self.metrics.store_away.takes_no_rows()
                });
            })
            .await;
        match written {
            Ok(()) => self.metrics.store.observe(begun.elapsed().as_secs_f64()),
            Err(_) => self.metrics.failed("store"),
        }
        written.map(|()| failing.is_some())
    }

    async fn transact(&self, flush: Flush) -> Result<(), StreamError> {
        let begun = Instant::now();
        let outcome = self.committer.commit(flush).await;
        match &outcome {
            Ok(()) => self.metrics.commit.observe(begun.elapsed().as_secs_f64()),
            Err(_) => self.metrics.failed("stream"),
        }
        outcome
    }
}
