//! The embedded queue: a table in SQLite; who has leased what is known in memory, because one process owns the file.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use tallygate_core::limits::MESSAGE_BYTES;
use tallygate_embedded::rusqlite::{Connection, Result as SqlResult};
use tallygate_embedded::{Database, DatabaseError, Durability};
use tokio::sync::{Notify, Semaphore};

use crate::limits::{IN_FLIGHT_BYTES, IN_FLIGHT_LEAST, RECEIVE_BYTES};
use crate::port::{Consumer, Delivery, Queue, QueueError, Tag};

const SCHEMA: &str = "CREATE TABLE IF NOT EXISTS messages (id INTEGER PRIMARY KEY, message BLOB NOT NULL) STRICT";

/// A queue in a file. Clones share it.
#[derive(Clone)]
pub struct EmbeddedQueue {
    inner: Arc<Inner>,
}

struct Inner {
    database: Database,
    /// The id of the next message. None is given twice, or a consumer would take a new message for one it has passed.
    next: Arc<AtomicI64>,
    leases: Mutex<Leases>,
    /// One consumer reads at a time, so that no two lease the same message.
    reading: tokio::sync::Mutex<()>,
    arrived: Notify,
    depth: AtomicU64,
    room: Semaphore,
}

/// What of the table has been handed out: everything up to `last`, without what came back.
#[derive(Default)]
struct Leases {
    last: i64,
    returned: BTreeSet<i64>,
}

struct EmbeddedConsumer {
    queue: Arc<Inner>,
    prefetch: usize,
    next_tag: u64,
    held: BTreeMap<Tag, i64>,
}

impl EmbeddedQueue {
    /// Opens the file, or makes it.
    ///
    /// # Errors
    /// When it does not open as a database.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, QueueError> {
        Self::over(Database::open(path, SCHEMA, Durability::Synced)?)
    }

    /// Opens the file for asking its depth alone, as it is at this moment, also while another process works with it.
    ///
    /// # Errors
    /// When there is no such file yet, or it is none of ours.
    pub fn open_read_only(path: impl AsRef<Path>) -> Result<Self, QueueError> {
        Self::over(Database::open_read_only(path)?)
    }

    fn over(database: Database) -> Result<Self, QueueError> {
        let (depth, last): (i64, i64) = database.read_blocking(|c| {
            c.query_row("SELECT count(*), coalesce(max(id), 0) FROM messages", [], |r| Ok((r.get(0)?, r.get(1)?)))
        })?;
        Ok(Self {
            inner: Arc::new(Inner {
                database,
                next: Arc::new(AtomicI64::new(last + 1)),
                leases: Mutex::default(),
                reading: tokio::sync::Mutex::default(),
                arrived: Notify::new(),
                depth: AtomicU64::new(depth.unsigned_abs()),
                room: Semaphore::new(IN_FLIGHT_BYTES),
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
        let inner = &self.inner;
        let weight = u32::try_from(message.len().max(IN_FLIGHT_LEAST)).unwrap_or(u32::MAX);
        let _room = inner.room.acquire_many(weight).await.map_err(|e| QueueError::Away(e.to_string()))?;
        let next = Arc::clone(&inner.next);
        let insert = move |t: &tallygate_embedded::rusqlite::Transaction<'_>| {
            // On the committing thread, so that ids are committed in their order.
            let id = next.fetch_add(1, Ordering::Relaxed);
            t.prepare_cached("INSERT INTO messages (id, message) VALUES (?1, ?2)")?
                .execute((id, &message[..]))
                .map(drop)
        };
        inner.database.write_statement(insert).await?;
        inner.depth.fetch_add(1, Ordering::Relaxed);
        inner.arrived.notify_waiters();
        Ok(())
    }

    async fn consume(&self, prefetch: u16) -> Result<Box<dyn Consumer>, QueueError> {
        Ok(Box::new(EmbeddedConsumer {
            queue: Arc::clone(&self.inner),
            prefetch: usize::from(prefetch.max(1)),
            next_tag: 1,
            held: BTreeMap::new(),
        }))
    }

    async fn depth(&self) -> Result<u64, QueueError> {
        Ok(self.inner.depth.load(Ordering::Relaxed))
    }
}

#[async_trait]
impl Consumer for EmbeddedConsumer {
    async fn receive(&mut self, most: usize) -> Result<Vec<Delivery>, QueueError> {
        let queue = Arc::clone(&self.queue);
        loop {
            let most = most.min(self.prefetch - self.held.len());
            if most == 0 {
                return std::future::pending().await;
            }
            // Listening begins before looking, so that what arrives in between is not missed.
            let arrived = queue.arrived.notified();
            tokio::pin!(arrived);
            arrived.as_mut().enable();
            let messages = queue.lease(most).await?;
            if !messages.is_empty() {
                return Ok(messages.into_iter().map(|(id, message)| self.hand_out(id, message)).collect());
            }
            arrived.await;
        }
    }

    async fn acknowledge(&mut self, tags: &[Tag]) -> Result<(), QueueError> {
        let ids: BTreeSet<i64> = tags.iter().filter_map(|tag| self.held.get(tag).copied()).collect();
        let runs = runs(&ids);
        let deleted = self.queue.database.write(move |t| {
            let mut delete = t.prepare_cached("DELETE FROM messages WHERE id BETWEEN ?1 AND ?2")?;
            runs.into_iter().map(|run| delete.execute(run)).sum::<SqlResult<usize>>()
        });
        let deleted = deleted.await?;
        self.queue.depth.fetch_sub(deleted as u64, Ordering::Relaxed);
        for tag in tags {
            self.held.remove(tag);
        }
        Ok(())
    }

    async fn release(&mut self, tags: &[Tag]) -> Result<(), QueueError> {
        let ids: Vec<i64> = tags.iter().filter_map(|tag| self.held.remove(tag)).collect();
        self.queue.take_back(ids);
        Ok(())
    }
}

impl EmbeddedConsumer {
    fn hand_out(&mut self, id: i64, message: Vec<u8>) -> Delivery {
        let tag = Tag(self.next_tag);
        self.next_tag += 1;
        self.held.insert(tag, id);
        Delivery { tag, message: message.into() }
    }
}

impl Drop for EmbeddedConsumer {
    fn drop(&mut self) {
        self.queue.take_back(std::mem::take(&mut self.held).into_values());
    }
}

impl Inner {
    /// Takes messages off the table, first those that came back. Dropped half-way, nothing is taken.
    async fn lease(&self, most: usize) -> Result<Vec<(i64, Vec<u8>)>, QueueError> {
        let _alone = self.reading.lock().await;
        let (returned, last) = {
            let leases = self.leases();
            (leases.returned.iter().take(most).copied().collect::<Vec<_>>(), leases.last)
        };
        let messages = self.database.read(move |c| fetch(c, &returned, last, most)).await?;
        let mut leases = self.leases();
        for (id, _) in &messages {
            if !leases.returned.remove(id) {
                leases.last = leases.last.max(*id);
            }
        }
        Ok(messages)
    }

    fn take_back(&self, ids: impl IntoIterator<Item = i64>) {
        self.leases().returned.extend(ids);
        self.arrived.notify_waiters();
    }

    fn leases(&self) -> MutexGuard<'_, Leases> {
        self.leases.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn fetch(c: &Connection, returned: &[i64], last: i64, most: usize) -> SqlResult<Vec<(i64, Vec<u8>)>> {
    let (mut messages, mut bytes) = (Vec::new(), 0);
    let mut one = c.prepare_cached("SELECT id, message FROM messages WHERE id = ?1")?;
    let mut next = c.prepare_cached("SELECT id, message FROM messages WHERE id > ?1 ORDER BY id LIMIT ?2")?;
    for id in returned {
        if bytes >= RECEIVE_BYTES {
            return Ok(messages);
        }
        let message: (i64, Vec<u8>) = one.query_row([id], |r| Ok((r.get(0)?, r.get(1)?)))?;
        bytes += message.1.len();
        messages.push(message);
    }
    let left = i64::try_from(most - messages.len()).unwrap_or(i64::MAX);
    let mut rows = next.query((last, left))?;
    while bytes < RECEIVE_BYTES
        && let Some(row) = rows.next()?
    {
        let message: (i64, Vec<u8>) = (row.get(0)?, row.get(1)?);
        bytes += message.1.len();
        messages.push(message);
    }
    Ok(messages)
}

/// The ids as runs without gaps, each deleted by one statement.
fn runs(ids: &BTreeSet<i64>) -> Vec<(i64, i64)> {
    let mut runs: Vec<(i64, i64)> = Vec::new();
    for &id in ids {
        match runs.last_mut() {
            Some((_, end)) if *end + 1 == id => *end = id,
            _ => runs.push((id, id)),
        }
    }
    runs
}

impl From<DatabaseError> for QueueError {
    fn from(error: DatabaseError) -> Self {
        if error.is_retryable() { Self::Away(error.to_string()) } else { Self::Refused(error.to_string()) }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn rule_2_each_commit_is_synced_to_the_disk() {
        let directory = tempfile::tempdir().unwrap();
        let queue = EmbeddedQueue::open(directory.path().join("queue.db")).unwrap();
        assert_eq!(queue.inner.database.durability().unwrap(), Some(Durability::Synced));
    }

    #[test]
    fn ids_without_gaps_are_one_run() {
        assert_eq!(runs(&[1, 2, 3, 5, 8, 9].into()), [(1, 3), (5, 5), (8, 9)]);
        assert_eq!(runs(&BTreeSet::new()), []);
    }
}
