//! The taking half of a subscription; a thread of its own polls for it.

use std::sync::Arc;

use async_trait::async_trait;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use tokio::time::timeout;

use super::client_errors::reason;
use super::committer::KafkaCommitter;
use super::delivery::{Delivery, Given};
use super::handover::Handover;
use super::member::Member;
use super::polling::poll;
use super::reading_thread;
use super::transactional_ids::TransactionalId;
use super::writer::TransactionalWriter;
use crate::metrics::StreamMetrics;
use crate::port::{Committer, Event, StreamError, Subscription};
use crate::timeouts::KAFKA_LEAVE;

/// Its thread ends when it is dropped, and leaves the group.
pub(super) struct KafkaSubscription {
    handover: Arc<Handover<Delivery>>,
    committer: Arc<KafkaCommitter>,
    /// Whoever subscribes next takes it over, and what this one left open is ended.
    _id: TransactionalId,
}

/// Starts the polling thread. The consumer was not subscribed yet.
///
/// # Errors
/// When there can be no thread.
pub(super) fn start(
    consumer: BaseConsumer<Member>,
    writer: Arc<TransactionalWriter>,
    id: TransactionalId,
    metrics: StreamMetrics,
) -> Result<KafkaSubscription, StreamError> {
    let member = consumer.context();
    let handover = Arc::clone(&member.handover);
    let ownership = Arc::clone(&member.ownership);
    let committer = Arc::new(KafkaCommitter { writer, ownership, metrics });
    let refused = |error: KafkaError| StreamError::Refused(reason(&error));
    consumer.subscribe(&[&member.topic]).map_err(refused)?;
    reading_thread::start("kafka-member", &handover, move || poll(&consumer))?;
    Ok(KafkaSubscription { handover, committer, _id: id })
}

#[async_trait]
impl Subscription for KafkaSubscription {
    async fn next(&mut self) -> Result<Event, StreamError> {
        loop {
            match self.handover.next().await? {
                Delivery::Assigned(given) => {
                    // What went again before anybody heard of it never came.
                    let is_ours = |given: &Given| self.committer.ownership.tell(given.partition, given.gift);
                    let ours: Vec<_> = given.into_iter().filter(is_ours).collect();
                    if !ours.is_empty() {
                        let ours = ours.into_iter().map(|given| (given.partition, given.committed));
                        return Ok(Event::Assigned(ours.collect()));
                    }
                }
                Delivery::Revoked(partitions) => {
                    self.committer.ownership.tell_they_go(&partitions);
                    return Ok(Event::Revoked(partitions));
                }
            }
        }
    }

    fn committer(&self) -> Arc<dyn Committer> {
        Arc::clone(&self.committer) as Arc<dyn Committer>
    }

    async fn leave(self: Box<Self>) {
        self.handover.close();
        // It fails when the thread has ended, and the thread ends when it has left.
        let left = async { while self.handover.next().await.is_ok() {} };
        if timeout(KAFKA_LEAVE, left).await.is_err() {
            tracing::warn!("the group could not be left in time; others get the partitions when this member is missed");
        }
    }
}

impl Drop for KafkaSubscription {
    fn drop(&mut self) {
        // The thread sees it and leaves the group.
        self.handover.close();
    }
}
