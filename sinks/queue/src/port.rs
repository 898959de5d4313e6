//! The promise of a queue, whichever server or file keeps it.
//!
//! - A message whose `publish` returned `Ok` MUST be durable: it survives `kill -9` of every process involved. One whose
//!   `publish` failed MAY be in the queue all the same.
//! - Every message is delivered at least once, and MUST NOT be lost before it is acknowledged. Order is not promised.
//! - A delivery is leased to one consumer at a time. What a consumer neither acknowledged nor released goes back when the
//!   consumer is dropped or dies; it MAY then be delivered again, even after an acknowledgement that did not arrive.
//! - Every call ends within a bounded time, also while the server is away; only [`Consumer::receive`] waits as long as
//!   the queue is empty.
//! - Memory is bounded: a consumer holds at most its prefetch, and of large messages fewer: some ten mebibytes, whatever it is
//!   sent.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use tallygate_core::limits::MESSAGE_BYTES;

/// A durable queue of messages. Cloned handles (`Arc`) are used by many tasks at once.
#[async_trait]
pub trait Queue: Send + Sync {
    /// Puts a message into the queue; `Ok` means durable. Many calls at once share their commits or confirms.
    ///
    /// # Errors
    /// [`QueueError::Away`] when the outcome is unknown or the server does not answer in time: send again.
    async fn publish(&self, message: Bytes) -> Result<(), QueueError>;

    /// What to say of a publish that gave no answer within this time, and was not waited for any longer.
    fn late(&self, within: Duration) -> QueueError {
        QueueError::Away(format!("it gave no answer within {within:?}, the outcome is unknown"))
    }

    /// Opens a consumer that leases at most `prefetch` messages at a time.
    ///
    /// # Errors
    /// When the server does not answer in time.
    async fn consume(&self, prefetch: u16) -> Result<Box<dyn Consumer>, QueueError>;

    /// How many messages wait or are leased; approximate while messages move.
    ///
    /// # Errors
    /// When the server does not answer in time.
    async fn depth(&self) -> Result<u64, QueueError>;
}

/// One consumer of a queue. Dropping it returns what it has not acknowledged.
#[async_trait]
pub trait Consumer: Send {
    /// Waits for at least one message, then returns what is there, at most `most`. Cancel-safe. While the whole prefetch
    /// is leased, nothing arrives and it waits on.
    ///
    /// # Errors
    /// When the consumer is lost; open another one. What it had leased comes back by itself.
    async fn receive(&mut self, most: usize) -> Result<Vec<Delivery>, QueueError>;

    /// These messages are dealt with and MUST NOT come again, unless this fails.
    ///
    /// # Errors
    /// As [`receive`](Self::receive).
    async fn acknowledge(&mut self, tags: &[Tag]) -> Result<(), QueueError>;

    /// How many messages are best acknowledged at a time, the next when as many have come in their place: those who publish wait
    /// no longer for a server that sends what takes the place of few. All of them, unless it says else.
    fn stride(&self) -> usize {
        usize::MAX
    }

    /// These messages go back to the queue at once.
    ///
    /// # Errors
    /// As [`receive`](Self::receive).
    async fn release(&mut self, tags: &[Tag]) -> Result<(), QueueError>;
}

/// What a consumer calls a leased message; it means nothing to another consumer. Tags ascend in the order of delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tag(pub u64);

/// A leased message.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// What to acknowledge or release it by.
    pub tag: Tag,
    /// The message as it was published.
    pub message: Bytes,
}

/// Why a queue did not do what was asked.
#[derive(Clone, Debug, thiserror::Error)]
pub enum QueueError {
    /// It cannot answer now; trying again later may help. A publish may have gone through.
    #[error("queue is away: {0}")]
    Away(String),
    /// It will not work until somebody changes something.
    #[error("queue cannot be used: {0}")]
    Refused(String),
}

impl QueueError {
    /// Whether trying again later may help.
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Away(_))
    }

    pub(crate) fn too_large(bytes: usize) -> Self {
        Self::Refused(format!(
            "a message of {bytes} bytes is more than it takes, at most {MESSAGE_BYTES} would be right"
        ))
    }
}
