//! What becomes of the records of a transaction, and which of them a topic refuses: the commit says only that it failed.

use std::sync::{Arc, Mutex, PoisonError};

use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::DeliveryResult;
use rdkafka::producer::ProducerContext;
use rdkafka::{ClientContext, Message};

use super::client_errors::ClientErrors;
use crate::port::StreamError;

/// Listens to a transactional producer.
#[derive(Clone)]
pub(super) struct Refusals {
    errors: ClientErrors,
    refused: Arc<Mutex<Option<StreamError>>>,
}

impl Refusals {
    pub(super) fn new(errors: ClientErrors) -> Self {
        Self { errors, refused: Arc::default() }
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
}

impl ProducerContext for Refusals {
    type DeliveryOpaque = ();

    fn delivery(&self, delivered: &DeliveryResult<'_>, (): ()) {
        if let Err((error, message)) = delivered {
            self.note(message.topic(), message.partition(), error);
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
