//! A producer that many appends share, made when it is needed and anew after it gave up on itself.

use std::sync::{Arc, Mutex, PoisonError};

use rdkafka::ClientContext;
use rdkafka::config::{ClientConfig, RDKafkaLogLevel};
use rdkafka::error::KafkaError;
use rdkafka::message::DeliveryResult;
use rdkafka::producer::{Producer, ProducerContext, ThreadedProducer};

use super::client::blocking;
use super::client_errors::{ClientErrors, reason};
use super::fates::Place;
use crate::port::StreamError;

/// A producer, once there is one.
pub(super) struct SharedProducer {
    config: ClientConfig,
    errors: ClientErrors,
    /// None before the first append, and after the client gave up on itself.
    slot: Mutex<Option<Arc<ThreadedProducer<Deliveries>>>>,
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

    /// A producer that met a fatal error stays useless; the next append makes another.
    pub(super) async fn replace_if_broken(&self, producer: Arc<ThreadedProducer<Deliveries>>) {
        let Some((code, told)) = producer.client().fatal_error() else { return };
        tracing::warn!(%code, told, "the producer gave up and is made anew");
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
        let _ = ended.await;
    }
}

impl ProducerContext for Deliveries {
    type DeliveryOpaque = Box<Place>;

    fn delivery(&self, delivered: &DeliveryResult<'_>, place: Box<Place>) {
        place.delivered(delivered.as_ref().map(|_| ()).map_err(|(error, _)| error.clone()));
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
