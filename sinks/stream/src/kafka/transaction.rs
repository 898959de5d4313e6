//! The steps of one Kafka transaction, and how one that failed is undone.

use std::time::{Duration, Instant};

use rdkafka::consumer::ConsumerGroupMetadata;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer, PurgeConfig};
use rdkafka::topic_partition_list::TopicPartitionList;

use super::append::headers;
use super::refusals::Refusals;
use super::start;
use crate::port::{NewRecord, StreamError};
use crate::timeouts::{CALL, REQUEST};

/// What went wrong in a transaction.
pub(super) enum Failure {
    Client(KafkaError),
    Ours(StreamError),
}

/// One turn of serving a producer.
const TURN: Duration = Duration::from_millis(1);
/// A step whose time is over still gets so long.
const SHORTEST: Duration = Duration::from_millis(500);

impl Failure {
    /// The producer is of no more use.
    pub(super) fn is_final(&self) -> bool {
        matches!(self, Self::Client(KafkaError::Transaction(error)) if error.is_fatal())
    }
}

impl From<KafkaError> for Failure {
    fn from(error: KafkaError) -> Self {
        Self::Client(error)
    }
}

/// Writes records, each batch to its topic, and positions, which the broker takes from this generation of the group alone.
pub(super) fn transact(
    producer: &BaseProducer<Refusals>,
    batches: &[(&str, &[NewRecord])],
    positions: &TopicPartitionList,
    generation: &ConsumerGroupMetadata,
) -> Result<(), Failure> {
    let until = Instant::now() + CALL;
    let _ = producer.context().take_missing();
    producer.begin_transaction()?;
    for (topic, records) in batches {
        for record in *records {
            send(producer, topic, record, until)?;
        }
    }
    producer.send_offsets_to_transaction(positions, generation, left(until))?;
    if !settle(producer, until) {
        return Err(Failure::Ours(StreamError::Away("committing: the client does not answer".to_owned())));
    }
    if producer.context().take_missing() {
        return Err(Failure::Ours(StreamError::Away("committing: no broker said where a record stands".to_owned())));
    }
    producer.commit_transaction(left(until))?;
    Ok(())
}

/// Undoes a transaction. The client waits inside for records that only we can take back from it, so these come first.
pub(super) fn undo(producer: &BaseProducer<Refusals>) -> Result<(), KafkaError> {
    producer.purge(PurgeConfig::default().queue());
    settle(producer, Instant::now() + REQUEST);
    producer.abort_transaction(REQUEST)
}

fn send(producer: &BaseProducer<Refusals>, topic: &str, record: &NewRecord, until: Instant) -> Result<(), Failure> {
    let mut message = BaseRecord::to(topic)
        .partition(start::number(record.partition).map_err(Failure::Ours)?)
        .key(&record.key[..])
        .payload(&record.value[..]);
    if record.headers.iter().next().is_some() {
        message = message.headers(headers(record));
    }
    loop {
        match producer.send(message) {
            Ok(()) => return Ok(()),
            Err((error, unsent)) => {
                let is_full = error.rdkafka_error_code() == Some(RDKafkaErrorCode::QueueFull);
                if !is_full || Instant::now() > until {
                    // One that the client itself takes for too large is delivered to nobody.
                    producer.context().note(topic, start::number(record.partition).map_err(Failure::Ours)?, &error);
                    return Err(error.into());
                }
                message = unsent;
                producer.poll(TURN);
            }
        }
    }
}

/// Waits until every record was delivered or failed; whether all were in time. The client library's own wait looks every 100 ms
/// only.
fn settle(producer: &BaseProducer<Refusals>, until: Instant) -> bool {
    while producer.in_flight_count() > 0 {
        if Instant::now() >= until {
            return false;
        }
        producer.poll(TURN);
    }
    true
}

fn left(until: Instant) -> Duration {
    until.saturating_duration_since(Instant::now()).max(SHORTEST)
}
