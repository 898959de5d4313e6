//! A queue that keeps what it is given, for whoever wants to know.

use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use tallygate_queue::{Consumer, Queue, QueueError};

/// The messages of one trial, in order.
#[derive(Debug, Default)]
pub(super) struct KeptQueue(Mutex<Vec<Bytes>>);

impl KeptQueue {
    /// What was queued.
    pub(super) fn messages(&self) -> Vec<Bytes> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[async_trait]
impl Queue for KeptQueue {
    async fn publish(&self, message: Bytes) -> Result<(), QueueError> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(message);
        Ok(())
    }

    async fn consume(&self, _prefetch: u16) -> Result<Box<dyn Consumer>, QueueError> {
        Err(QueueError::Refused("a trial's queue is read when the trial is over".to_owned()))
    }

    async fn depth(&self) -> Result<u64, QueueError> {
        Ok(self.messages().len() as u64)
    }
}
