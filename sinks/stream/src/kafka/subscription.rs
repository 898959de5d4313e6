//! A member of the consumer group: a thread of its own polls, answers rebalances, and hands records on.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use rdkafka::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext, ConsumerGroupMetadata};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use rdkafka::types::RDKafkaRespErr;

use super::client::{Trouble, reason};
use super::commit::{KafkaCommitter, Name, Writer};
use super::gather::{Stopped, gather};
use super::handover::Handover;
use super::ownership::Ownership;
use super::start;
use crate::limits::{HAND_OVER, KAFKA_LOOK, KAFKA_PATIENCE, KAFKA_UNSTABLE, REQUEST};
use crate::metrics::StreamMetrics;
use crate::port::{Committed, Committer, Event, Planner, Start, StreamError, Subscription};
use crate::records::{Packer, Record};

/// The taking half of a subscription.
pub(super) struct KafkaSubscription {
    handover: Arc<Handover<Delivery>>,
    committer: Arc<KafkaCommitter>,
    metrics: StreamMetrics,
    /// Whoever subscribes next takes it over, and what this one left open is ended.
    _name: Name,
}

/// What the polling thread works with; it answers the rebalances.
pub(super) struct Member {
    pub(super) topic: String,
    pub(super) planner: Arc<dyn Planner>,
    pub(super) trouble: Trouble,
    handover: Arc<Handover<Delivery>>,
    ownership: Arc<Ownership>,
    paused: AtomicBool,
    revocations: AtomicU64,
}

/// An event on its way, with what it does to the ownership once it was seen.
enum Delivery {
    Assigned(Vec<(u32, Option<Committed>)>, Arc<ConsumerGroupMetadata>),
    Revoked(Vec<u32>),
    Records(Vec<Record>),
}

/// Starts the polling thread. The consumer was not subscribed yet.
///
/// # Errors
/// When there can be no thread.
pub(super) fn start(
    consumer: BaseConsumer<Member>,
    writer: Arc<Writer>,
    name: Name,
    metrics: StreamMetrics,
) -> Result<KafkaSubscription, StreamError> {
    let member = consumer.context();
    let handover = Arc::clone(&member.handover);
    let ownership = Arc::clone(&member.ownership);
    let committer = Arc::new(KafkaCommitter { writer, ownership, metrics: metrics.clone() });
    let refused = |error: KafkaError| StreamError::Refused(reason(&error));
    consumer.subscribe(&[&member.topic]).map_err(refused)?;
    let ended = EndsWith(Arc::clone(&handover));
    let run = move || {
        let _ended = ended;
        poll(&consumer);
    };
    let away = |error| StreamError::Away(format!("no thread to read with: {error}"));
    std::thread::Builder::new().name("kafka-member".to_owned()).spawn(run).map_err(away)?;
    Ok(KafkaSubscription { handover, committer, metrics, _name: name })
}

#[async_trait]
impl Subscription for KafkaSubscription {
    async fn next(&mut self) -> Result<Event, StreamError> {
        Ok(match self.handover.next().await? {
            Delivery::Records(records) => {
                self.metrics.read(records.len());
                Event::Records(records)
            }
            Delivery::Assigned(partitions, generation) => {
                let ours = partitions.iter().map(|(partition, _)| *partition).collect();
                self.committer.ownership.grant(ours, generation);
                Event::Assigned(partitions)
            }
            Delivery::Revoked(partitions) => {
                self.committer.ownership.revoke();
                Event::Revoked(partitions)
            }
        })
    }

    fn committer(&self) -> Arc<dyn Committer> {
        Arc::clone(&self.committer) as Arc<dyn Committer>
    }
}

impl Drop for KafkaSubscription {
    fn drop(&mut self) {
        // The thread sees it and leaves the group.
        self.handover.close();
    }
}

impl Member {
    pub(super) fn new(topic: String, planner: Arc<dyn Planner>) -> Self {
        let (handover, ownership) = (Arc::new(Handover::new()), Arc::new(Ownership::default()));
        Self {
            topic,
            planner,
            trouble: Trouble::default(),
            handover,
            ownership,
            paused: AtomicBool::new(false),
            revocations: AtomicU64::new(0),
        }
    }

    fn assign(&self, consumer: &BaseConsumer<Self>, given: &TopicPartitionList) -> Result<(), StreamError> {
        let Some(generation) = consumer.group_metadata() else {
            return Err(StreamError::Away("the client is no member of the group".to_owned()));
        };
        // Looked at after the generation was taken: the generation of one who was thrown out would fence nothing.
        if consumer.assignment_lost() {
            return self.unassign(consumer);
        }
        let mut partitions: Vec<i32> = given.elements().iter().map(|element| element.partition()).collect();
        partitions.sort_unstable();
        let committed = self.committed(consumer, &partitions)?;
        let plan = |(partition, committed): (&u32, &Option<Committed>)| -> (u32, Start) {
            (*partition, self.planner.start(*partition, committed.as_ref()))
        };
        let starts: Vec<(u32, Start)> = committed.iter().map(plan).collect();
        let offsets = start::resolve(consumer, &self.trouble, &self.topic, &starts)?;
        self.handover.put(Delivery::Assigned(committed.into_iter().collect(), Arc::new(generation)), 0);
        let away = |error: KafkaError| self.trouble.away("taking partitions", &error);
        consumer.assign(&offsets).map_err(away)?;
        self.resume(consumer)
    }

    /// What was committed, once no transaction is open any more that may still change it.
    fn committed(
        &self,
        consumer: &BaseConsumer<Self>,
        partitions: &[i32],
    ) -> Result<BTreeMap<u32, Option<Committed>>, StreamError> {
        let until = Instant::now() + KAFKA_UNSTABLE;
        loop {
            let mut asked = TopicPartitionList::with_capacity(partitions.len());
            for partition in partitions {
                asked.add_partition(&self.topic, *partition);
            }
            let failed = match consumer.committed_offsets(asked, REQUEST) {
                Ok(found) => match found.elements().iter().try_for_each(|element| element.error()) {
                    Ok(()) => return Ok(positions(&found)),
                    Err(error) => error,
                },
                Err(error) => error,
            };
            if Instant::now() > until || self.handover.is_over() {
                return Err(self.trouble.away("fetching committed positions", &failed));
            }
            std::thread::sleep(KAFKA_LOOK);
        }
    }

    /// Tells the one who folds, and lets him finish the commit that is out: others wait meanwhile.
    fn revoke(&self, consumer: &BaseConsumer<Self>) -> Result<(), StreamError> {
        let until = Instant::now() + HAND_OVER;
        self.revocations.fetch_add(1, Ordering::Relaxed);
        let ours = consumer.assignment().map_err(|error| self.trouble.away("giving partitions back", &error))?;
        let partition = |number: i32| u32::try_from(number).unwrap_or_default();
        let partitions: Vec<u32> = ours.elements().iter().map(|element| partition(element.partition())).collect();
        let untaken = self.handover.take_back();
        // Who never heard that they were his need not hear that they are not.
        if !untaken.iter().any(|delivery| matches!(delivery, Delivery::Assigned(..))) {
            self.handover.put(Delivery::Revoked(partitions), 0);
        }
        if !consumer.assignment_lost() {
            self.handover.wait_until_taken(until.saturating_duration_since(Instant::now()));
            self.ownership.wait_for_commits(until.saturating_duration_since(Instant::now()));
        }
        self.unassign(consumer)
    }

    fn unassign(&self, consumer: &BaseConsumer<Self>) -> Result<(), StreamError> {
        self.resume(consumer)?;
        consumer.unassign().map_err(|error| self.trouble.away("giving partitions back", &error))
    }

    fn pause(&self, consumer: &BaseConsumer<Self>) -> Result<(), StreamError> {
        let away = |error: KafkaError| self.trouble.away("pausing", &error);
        let ours = consumer.assignment().map_err(away)?;
        if ours.count() > 0 && !self.paused.swap(true, Ordering::Relaxed) {
            consumer.pause(&ours).map_err(away)?;
        }
        Ok(())
    }

    fn resume(&self, consumer: &BaseConsumer<Self>) -> Result<(), StreamError> {
        if !self.paused.swap(false, Ordering::Relaxed) {
            return Ok(());
        }
        let away = |error: KafkaError| self.trouble.away("resuming", &error);
        consumer.resume(&consumer.assignment().map_err(away)?).map_err(away)
    }
}

impl ConsumerContext for Member {
    fn rebalance(&self, consumer: &BaseConsumer<Self>, code: RDKafkaRespErr, list: &mut TopicPartitionList) {
        let answered = match code {
            RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS => self.assign(consumer, list),
            _ => self.revoke(consumer),
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
        self.trouble.log(level, facility, message);
    }

    fn error(&self, error: KafkaError, told: &str) {
        self.trouble.error(error, told);
    }
}

/// Fails the handover when the thread ends, however it ends.
pub(super) struct EndsWith<T>(pub(super) Arc<Handover<T>>);

impl<T> Drop for EndsWith<T> {
    fn drop(&mut self) {
        self.0.fail(StreamError::Away("the reading thread ended".to_owned()));
    }
}

/// Polls until nobody takes any more. Dropping the consumer leaves the group.
fn poll(consumer: &BaseConsumer<Member>) {
    let member = Arc::clone(consumer.context());
    let mut packer = Packer::default();
    while !member.handover.is_over() {
        if let Err(error) = turn(consumer, &member, &mut packer) {
            member.handover.fail(error);
        }
    }
}

fn turn(consumer: &BaseConsumer<Member>, member: &Member, packer: &mut Packer) -> Result<(), StreamError> {
    let is_paused = member.paused.load(Ordering::Relaxed);
    if member.handover.wait_for_space(if is_paused { Duration::ZERO } else { KAFKA_PATIENCE }) {
        member.resume(consumer)?;
    } else {
        member.pause(consumer)?;
    }
    let before = member.revocations.load(Ordering::Relaxed);
    let stopped = gather(consumer, packer, KAFKA_LOOK)?;
    let bytes = packer.bytes();
    let records = packer.finish();
    // A rebalance may have come in between; then these are no longer ours.
    if !records.is_empty() && member.revocations.load(Ordering::Relaxed) == before {
        member.handover.put(Delivery::Records(records), bytes);
    }
    match stopped {
        Stopped::Trouble(error) => heed(member, &error),
        Stopped::Quiet | Stopped::End(_) => Ok(()),
    }
}

/// Most of what the client reports it gets over by itself.
fn heed(member: &Member, error: &KafkaError) -> Result<(), StreamError> {
    let fatal = matches!(error, KafkaError::MessageConsumptionFatal(_));
    match error.rdkafka_error_code() {
        Some(RDKafkaErrorCode::AutoOffsetReset) => Err(StreamError::Away(
            "the position is no longer in the log; whoever subscribes anew is told where".to_owned(),
        )),
        Some(
            RDKafkaErrorCode::TopicAuthorizationFailed
            | RDKafkaErrorCode::GroupAuthorizationFailed
            | RDKafkaErrorCode::UnknownTopicOrPartition,
        ) => Err(member.trouble.away(&format!("reading {}", member.topic), error)),
        _ if fatal => Err(member.trouble.away(&format!("reading {}", member.topic), error)),
        _ => {
            tracing::debug!(%error, "the member carries on");
            Ok(())
        }
    }
}

fn positions(found: &TopicPartitionList) -> BTreeMap<u32, Option<Committed>> {
    let position = |element: &rdkafka::topic_partition_list::TopicPartitionListElem<'_>| match element.offset() {
        Offset::Offset(offset) => {
            u64::try_from(offset).ok().map(|offset| Committed { offset, note: element.metadata().to_owned() })
        }
        _ => None,
    };
    found
        .elements()
        .iter()
        .map(|element| (u32::try_from(element.partition()).unwrap_or_default(), position(element)))
        .collect()
}
