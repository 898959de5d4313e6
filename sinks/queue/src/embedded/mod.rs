//! The embedded queue: a table in SQLite; who has leased what is known in memory, because one process owns the file.

mod consumer;
mod file;
mod held;
mod leases;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use tallygate_core::limits::MESSAGE_BYTES;
use tallygate_embedded::{Database, DatabaseError, Durability, Write};

use self::consumer::EmbeddedConsumer;
use self::leases::Leases;
use crate::port::{Consumer, Queue, QueueError};

/// A queue in a file. Clones share it.
#[derive(Clone)]
pub struct EmbeddedQueue {
    inner: Arc<Inner>,
}

struct Inner {
    database: Database,
    /// The id of the next message. None is given twice, or a consumer would take a new message for one it has passed.
    next: Arc<AtomicI64>,
    leases: Arc<Leases>,
    /// One consumer reads at a time, so that no two lease the same message.
    reading: tokio::sync::Mutex<()>,
}

impl EmbeddedQueue {
    /// Opens the file, or makes it.
    ///
    /// # Errors
    /// When it does not open as a database.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, QueueError> {
        Self::over(Database::open(path, file::SCHEMA, Durability::Synced)?)
    }

    /// Opens the file for asking its depth alone, also while another process works with it.
    ///
    /// # Errors
    /// When there is no such file yet, or it is none of ours.
    pub fn open_read_only(path: impl AsRef<Path>) -> Result<Self, QueueError> {
        let database = Database::open_read_only(path)?;
        if !database.read_blocking(file::has_depth)? {
            let path = database.path().display();
            let told = "is an earlier release's, or no queue; whoever owns it brings it up to date when it starts";
            return Err(QueueError::Refused(format!("{path}: {told}")));
        }
        Self::over(database)
    }

    /// What a queue in this file says of a publish that was not waited for any longer.
    pub fn late_at(path: &Path, within: Duration) -> QueueError {
        DatabaseError::Late(path.to_owned(), within).into()
    }

    fn over(database: Database) -> Result<Self, QueueError> {
        let last = database.read_blocking(file::last)?;
        Ok(Self {
            inner: Arc::new(Inner {
                database,
                next: Arc::new(AtomicI64::new(last + 1)),
                leases: Arc::default(),
                reading: tokio::sync::Mutex::default(),
            }),
        })
    }
}

#[async_trait]
impl Queue for EmbeddedQueue {
    async fn publish(&self, message: Bytes) -> Result<(), QueueError> {
        if message.len() > MESSAGE_BYTES {
            return Err(QueueError::too_large(message.len()));
        }
        let (next, leases, bytes) = (Arc::clone(&self.inner.next), Arc::clone(&self.inner.leases), message.len());
        // On the committing thread: ids are committed in their order, and consumers hear of it without the publisher.
        let insert = Write::new(move |t| file::insert(t, next.fetch_add(1, Ordering::Relaxed), &message))
            .of_one_statement()
            .of_bytes(bytes)
            .then(move |_| leases.changed.notify_waiters());
        Ok(self.inner.database.submit(insert).await?)
    }

    fn late(&self, within: Duration) -> QueueError {
        Self::late_at(self.inner.database.path(), within)
    }

    async fn consume(&self, prefetch: u16) -> Result<Box<dyn Consumer>, QueueError> {
        Ok(Box::new(EmbeddedConsumer::new(Arc::clone(&self.inner), prefetch)))
    }

    async fn depth(&self) -> Result<u64, QueueError> {
        Ok(self.inner.database.read(file::depth).await?)
    }
}

impl From<DatabaseError> for QueueError {
    fn from(error: DatabaseError) -> Self {
        if error.is_retryable() { Self::Away(error.to_string()) } else { Self::Refused(error.to_string()) }
    }
}

#[cfg(test)]
mod tests;
