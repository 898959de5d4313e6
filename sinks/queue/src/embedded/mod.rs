//! The embedded queue: a log in segments; who has leased what is known in memory, because one process owns the folder.
//!
//! Messages are appended in groups, each with one write and one sync. What is acknowledged stands in a file of its own, and a
//! segment of which nothing waits any more is removed. Consumers that keep up are given what was just appended from memory.

mod committer;
mod consumer;
mod held;
mod index;
mod read;

mod log;
mod open;
mod scan;

mod ack_file;
mod acknowledged;
mod record;
mod segment;

mod earlier;
mod failure;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use tallygate_core::limits::MESSAGE_BYTES;
use tallygate_embedded::timeouts::ANSWER;
use tokio::time::timeout;

use self::committer::Committer;
use self::consumer::EmbeddedConsumer;
use self::failure::Failure;
use self::index::Shared;
use self::read::Reader;
use crate::limits::SEGMENT_BYTES;
use crate::port::{Consumer, Queue, QueueError};

/// A queue in a folder. Clones share it.
#[derive(Clone)]
pub struct EmbeddedQueue {
    folder: Arc<Path>,
    /// None where it was opened for its depth alone.
    owned: Option<Arc<Owned>>,
}

struct Owned {
    committer: Committer,
    shared: Arc<Shared>,
    reader: Reader,
    /// One consumer reads at a time, so that no two lease the same message.
    reading: tokio::sync::Mutex<()>,
}

impl EmbeddedQueue {
    /// Opens the queue in this folder, or makes it, and takes over what a file of an earlier release beside it holds (named as
    /// the folder, with `.db` behind).
    ///
    /// # Errors
    /// When it cannot be read or written, or what was confirmed is missing in it.
    pub fn open(folder: impl AsRef<Path>) -> Result<Self, QueueError> {
        Self::open_with(folder.as_ref(), SEGMENT_BYTES)
    }

    /// Opens the queue for asking its depth alone, also while another process works with it.
    ///
    /// # Errors
    /// When there is no such queue yet, or its owner has not brought it up to date.
    pub fn open_read_only(folder: impl AsRef<Path>) -> Result<Self, QueueError> {
        let folder = folder.as_ref();
        if !folder.is_dir() {
            let is_earlier = folder.exists() || earlier::path(folder).exists();
            let why = if is_earlier { Failure::Earlier } else { Failure::Missing };
            return Err(why(folder.to_owned()).into());
        }
        Ok(Self { folder: folder.into(), owned: None })
    }

    /// What a queue in this folder says of a publish that was not waited for any longer.
    pub fn late_at(folder: &Path, within: Duration) -> QueueError {
        Failure::Late(folder.to_owned(), within).into()
    }

    fn open_with(folder: &Path, segment_bytes: u64) -> Result<Self, QueueError> {
        let (mut log, shared) = open::open(folder, segment_bytes)?;
        earlier::take_over(folder, &mut log)?;
        let folder: Arc<Path> = folder.into();
        let committer = Committer::start(log, Arc::clone(&folder))?;
        let (reader, reading) = (Reader::new(Arc::clone(&folder)), tokio::sync::Mutex::default());
        Ok(Self { folder, owned: Some(Arc::new(Owned { committer, shared, reader, reading })) })
    }

    fn owned(&self) -> Result<&Arc<Owned>, Failure> {
        self.owned.as_ref().ok_or_else(|| Failure::ReadOnly(self.folder.to_path_buf()))
    }
}

#[async_trait]
impl Queue for EmbeddedQueue {
    async fn publish(&self, message: Bytes) -> Result<(), QueueError> {
        if message.len() > MESSAGE_BYTES {
            return Err(QueueError::too_large(message.len()));
        }
        Ok(self.owned()?.committer.publish(message).await?)
    }

    fn late(&self, within: Duration) -> QueueError {
        Self::late_at(&self.folder, within)
    }

    async fn consume(&self, prefetch: u16) -> Result<Box<dyn Consumer>, QueueError> {
        Ok(Box::new(EmbeddedConsumer::new(Arc::clone(self.owned()?), prefetch)))
    }

    async fn depth(&self) -> Result<u64, QueueError> {
        if let Some(owned) = &self.owned {
            return Ok(owned.shared.lock().depth());
        }
        let folder = Arc::clone(&self.folder);
        let late = |_| Failure::Late(self.folder.to_path_buf(), ANSWER);
        let asked = timeout(ANSWER, tokio::task::spawn_blocking(move || open::depth(&folder))).await.map_err(late)?;
        Ok(asked.unwrap_or_else(|_| Err(Failure::Closed(self.folder.to_path_buf())))?)
    }
}

#[cfg(test)]
mod tests;
