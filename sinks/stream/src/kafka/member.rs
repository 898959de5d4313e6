//! A member of the consumer group, as its polling thread works with it: it answers the rebalances.
//!
//! Partitions are shared cooperatively: a rebalance takes from a member what another is to have, and nothing else; whatever
//! stays goes on meanwhile.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use rdkafka::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext, ConsumerGroupMetadata};
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList, TopicPartitionListElem};
use rdkafka::types::RDKafkaRespErr;

use super::client_errors::ClientErrors;
use super::delivery::{Delivery, Given};
use super::handover::Handover;
use super::ownership::Ownership;
use super::start;
use crate::timeouts::{HAND_OVER, KAFKA_ASK, KAFKA_UNSTABLE};

/// Shared by the thread that polls, the client that calls it back, and the subscription.
pub(super) struct Member {
    pub(super) topic: String,
    pub(super) errors: ClientErrors,
    pub(super) handover: Arc<Handover<Delivery>>,
    pub(super) ownership: Arc<Ownership>,
    /// What was given, and is handed on once it is known what was committed.
    given: Mutex<Vec<Waiting>>,
}

#[derive(Clone, Copy)]
struct Waiting {
    partition: u32,
    gift: u64,
    since: Instant,
}

impl Member {
    pub(super) fn new(topic: String, errors: ClientErrors) -> Self {
        let (handover, ownership) = (Arc::new(Handover::new()), Arc::new(Ownership::default()));
        Self { topic, errors, handover, ownership, given: Mutex::default() }
    }

    fn assign(&self, consumer: &BaseConsumer<Self>, given: &TopicPartitionList) -> KafkaResult<()> {
        // One that was thrown out owns nothing, and hears so next.
        if let Some(generation) = generation(consumer) {
            self.ownership.advance(generation);
            let since = Instant::now();
            let wait = |partition| Waiting { partition, gift: self.ownership.give(partition), since };
            self.given().extend(numbers(given).into_iter().map(wait));
        }
        // The group knows that they are ours; reading them is another client's work.
        consumer.incremental_assign(&TopicPartitionList::new())
    }

    /// Hands on what was given, once no transaction is open any more that may still change what was committed. One partition of
    /// which that is long waited for keeps no other; `poll` is called between two that are asked about.
    pub(super) fn hand_on_given(&self, consumer: &BaseConsumer<Self>, poll: impl Fn()) {
        let waiting = self.given().clone();
        if waiting.is_empty() || self.hand_on(consumer, &waiting).is_ok() {
            return;
        }
        for one in waiting {
            poll();
            if self.handover.is_over() || !self.given().iter().any(|still| still.gift == one.gift) {
                continue;
            }
            if let Err(failed) = self.hand_on(consumer, &[one])
                && one.since.elapsed() > KAFKA_UNSTABLE
            {
                self.handover.fail(self.errors.away("fetching committed positions", &failed));
            }
        }
    }

    fn hand_on(&self, consumer: &BaseConsumer<Self>, waiting: &[Waiting]) -> KafkaResult<()> {
        let committed = self.committed(consumer, waiting)?;
        let given = waiting.iter().filter_map(|Waiting { partition, gift, .. }| {
            let committed = *committed.get(partition)?;
            Some(Given { partition: *partition, committed, gift: *gift })
        });
        let given: Vec<Given> = given.collect();
        self.given().retain(|still| !given.iter().any(|given| given.gift == still.gift));
        self.handover.put(Delivery::Assigned(given), 0);
        Ok(())
    }

    fn committed(&self, consumer: &BaseConsumer<Self>, waiting: &[Waiting]) -> KafkaResult<BTreeMap<u32, Option<u64>>> {
        let mut asked = TopicPartitionList::with_capacity(waiting.len());
        for Waiting { partition, .. } in waiting {
            asked.add_partition(&self.topic, start::number(*partition).unwrap_or_default());
        }
        let found = consumer.committed_offsets(asked, KAFKA_ASK)?;
        found.elements().iter().try_for_each(|element| element.error())?;
        Ok(offsets(&found))
    }

    /// Tells the one who folds, and lets him finish the commit that is out: others wait meanwhile.
    fn revoke(&self, consumer: &BaseConsumer<Self>, taken: &TopicPartitionList) -> KafkaResult<()> {
        let until = Instant::now() + HAND_OVER;
        let left = || until.saturating_duration_since(Instant::now());
        let partitions = numbers(taken);
        self.given().retain(|waiting| !partitions.contains(&waiting.partition));
        if consumer.assignment_lost() {
            self.ownership.take_all();
            self.handover.put(Delivery::Revoked(partitions), 0);
        } else {
            // What stays is committed under the new generation from now on, and so is what these have out.
            if !self.handover.is_over()
                && let Some(generation) = generation(consumer)
            {
                self.ownership.advance(generation);
            }
            self.handover.put(Delivery::Revoked(partitions.clone()), 0);
            self.handover.wait_until_taken(left());
            self.ownership.wait_for_commits(&partitions, left());
            self.ownership.take(&partitions);
        }
        consumer.incremental_unassign(&TopicPartitionList::new())
    }

    fn given(&self) -> MutexGuard<'_, Vec<Waiting>> {
        self.given.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The generation of the group in which what is ours is ours; none when it is not any more.
fn generation(consumer: &BaseConsumer<Member>) -> Option<ConsumerGroupMetadata> {
    let generation = consumer.group_metadata()?;
    // Looked at after the generation was taken: the generation of one who was thrown out would fence nothing.
    (!consumer.assignment_lost()).then_some(generation)
}

fn numbers(list: &TopicPartitionList) -> Vec<u32> {
    let number = |element: &TopicPartitionListElem<'_>| u32::try_from(element.partition()).unwrap_or_default();
    let mut numbers: Vec<u32> = list.elements().iter().map(number).collect();
    numbers.sort_unstable();
    numbers
}

impl ConsumerContext for Member {
    fn rebalance(&self, consumer: &BaseConsumer<Self>, code: RDKafkaRespErr, list: &mut TopicPartitionList) {
        let answered = match code {
            RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS => self.assign(consumer, list),
            _ => self.revoke(consumer, list),
        };
        if let Err(error) = answered {
            self.handover.fail(self.errors.away("sharing the partitions", &error));
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
