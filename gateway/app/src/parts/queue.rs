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
    Ok(match &config.queue {
        QueueOptions::Embedded(file) => Arc::new(EmbeddedQueue::open(file)?),
        #[cfg(feature = "servers")]
        QueueOptions::Amqp(amqp) => Arc::new(AmqpQueue::open(amqp.clone())?),
    })
}

/// The queue for a process that serves: a file that does not open is no error either.
///
/// # Errors
/// When it can never work as configured.
pub(crate) fn queue_later(config: &Config) -> anyhow::Result<Arc<dyn Queue>> {
    Ok(match &config.queue {
        QueueOptions::Embedded(file) => {
            let path = file.clone();
            Arc::new(Later::open(file, QueueError::Away, move || EmbeddedQueue::open(&path))?)
        }
        #[cfg(feature = "servers")]
        QueueOptions::Amqp(_) => queue(config)?,
    })
}

/// How many messages the queue holds, for a command beside a running process.
///
/// # Errors
/// When it cannot be asked.
pub async fn queue_depth(config: &Config) -> Result<u64, QueueError> {
    match &config.queue {
        QueueOptions::Embedded(file) => EmbeddedQueue::open_read_only(file)?.depth().await,
        #[cfg(feature = "servers")]
        QueueOptions::Amqp(_) => queue(config)?.depth().await,
    }
}
