//! The queue.

use std::sync::Arc;

#[cfg(feature = "servers")]
use tallygate_queue::AmqpQueue;
use tallygate_queue::{EmbeddedQueue, Queue, QueueError};

use super::later::Later;
use crate::config::{Config, QueueOptions};

/// Opens the queue for publishing and consuming. A server that is away is no error.
///
/// # Errors
/// When it can never work as configured.
pub fn queue(config: &Config) -> Result<Arc<dyn Queue>, QueueError> {
    open(&config.queue)
}

fn open(options: &QueueOptions) -> Result<Arc<dyn Queue>, QueueError> {
    Ok(match options {
        QueueOptions::Embedded(folder) => Arc::new(EmbeddedQueue::open(folder)?),
        #[cfg(feature = "servers")]
        QueueOptions::Amqp(amqp) => Arc::new(AmqpQueue::open(amqp.clone())?),
    })
}

/// The queue for a process that serves: one that does not open is no error either.
///
/// # Errors
/// When it can never work as configured.
pub(crate) fn queue_later(config: &Config) -> anyhow::Result<Arc<dyn Queue>> {
    open_later(&config.queue)
}

/// Where a process that ships parks what the stream refuses, in the same way.
///
/// # Errors
/// When it can never work as configured.
pub(crate) fn parked_later(config: &Config) -> anyhow::Result<Arc<dyn Queue>> {
    open_later(&config.queue.parked())
}

fn open_later(options: &QueueOptions) -> anyhow::Result<Arc<dyn Queue>> {
    Ok(match options {
        QueueOptions::Embedded(folder) => {
            let path = folder.clone();
            Arc::new(Later::open(folder, QueueError::Away, move || EmbeddedQueue::open(&path))?)
        }
        #[cfg(feature = "servers")]
        QueueOptions::Amqp(_) => open(options)?,
    })
}

/// How many messages wait in the queue or are parked, for a command beside a running process.
///
/// # Errors
/// When it cannot be asked.
pub async fn queue_depth(config: &Config) -> Result<u64, QueueError> {
    // What is parked meanwhile stands in both for a moment, and is never in neither.
    let depth = depth(&config.queue).await?;
    let parked = config.queue.parked();
    if let QueueOptions::Embedded(folder) = &parked
        && !folder.exists()
    {
        // A process of an earlier release parks nothing.
        return Ok(depth);
    }
    Ok(depth.saturating_add(self::depth(&parked).await?))
}

async fn depth(options: &QueueOptions) -> Result<u64, QueueError> {
    match options {
        QueueOptions::Embedded(folder) => EmbeddedQueue::open_read_only(folder)?.depth().await,
        #[cfg(feature = "servers")]
        QueueOptions::Amqp(_) => open(options)?.depth().await,
    }
}
