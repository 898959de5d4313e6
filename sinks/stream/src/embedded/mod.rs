//! The stream in one SQLite file, for one process; others may read along.

mod follow;
mod log;
mod subscription;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use async_trait::async_trait;
use tallygate_embedded::rusqlite::{self, Connection};
use tallygate_embedded::{Database, DatabaseError, Durability};
use tokio::sync::watch;

use self::follow::EmbeddedFollower;
use self::subscription::{EmbeddedSubscription, Members};
use crate::limits::{EMBEDDED_PARTITIONS, LOOK_ABROAD, PRUNE_EVERY};
use crate::metrics::StreamMetrics;
use crate::port::{Bounds, Follower, NewRecord, Planner, Start, Stream, StreamError, Subscription, Topic};

/// Where the embedded stream lies and how it is divided.
#[derive(Clone, Debug)]
pub struct EmbeddedOptions {
    /// The file, made when missing, with its directory.
    pub path: PathBuf,
    /// Partitions of each topic, 1 to 10,000; for life.
    pub partitions: u32,
}

impl EmbeddedOptions {
    /// Whether the number of partitions can work.
    ///
    /// # Errors
    /// What would be right.
    pub fn check(&self) -> Result<(), String> {
        if (1..=EMBEDDED_PARTITIONS).contains(&self.partitions) {
            return Ok(());
        }
        Err(format!("must be 1 to {EMBEDDED_PARTITIONS}"))
    }
}

/// A stream kept in a file. Clones share it.
#[derive(Clone)]
pub struct EmbeddedStream(Arc<Shared>);

/// What the stream, its subscriptions and its followers share.
struct Shared {
    database: Database,
    partitions: u32,
    members: Members,
    /// Counts the changes, for those who wait for one. None where another process makes them.
    changes: Option<watch::Sender<u64>>,
    /// Milliseconds that records are kept for; nothing is pruned before it is known.
    retention: AtomicI64,
    next_prune: AtomicI64,
    metrics: StreamMetrics,
}

/// Waits for changes.
struct Changes(Option<watch::Receiver<u64>>);

const DAY_MILLIS: i64 = 86_400_000;
const TOPICS: [Topic; 3] = [Topic::Transactions, Topic::DailySums, Topic::DeadLetters];

impl EmbeddedStream {
    /// Opens the file, or makes it. Blocks for a few disk accesses.
    ///
    /// # Errors
    /// `Refused` when it cannot be opened or was made with another number of partitions.
    pub fn open(options: &EmbeddedOptions, metrics: StreamMetrics) -> Result<Self, StreamError> {
        options.check().map_err(|problem| StreamError::Refused(format!("partitions: {problem}")))?;
        let EmbeddedOptions { path, partitions } = options;
        let database = Database::open(path, log::SCHEMA, Durability::Synced).map_err(explain)?;
        let wanted = i64::from(*partitions);
        let there = database.write_blocking(move |tx| match log::setting(tx, log::PARTITIONS)? {
            Some(there) => Ok(there),
            None => log::set_setting(tx, log::PARTITIONS, wanted).map(|()| wanted),
        });
        match there.map_err(explain)? {
            there if there == wanted => Ok(Self::new(database, *partitions, Some(watch::Sender::new(0)), metrics)),
            there => Err(StreamError::Refused(format!(
                "{}: has {there} partitions, must have {wanted} as configured",
                path.display()
            ))),
        }
    }

    /// Opens the file of another process to follow it and to ask for its bounds. Blocks for a few disk accesses.
    ///
    /// # Errors
    /// When there is no such file yet, or it is none of ours.
    pub fn open_read_only(path: &Path) -> Result<Self, StreamError> {
        let database = Database::open_read_only(path).map_err(explain)?;
        let there = database.read_blocking(|log| log::setting(log, log::PARTITIONS)).map_err(explain)?;
        let partitions = there.and_then(|there| u32::try_from(there).ok()).unwrap_or_default();
        Ok(Self::new(database, partitions, None, StreamMetrics::default()))
    }

    /// The number of partitions of each topic.
    pub fn partitions(&self) -> u32 {
        self.0.partitions
    }

    fn new(database: Database, partitions: u32, changes: Option<watch::Sender<u64>>, metrics: StreamMetrics) -> Self {
        Self(Arc::new(Shared {
            database,
            partitions,
            members: Members::default(),
            changes,
            retention: AtomicI64::new(i64::MAX),
            next_prune: AtomicI64::new(0),
            metrics,
        }))
    }
}

#[async_trait]
impl Stream for EmbeddedStream {
    async fn prepare(&self, retention_days: u32) -> Result<(), StreamError> {
        self.0.check_writable()?;
        self.0.retention.store(i64::from(retention_days) * DAY_MILLIS, Ordering::Relaxed);
        Ok(())
    }

    async fn append(&self, records: Vec<NewRecord>) -> Result<(), StreamError> {
        let begun = Instant::now();
        let count = records.len();
        let outcome = self.0.append(records).await;
        self.0.metrics.append.observe(begun, count, &outcome);
        outcome
    }

    async fn subscribe(&self, planner: Arc<dyn Planner>) -> Result<Box<dyn Subscription>, StreamError> {
        self.0.check_writable()?;
        Ok(Box::new(EmbeddedSubscription::new(Arc::clone(&self.0), planner)))
    }

    async fn follow(&self, topic: Topic, starts: Vec<(u32, Start)>) -> Result<Box<dyn Follower>, StreamError> {
        let changes = self.0.changes();
        let positions = self.0.find(topic, starts).await?;
        Ok(Box::new(EmbeddedFollower::new(Arc::clone(&self.0), topic, positions, changes)))
    }

    async fn bounds(&self, topic: Topic) -> Result<Vec<Bounds>, StreamError> {
        let partitions = self.0.partitions;
        let look = move |log: &Connection| -> rusqlite::Result<Vec<Bounds>> {
            let log = log.unchecked_transaction()?;
            (0..partitions).map(|partition| log::bounds(&log, topic, partition)).collect()
        };
        let bounds = self.0.database.read(look).await.map_err(explain)?;
        if topic == Topic::Transactions {
            self.0.metrics.backlog(&bounds);
        }
        Ok(bounds)
    }
}

impl Shared {
    async fn append(&self, records: Vec<NewRecord>) -> Result<(), StreamError> {
        self.check_writable()?;
        self.check_partitions(records.iter().map(|record| record.partition))?;
        let now = now();
        let prune = self.prune_before(now);
        let partitions = self.partitions;
        let appended = self.database.write(move |tx| {
            log::append(tx, Topic::Transactions, &records, now)?;
            match prune {
                Some(before) => prune_all(tx, partitions, before),
                None => Ok(false),
            }
        });
        let more = appended.await.map_err(explain)?;
        if more {
            self.next_prune.store(now, Ordering::Relaxed);
        }
        self.changed();
        Ok(())
    }

    /// What is older goes, when it is time to look for it.
    fn prune_before(&self, now: i64) -> Option<i64> {
        let due = self.next_prune.load(Ordering::Relaxed);
        let next = now.saturating_add(millis(PRUNE_EVERY));
        let is_ours = || self.next_prune.compare_exchange(due, next, Ordering::Relaxed, Ordering::Relaxed).is_ok();
        (now >= due && is_ours()).then(|| now.saturating_sub(self.retention.load(Ordering::Relaxed)))
    }

    async fn find(&self, topic: Topic, starts: Vec<(u32, Start)>) -> Result<Vec<(u32, u64)>, StreamError> {
        self.check_partitions(starts.iter().map(|(partition, _)| *partition))?;
        let find = move |log: &Connection| -> rusqlite::Result<Result<Vec<(u32, u64)>, StreamError>> {
            let log = log.unchecked_transaction()?;
            let find =
                |(partition, start)| Ok(log::find(&log, topic, partition, start)?.map(|offset| (partition, offset)));
            starts.into_iter().map(find).collect()
        };
        self.database.read(find).await.map_err(explain)?
    }

    fn check_partitions(&self, mut used: impl Iterator<Item = u32>) -> Result<(), StreamError> {
        match used.find(|partition| *partition >= self.partitions) {
            Some(partition) => {
                Err(StreamError::Refused(format!("partition {partition}: must be below {}", self.partitions)))
            }
            None => Ok(()),
        }
    }

    fn check_writable(&self) -> Result<(), StreamError> {
        let path = self.database.path().display();
        let refused = || StreamError::Refused(format!("{path}: was opened for reading only"));
        self.changes.as_ref().map(|_| ()).ok_or_else(refused)
    }

    fn changed(&self) {
        if let Some(changes) = &self.changes {
            changes.send_modify(|count| *count += 1);
        }
    }

    fn changes(&self) -> Changes {
        Changes(self.changes.as_ref().map(watch::Sender::subscribe))
    }
}

impl Changes {
    /// Returns when something changed since the last call, or may have. Cancel-safe.
    async fn next(&mut self) {
        match &mut self.0 {
            // The sender lives as long as those who wait.
            Some(changes) => drop(changes.changed().await),
            None => tokio::time::sleep(LOOK_ABROAD).await,
        }
    }
}

/// Whether there may be more to prune.
fn prune_all(log: &Connection, partitions: u32, before: i64) -> rusqlite::Result<bool> {
    let mut more = false;
    for topic in TOPICS.into_iter().filter(|topic| *topic != Topic::DailySums) {
        for partition in 0..partitions {
            more |= log::prune(log, topic, partition, before)?;
        }
    }
    Ok(more)
}

fn now() -> i64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, millis)
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

fn explain(error: DatabaseError) -> StreamError {
    if error.is_retryable() || matches!(error, DatabaseError::Closed(_)) {
        StreamError::Away(error.to_string())
    } else {
        StreamError::Refused(error.to_string())
    }
}
