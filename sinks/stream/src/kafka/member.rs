//! A member of the consumer group, as its polling thread works with it: it answers the rebalances.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use rdkafka::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::KafkaError;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList, TopicPartitionListElem};
use rdkafka::types::RDKafkaRespErr;

use super::client_errors::ClientErrors;
use super::delivery::Delivery;
use super::handover::Handover;
use super::ownership::Ownership;
use crate::port::StreamError;
use crate::timeouts::{HAND_OVER, KAFKA_PAUSE, KAFKA_UNSTABLE, REQUEST};

/// Shared by the thread that polls, the client that calls it back, and the subscription.
pub(super) struct Member {
    pub(super) topic: String,
    pub(super) errors: ClientErrors,
    pub(super) handover: Arc<Handover<Delivery>>,
    pub(super) ownership: Arc<Ownership>,
}

impl Member {
    pub(super) fn new(topic: String, errors: ClientErrors) -> Self {
        Self { topic, errors, handover: Arc::new(Handover::new()), ownership: Arc::new(Ownership::default()) }
    }

    fn assign(&self, consumer: &BaseConsumer<Self>, given: &TopicPartitionList) -> Result<(), StreamError> {
        let Some(generation) = consumer.group_metadata() else {
            return Err(StreamError::Away("the client is no member of the group".to_owned()));
        };
        // Looked at after the generation was taken: the generation of one who was thrown out would fence nothing.
        if consumer.assignment_lost() {
            return self.unassign(consumer);
        }
        let mut partitions: Vec<i32> = given.elements().iter().map(TopicPartitionListElem::partition).collect();
        partitions.sort_unstable();
        let committed = self.committed(consumer, &partitions)?;
        self.handover.put(Delivery::Assigned(committed.into_iter().collect(), Arc::new(generation)), 0);
        // The group knows that they are ours; reading them is another client's work.
        let nothing = TopicPartitionList::new();
        consumer.assign(&nothing).map_err(|error| self.errors.away("taking partitions", &error))
    }

    /// What was committed, once no transaction is open any more that may still change it.
    fn committed(
        &self,
        consumer: &BaseConsumer<Self>,
        partitions: &[i32],
    ) -> Result<BTreeMap<u32, Option<u64>>, StreamError> {
        let until = Instant::now() + KAFKA_UNSTABLE;
        loop {
            let mut asked = TopicPartitionList::with_capacity(partitions.len());
            for partition in partitions {
                asked.add_partition(&self.topic, *partition);
            }
            let failed = match consumer.committed_offsets(asked, REQUEST) {
                Ok(found) => match found.elements().iter().try_for_each(|element| element.error()) {
                    Ok(()) => return Ok(offsets(&found)),
                    Err(error) => error,
                },
                Err(error) => error,
            };
            if Instant::now() > until || self.handover.is_over() {
                return Err(self.errors.away("fetching committed positions", &failed));
            }
            std::thread::sleep(KAFKA_PAUSE);
        }
    }

    /// Tells the one who folds, and lets him finish the commit that is out: others wait meanwhile.
    fn revoke(&self, consumer: &BaseConsumer<Self>, ours: &TopicPartitionList) -> Result<(), StreamError> {
        let until = Instant::now() + HAND_OVER;
        let partition = |number: i32| u32::try_from(number).unwrap_or_default();
        let partitions: Vec<u32> = ours.elements().iter().map(|element| partition(element.partition())).collect();
        if let Some(partitions) = untold(self.handover.take_back(), partitions) {
            self.handover.put(Delivery::Revoked(partitions), 0);
        }
        if !consumer.assignment_lost() {
            self.handover.wait_until_taken(until.saturating_duration_since(Instant::now()));
            self.ownership.wait_for_commits(until.saturating_duration_since(Instant::now()));
        }
        self.unassign(consumer)
    }

    fn unassign(&self, consumer: &BaseConsumer<Self>) -> Result<(), StreamError> {
        consumer.unassign().map_err(|error| self.errors.away("giving partitions back", &error))
    }
}

/// What one is to hear he lost who did not take these deliveries, now that `partitions` go. Who never heard that they were
/// his need not hear that they are not; of those before, he must.
fn untold(untaken: Vec<Delivery>, partitions: Vec<u32>) -> Option<Vec<u32>> {
    match untaken.into_iter().next() {
        None => Some(partitions),
        Some(Delivery::Revoked(before)) => Some(before),
        Some(Delivery::Assigned(..)) => None,
    }
}

impl ConsumerContext for Member {
    fn rebalance(&self, consumer: &BaseConsumer<Self>, code: RDKafkaRespErr, list: &mut TopicPartitionList) {
        let answered = match code {
            RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS => self.assign(consumer, list),
            _ => self.revoke(consumer, list),
        };
        if let Err(error) = answered {
            // The client waits for some answer.
            let _ = consumer.unassign();
            self.handover.fail(error);
        }
    }
}

impl ClientContext for Member {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        self.errors.log(level, facility, message);
    }

    fn error(&self, error: KafkaError, told: &str) {
        self.errors.error(error, told);
    }
}

fn offsets(found: &TopicPartitionList) -> BTreeMap<u32, Option<u64>> {
    let offset = |element: &TopicPartitionListElem<'_>| match element.offset() {
        Offset::Offset(offset) => u64::try_from(offset).ok(),
        _ => None,
    };
    let elements = found.elements();
    elements.iter().map(|one| (u32::try_from(one.partition()).unwrap_or_default(), offset(one))).collect()
}

#[cfg(test)]
mod tests {
    use rdkafka::ClientConfig;

    use super::*;

    #[test]
    fn who_did_not_take_a_loss_hears_of_it_also_when_he_was_given_something_since() {
        let consumer: BaseConsumer = ClientConfig::new().set("group.id", "g").create().unwrap();
        let assigned = || Delivery::Assigned(vec![(2, None)], Arc::new(consumer.group_metadata().unwrap()));
        assert_eq!(untold(vec![], vec![1]), Some(vec![1]));
        assert_eq!(untold(vec![assigned()], vec![2]), None);
        assert_eq!(untold(vec![Delivery::Revoked(vec![0, 1]), assigned()], vec![2]), Some(vec![0, 1]));
    }
}
