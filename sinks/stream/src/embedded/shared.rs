//! What the embedded stream, its subscriptions and its followers share.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime};

use tallygate_embedded::rusqlite::{self, Connection, Transaction};
use tallygate_embedded::{Database, DatabaseError, Write};
use tokio::sync::watch;

use super::changes::Changes;
use super::credible_time::CredibleTime;
use super::members::Members;
use super::packed::pack;
use super::{batches, log, prune};
use crate::metrics::StreamMetrics;
use crate::port::{FailedRecord, NewRecord, NotAppended, Start, StreamError, Topic};
use crate::timeouts::PRUNE_EVERY;

/// What the stream, its subscriptions and its followers share.
pub(super) struct Shared {
    pub(super) database: Database,
    pub(super) partitions: u32,
    pub(super) members: Arc<Members>,
    /// Counts the changes, for those who wait for one. None where another process makes them.
    changes: Option<watch::Sender<u64>>,
    /// Milliseconds that records are kept for; nothing is pruned before it is known.
    retention: AtomicI64,
    next_prune: Arc<AtomicI64>,
    credible: Arc<CredibleTime>,
    pub(super) metrics: StreamMetrics,
}

impl Shared {
    pub(super) fn new(
        database: Database,
        partitions: u32,
        changes: Option<watch::Sender<u64>>,
        metrics: StreamMetrics,
    ) -> Self {
        Self {
            database,
            partitions,
            members: Arc::default(),
            changes,
            retention: AtomicI64::new(i64::MAX),
            next_prune: Arc::default(),
            credible: Arc::default(),
            metrics,
        }
    }

    /// Records are kept for so long, in milliseconds.
    pub(super) fn set_retention(&self, millis: i64) {
        self.retention.store(millis, Ordering::Relaxed);
    }

    /// Appends what has a place here: all of it or nothing.
    pub(super) async fn append(&self, records: Vec<NewRecord>) -> Result<(), NotAppended> {
        let (mut right, mut places, mut failed) = (Vec::with_capacity(records.len()), Vec::new(), Vec::new());
        for (index, record) in records.into_iter().enumerate() {
            match self.check_partitions([record.partition].into_iter()) {
                Ok(()) => {
                    right.push(record);
                    places.push(index);
                }
                Err(error) => failed.push(FailedRecord { index, error }),
            }
        }
        if let Err(error) = self.append_all(right).await {
            failed.extend(places.into_iter().map(|index| FailedRecord { index, error: error.clone() }));
        }
        NotAppended::of(failed)
    }

    async fn append_all(&self, records: Vec<NewRecord>) -> Result<(), StreamError> {
        self.check_writable()?;
        let now = now();
        let is_due = self.is_prune_due(now);
        let (partitions, retention) = (self.partitions, self.retention.load(Ordering::Relaxed));
        let (credible, next_prune) = (Arc::clone(&self.credible), Arc::clone(&self.next_prune));
        let batches = pack(&records);
        let bytes = batches.iter().map(|packed| packed.bytes.capacity()).sum();
        let append = move |tx: &Transaction<'_>| {
            let last = if is_due { prune::last_append(tx, partitions)? } else { None };
            batches::append(tx, Topic::Transactions, &batches, now)?;
            if !is_due {
                return Ok(());
            }
            let before = credible.time(now, last).saturating_sub(retention);
            if prune_all(tx, partitions, (before, now), retention)? {
                next_prune.store(now, Ordering::Relaxed);
            }
            Ok(())
        };
        self.write(Write::new(append).of_bytes(bytes)).await
    }

    /// Writes, and tells of the change when it is there, also when the caller is not any more.
    pub(super) async fn write<T: Send + 'static>(&self, write: Write<T>) -> Result<T, StreamError> {
        let changes = self.changes.clone();
        let write = write.then(move |_| changed(changes.as_ref()));
        self.database.submit(write).await.map_err(explain)
    }

    /// Whether it is time to look for what is too old.
    fn is_prune_due(&self, now: i64) -> bool {
        let due = self.next_prune.load(Ordering::Relaxed);
        let next = now.saturating_add(millis(PRUNE_EVERY));
        let is_ours = || self.next_prune.compare_exchange(due, next, Ordering::Relaxed, Ordering::Relaxed).is_ok();
        now >= due && is_ours()
    }

    pub(super) async fn find(&self, topic: Topic, starts: Vec<(u32, Start)>) -> Result<Vec<(u32, u64)>, StreamError> {
        self.check_partitions(starts.iter().map(|(partition, _)| *partition))?;
        let find = move |log: &Connection| -> rusqlite::Result<Result<Vec<(u32, u64)>, StreamError>> {
            let log = log.unchecked_transaction()?;
            let find =
                |(partition, start)| Ok(log::find(&log, topic, partition, start)?.map(|offset| (partition, offset)));
            starts.into_iter().map(find).collect()
        };
        self.database.read(find).await.map_err(explain)?
    }

    pub(super) fn check_partitions(&self, mut used: impl Iterator<Item = u32>) -> Result<(), StreamError> {
        match used.find(|partition| *partition >= self.partitions) {
            Some(partition) => {
                Err(StreamError::Refused(format!("partition {partition}: must be below {}", self.partitions)))
            }
            None => Ok(()),
        }
    }

    pub(super) fn check_writable(&self) -> Result<(), StreamError> {
        let path = self.database.path().display();
        let refused = || StreamError::Refused(format!("{path}: was opened for reading only"));
        self.changes.as_ref().map(|_| ()).ok_or_else(refused)
    }

    pub(super) fn changed(&self) {
        changed(self.changes.as_ref());
    }

    pub(super) fn changes(&self) -> Changes {
        Changes::new(self.changes.as_ref().map(watch::Sender::subscribe))
    }
}

fn changed(changes: Option<&watch::Sender<u64>>) {
    if let Some(changes) = changes {
        changes.send_modify(|count| *count += 1);
    }
}

/// Whether there may be more to prune.
fn prune_all(log: &Connection, partitions: u32, (before, now): (i64, i64), retention: i64) -> rusqlite::Result<bool> {
    let mut more = false;
    for partition in 0..partitions {
        more |= prune::prune(log, Topic::Transactions, partition, before)?;
        more |= prune::prune(log, Topic::DeadLetters, partition, before)?;
        more |= prune::prune_sums(log, partition, (before, now), retention)?;
    }
    Ok(more)
}

pub(super) fn now() -> i64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, millis)
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

pub(super) fn explain(error: DatabaseError) -> StreamError {
    if error.is_retryable() || matches!(error, DatabaseError::Closed(_)) {
        StreamError::Away(error.to_string())
    } else {
        StreamError::Refused(error.to_string())
    }
}
