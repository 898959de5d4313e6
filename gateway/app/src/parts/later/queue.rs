//! The embedded queue, once it opens.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use tallygate_queue::{Consumer, EmbeddedQueue, Queue, QueueError};

use super::Later;

#[async_trait]
impl Queue for Later<EmbeddedQueue, QueueError> {
    async fn publish(&self, message: Bytes) -> Result<(), QueueError> {
        self.there().await?.publish(message).await
    }

    fn late(&self, within: Duration) -> QueueError {
        EmbeddedQueue::late_at(&self.path, within)
    }

    async fn consume(&self, prefetch: u16) -> Result<Box<dyn Consumer>, QueueError> {
        self.there().await?.consume(prefetch).await
    }

    async fn depth(&self) -> Result<u64, QueueError> {
        self.there().await?.depth().await
    }
}
