//! A producer that many appends share, made when it is needed and anew after it gave up on itself.

use std::sync::{Arc, Mutex, PoisonError};

use rdkafka::config::{ClientConfig, RDKafkaLogLevel};
use rdkafka::error::KafkaError;
use rdkafka::message::DeliveryResult;
use rdkafka::producer::{Producer, ProducerContext, ThreadedProducer};
use rdkafka::{ClientContext, Message};

use super::client::blocking;
use super::client_errors::{ClientErrors, reason};
use super::fates::{Place, Why};
use crate::port::StreamError;
use crate::timeouts::CALL;

/// A producer, once there is one.
pub(super) struct SharedProducer {
    config: ClientConfig,
    errors: ClientErrors,
    /// None before the first append, and after the client gave up on itself.
    slot: Mutex<Option<Arc<ThreadedProducer<Deliveries>>>>,
}

/// Whether a broker said where a record stands that the client takes for written. Of one that was refused for the moment it does
/// so also when a later one is taken, as a broker takes none out of turn: but one that has forgotten the producer does, after
/// `producer.id.expiration.ms` without a record.
pub(super) fn stands(record: &impl Message) -> bool {
    record.offset() >= 0
}

/// Tells each record's place what became of it.
pub(super) struct Deliveries(ClientErrors);

impl SharedProducer {
    pub(super) fn new(config: ClientConfig, errors: ClientErrors) -> Self {
        Self { config, errors, slot: Mutex::new(None) }
    }

    pub(super) fn get(&self) -> Result<Arc<ThreadedProducer<Deliveries>>, StreamError> {
        let mut slot = self.slot.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(producer) = &*slot {
            return Ok(Arc::clone(producer));
        }
        let made = self.config.create_with_context(Deliveries(self.errors.clone()));
        let producer = Arc::new(made.map_err(|error| StreamError::Refused(reason(&error)))?);
        *slot = Some(Arc::clone(&producer));
        Ok(producer)
    }

    /// Leaves a producer for good, and the next append makes another: one that met a fatal error, which stays useless, and one
    /// that gave up on records, which may wait for what a server owes it that was ended since, for ever.
    pub(super) async fn leave_if_broken(&self, producer: Arc<ThreadedProducer<Deliveries>>, is_stuck: bool) {
        match producer.client().fatal_error() {
            Some((code, told)) => tracing::warn!(%code, told, "the producer gave up and is made anew"),
            None if is_stuck => tracing::debug!("the producer gave up on records and is made anew"),
            None => return,
        }
        {
            let mut slot = self.slot.lock().unwrap_or_else(PoisonError::into_inner);
            if slot.as_ref().is_some_and(|current| Arc::ptr_eq(current, &producer)) {
                *slot = None;
            }
        }
        let ended = blocking(move || {
            drop(producer);
            Ok(())
        });
        let _ = tokio::time::timeout(CALL, ended).await;
    }
}

impl ProducerContext for Deliveries {
    type DeliveryOpaque = Box<Place>;

    fn delivery(&self, delivered: &DeliveryResult<'_>, place: Box<Place>) {
        let outcome = match delivered {
            Ok(record) if stands(record) => Ok(()),
            Ok(_) => Err(Why::NoPlace),
            Err((error, _)) => Err(Why::Error(error.clone())),
        };
        if place.delivered(outcome) && delivered.is_ok() {
            self.0.works();
        }
    }
}

impl ClientContext for Deliveries {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        self.0.log(level, facility, message);
    }

    fn error(&self, error: KafkaError, told: &str) {
        self.0.error(error, told);
    }
}
