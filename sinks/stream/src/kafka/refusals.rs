//! What becomes of the records of a transaction, and which of them a topic refuses: the commit says only that it failed.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::DeliveryResult;
use rdkafka::producer::ProducerContext;
use rdkafka::{ClientContext, Message};

use super::client_errors::ClientErrors;
use super::producer::stands;
use crate::port::StreamError;

/// Listens to a transactional producer.
#[derive(Clone)]
pub(super) struct Refusals {
    errors: ClientErrors,
    refused: Arc<Mutex<Option<StreamError>>>,
    /// Whether no broker said of a record where it stands that the client takes for written.
    misses: Arc<AtomicBool>,
}

impl Refusals {
    pub(super) fn new(errors: ClientErrors) -> Self {
        Self { errors, refused: Arc::default(), misses: Arc::default() }
    }

    /// Notes that a topic refuses a record of this partition for good, where that is what the error says; the first counts.
    pub(super) fn note(&self, topic: &str, partition: i32, error: &KafkaError) {
        let Some(why) = error.rdkafka_error_code().and_then(refusal) else { return };
        let Ok(partition) = u32::try_from(partition) else { return };
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        refused.get_or_insert_with(|| StreamError::RefusedOf {
            partition,
            why: format!("topic {topic}, partition {partition}: {why}"),
        });
    }

    /// What was refused since this was asked last.
    pub(super) fn take_refused(&self) -> Option<StreamError> {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Whether a record that was taken for written since this was asked last stands nowhere that is known.
    pub(super) fn take_missing(&self) -> bool {
        self.misses.swap(false, Ordering::Relaxed)
    }
}

impl ProducerContext for Refusals {
    type DeliveryOpaque = ();

    fn delivery(&self, delivered: &DeliveryResult<'_>, (): ()) {
        match delivered {
            Ok(record) if stands(record) => {}
            Ok(_) => self.misses.store(true, Ordering::Relaxed),
            Err((error, message)) => self.note(message.topic(), message.partition(), error),
        }
    }
}

impl ClientContext for Refusals {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        self.errors.log(level, facility, message);
    }

    fn error(&self, error: KafkaError, told: &str) {
        self.errors.error(error, told);
    }
}

/// What of a record a topic does not take until somebody changes something.
fn refusal(code: RDKafkaErrorCode) -> Option<String> {
    match code {
        RDKafkaErrorCode::MessageSizeTooLarge => Some(
            "a record is larger than the topic takes, a larger max.message.bytes of the topic would be right"
                .to_owned(),
        ),
        RDKafkaErrorCode::TopicAuthorizationFailed => Some(format!("{code}; the user needs that right")),
        RDKafkaErrorCode::InvalidMessageSize | RDKafkaErrorCode::InvalidRecord | RDKafkaErrorCode::PolicyViolation => {
            Some(code.to_string())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::time::Duration;

    use rdkafka::mocking::MockCluster;
    use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
    use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};

    use super::super::client;
    use super::super::options::KafkaOptions;
    use super::*;

    const TOPIC: &str = "forgetful";

    #[test]
    fn a_record_that_no_broker_has_placed_is_missing() {
        // It knows of no turn in which an idempotent producer's records come, as a broker that has forgotten the producer.
        let kafka = MockCluster::new(1).unwrap();
        kafka.create_topic(TOPIC, 1, 1).unwrap();
        let mut config = client::producer(&KafkaOptions::of_nobody());
        config.set("bootstrap.servers", kafka.bootstrap_servers()).set("linger.ms", "0");
        let refusals = Refusals::new(ClientErrors::default());
        let producer: BaseProducer<Refusals> = config.create_with_context(refusals.clone()).unwrap();
        let send = || producer.send(BaseRecord::to(TOPIC).partition(0).key("k").payload("v")).unwrap();
        send();
        producer.flush(Duration::from_secs(20)).unwrap();
        assert!(!refusals.take_missing());
        kafka.broker_round_trip_time(1, Duration::from_millis(400)).unwrap();
        kafka.request_errors(RDKafkaApiKey::Produce, &[RDKafkaRespErr::RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION]);
        send();
        producer.poll(Duration::from_millis(100));
        send();
        producer.flush(Duration::from_secs(20)).unwrap();
        assert!(refusals.take_missing());
        assert!(!refusals.take_missing(), "it is told once");
    }
}
