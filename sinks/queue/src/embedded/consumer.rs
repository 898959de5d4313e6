//! One consumer of the embedded queue.

use std::sync::Arc;

use async_trait::async_trait;

use super::Owned;
use super::held::Held;
use super::index::Next;
use crate::port::{Consumer, Delivery, QueueError, Tag};

pub(super) struct EmbeddedConsumer {
    queue: Arc<Owned>,
    held: Arc<Held>,
}

impl EmbeddedConsumer {
    pub(super) fn new(queue: Arc<Owned>, prefetch: u16) -> Self {
        let held = Arc::new(Held::new(Arc::clone(&queue.shared), prefetch));
        Self { queue, held }
    }

    /// Takes messages off the log, first those that came back. Dropped half-way, nothing is taken.
    async fn lease(&self, most: usize) -> Result<Vec<Delivery>, QueueError> {
        let _alone = self.queue.reading.lock().await;
        let next = self.queue.shared.lock().next(most);
        let plan = match next {
            Next::Nothing => return Ok(Vec::new()),
            Next::Taken(taken) => return Ok(self.held.hand_out(taken)),
            Next::Read(plan) => plan,
        };
        let found = self.queue.reader.read(plan).await?;
        self.queue.shared.lock().take(&found);
        Ok(self.held.hand_out(found.messages))
    }
}

#[async_trait]
impl Consumer for EmbeddedConsumer {
    async fn receive(&mut self, most: usize) -> Result<Vec<Delivery>, QueueError> {
        let queue = Arc::clone(&self.queue);
        loop {
            // Listening begins before looking, so that what arrives in between is not missed.
            let changed = queue.shared.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            let most = most.min(self.held.room());
            if most > 0 {
                let deliveries = self.lease(most).await?;
                if !deliveries.is_empty() {
                    return Ok(deliveries);
                }
            }
            changed.await;
        }
    }

    async fn acknowledge(&mut self, tags: &[Tag]) -> Result<(), QueueError> {
        let leaving = Held::leave(&self.held, tags);
        Ok(self.queue.committer.acknowledge(leaving).await?)
    }

    async fn release(&mut self, tags: &[Tag]) -> Result<(), QueueError> {
        self.held.release(tags);
        Ok(())
    }
}

impl Drop for EmbeddedConsumer {
    fn drop(&mut self) {
        self.held.release_all();
    }
}
