//! The stream in one SQLite file, for one process; others may read along.

mod batches;
mod changes;
mod committer;
mod credible_time;
mod follow;
mod format;
mod log;
mod members;
mod packed;
mod prune;
mod read;
mod rows;
mod shared;
mod subscription;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;
use tallygate_embedded::rusqlite::{self, Connection};
use tallygate_embedded::{Database, Durability};
use tokio::sync::watch;

use self::follow::EmbeddedFollower;
use self::format::Format;
use self::shared::{Shared, explain};
use self::subscription::EmbeddedSubscription;
use crate::limits::EMBEDDED_PARTITIONS;
use crate::metrics::StreamMetrics;
use crate::port::{
    Bounds, Follower, NewRecord, NotAppended, Retention, Start, Stream, StreamError, Subscription, Topic,
};

/// Where the embedded stream lies and how it is divided.
#[derive(Clone, Debug)]
pub struct EmbeddedStreamOptions {
    /// The file, made when missing, with its directory.
    pub path: PathBuf,
    /// Partitions of each topic, 1 to 10,000; for life.
    pub partitions: u32,
}

impl EmbeddedStreamOptions {
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

const DAY_MILLIS: i64 = 86_400_000;

impl EmbeddedStream {
    /// Opens the file, or makes it. Blocks for a few disk accesses.
    ///
    /// # Errors
    /// `Refused` when it cannot be opened or was made with another number of partitions.
    pub fn open(options: &EmbeddedStreamOptions, metrics: StreamMetrics) -> Result<Self, StreamError> {
        options.check().map_err(|problem| StreamError::Refused(format!("partitions: {problem}")))?;
        let EmbeddedStreamOptions { path, partitions } = options;
        let database = Database::open(path, &log::schema(), Durability::Synced).map_err(explain)?;
        let wanted = i64::from(*partitions);
        let format = database.write_blocking(move |tx| Format::settle(tx, wanted)).map_err(explain)?;
        let there = format.partitions(path)?;
        if there != wanted {
            let why = format!("{}: has {there} partitions, must have {wanted} as configured", path.display());
            return Err(StreamError::Refused(why));
        }
        Ok(Self::new(database, *partitions, Some(watch::Sender::new(0)), metrics))
    }

    /// Opens the file of another process to follow it and to ask for its bounds. Blocks for a few disk accesses.
    ///
    /// # Errors
    /// When there is no such file yet, it is none of ours, or its owner has not brought it up to date.
    pub fn open_read_only(path: &Path) -> Result<Self, StreamError> {
        let database = Database::open_read_only(path).map_err(explain)?;
        let format = database.read_blocking(Format::of).map_err(explain)?;
        let partitions = u32::try_from(format.partitions(path)?).unwrap_or_default();
        Ok(Self::new(database, partitions, None, StreamMetrics::default()))
    }

    /// The number of partitions of each topic.
    pub fn partitions(&self) -> u32 {
        self.0.partitions
    }

    fn new(database: Database, partitions: u32, changes: Option<watch::Sender<u64>>, metrics: StreamMetrics) -> Self {
        Self(Arc::new(Shared::new(database, partitions, changes, metrics)))
    }
}

#[async_trait]
impl Stream for EmbeddedStream {
    async fn prepare(&self, retention: Retention) -> Result<(), StreamError> {
        self.0.check_writable()?;
        self.0.set_retention(i64::from(retention.days()) * DAY_MILLIS);
        Ok(())
    }

    async fn append(&self, records: Vec<NewRecord>) -> Result<(), NotAppended> {
        let begun = Instant::now();
        let count = records.len();
        let outcome = self.0.append(records).await;
        let failed = outcome.as_ref().err().map_or(0, |failed| failed.records().len());
        self.0.metrics.append.observe(begun, count, failed);
        outcome
    }

    async fn subscribe(&self) -> Result<Box<dyn Subscription>, StreamError> {
        self.0.check_writable()?;
        Ok(Box::new(EmbeddedSubscription::new(Arc::clone(&self.0))))
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

#[cfg(test)]
mod tests;
