//! One consumer of the embedded queue.

use std::sync::Arc;

use async_trait::async_trait;
use tallygate_embedded::Write;

use super::held::Held;
use super::{Inner, file};
use crate::port::{Consumer, Delivery, QueueError, Tag};

pub(super) struct EmbeddedConsumer {
    queue: Arc<Inner>,
    held: Arc<Held>,
}

impl EmbeddedConsumer {
    pub(super) fn new(queue: Arc<Inner>, prefetch: u16) -> Self {
        let held = Arc::new(Held::new(Arc::clone(&queue.leases), prefetch));
        Self { queue, held }
    }

    /// Takes messages off the table, first those that came back. Dropped half-way, nothing is taken.
    async fn lease(&self, most: usize) -> Result<Vec<Delivery>, QueueError> {
        let _alone = self.queue.reading.lock().await;
        let (returned, last) = self.queue.leases.next(most);
        let found = self.queue.database.read(move |c| file::fetch(c, &returned, last, most)).await?;
        self.queue.leases.take(&found);
        Ok(self.held.hand_out(found.messages))
    }
}

#[async_trait]
impl Consumer for EmbeddedConsumer {
    async fn receive(&mut self, most: usize) -> Result<Vec<Delivery>, QueueError> {
        let queue = Arc::clone(&self.queue);
        loop {
            // Listening begins before looking, so that what arrives in between is not missed.
            let changed = queue.leases.changed.notified();
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
        let ids = leaving.ids();
        let delete = Write::new(move |t| file::delete(t, &ids)).then(move |outcome| {
            if outcome.is_ok() {
                leaving.gone();
            }
        });
        Ok(self.queue.database.submit(delete).await?)
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
