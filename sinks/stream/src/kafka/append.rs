//! Appends to the transactions: one shared producer, and for each call a count of the records still on their way.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use rdkafka::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{DeliveryResult, Header, OwnedHeaders};
use rdkafka::producer::{BaseRecord, Producer, ProducerContext, ThreadedProducer};
use rdkafka::util::IntoOpaque;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::client::{self, blocking};
use super::client_errors::{ClientErrors, reason};
use super::options::KafkaOptions;
use super::start;
use crate::port::{NewRecord, StreamError};
use crate::timeouts::{APPEND, CALL};

/// Appends; made once for a process.
pub(super) struct Appender {
    options: Arc<KafkaOptions>,
    errors: ClientErrors,
    /// None before the first append, and after the client gave up on itself.
    producer: Mutex<Option<Arc<ThreadedProducer<Deliveries>>>>,
}

/// The records of one call that are on their way.
struct Pending {
    left: AtomicUsize,
    failure: OnceLock<KafkaError>,
    done: Notify,
}

/// Counts down what was delivered.
struct Deliveries(ClientErrors);

/// While the client's own buffer is full.
const FULL_PAUSE: Duration = Duration::from_millis(2);

impl Appender {
    pub(super) fn new(options: Arc<KafkaOptions>) -> Self {
        Self { options, errors: ClientErrors::default(), producer: Mutex::new(None) }
    }

    /// `Ok` when all in-sync replicas have all records.
    pub(super) async fn append(&self, records: &[NewRecord]) -> Result<(), StreamError> {
        let producer = self.producer()?;
        // One more than there are records, so that it is not done before all were sent.
        let left = AtomicUsize::new(records.len() + 1);
        let pending = Arc::new(Pending { left, failure: OnceLock::new(), done: Notify::new() });
        let mut sent = Ok(());
        for (index, record) in records.iter().enumerate() {
            sent = self.send(&producer, record, &pending).await;
            if sent.is_err() {
                pending.delivered(records.len() - index);
                break;
            }
        }
        pending.delivered(1);
        // The client gives up in time by itself; this is for one that does not.
        let waited = tokio::time::timeout(APPEND + CALL, pending.done.notified()).await;
        let failed = match (pending.failure.get(), waited) {
            (Some(error), _) => Err(self.explain(error)),
            (None, Err(_)) => Err(StreamError::Away("appending: the client does not answer".to_owned())),
            (None, Ok(())) => Ok(()),
        };
        let outcome = sent.and(failed);
        if outcome.is_err() {
            self.replace_if_broken(producer).await;
        }
        outcome
    }

    async fn send(
        &self,
        producer: &ThreadedProducer<Deliveries>,
        record: &NewRecord,
        pending: &Arc<Pending>,
    ) -> Result<(), StreamError> {
        let mut message = BaseRecord::with_opaque_to(&self.options.topic, Arc::clone(pending))
            .partition(start::number(record.partition)?)
            .key(&record.key[..])
            .payload(&record.value[..])
            .headers(headers(record));
        let until = Instant::now() + APPEND;
        loop {
            let (error, unsent) = match producer.send(message) {
                Ok(()) => return Ok(()),
                Err(refused) => refused,
            };
            let is_full = error.rdkafka_error_code() == Some(RDKafkaErrorCode::QueueFull);
            if !is_full || Instant::now() > until {
                return Err(self.explain(&error));
            }
            message = unsent;
            tokio::time::sleep(FULL_PAUSE).await;
        }
    }

    fn producer(&self) -> Result<Arc<ThreadedProducer<Deliveries>>, StreamError> {
        let mut slot = self.producer.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(producer) = &*slot {
            return Ok(Arc::clone(producer));
        }
        let made = client::producer(&self.options).create_with_context(Deliveries(self.errors.clone()));
        let producer = Arc::new(made.map_err(|error| StreamError::Refused(reason(&error)))?);
        *slot = Some(Arc::clone(&producer));
        Ok(producer)
    }

    /// A producer that met a fatal error stays useless; the next append makes another.
    async fn replace_if_broken(&self, producer: Arc<ThreadedProducer<Deliveries>>) {
        let Some((code, told)) = producer.client().fatal_error() else { return };
        tracing::warn!(%code, told, "the producer gave up and is made anew");
        {
            let mut slot = self.producer.lock().unwrap_or_else(PoisonError::into_inner);
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

    fn explain(&self, error: &KafkaError) -> StreamError {
        let topic = &self.options.topic;
        let what = format!("appending to {topic}");
        match error.rdkafka_error_code() {
            Some(
                code @ (RDKafkaErrorCode::MessageSizeTooLarge
                | RDKafkaErrorCode::InvalidMessageSize
                | RDKafkaErrorCode::UnknownPartition
                | RDKafkaErrorCode::UnknownTopic
                | RDKafkaErrorCode::InvalidRecord
                | RDKafkaErrorCode::PolicyViolation),
            ) => StreamError::Refused(format!("{what}: {code}")),
            _ => self.errors.away(&what, error),
        }
    }
}

/// The headers of a record, as the client takes them.
pub(super) fn headers(record: &NewRecord) -> OwnedHeaders {
    let empty = OwnedHeaders::new_with_capacity(record.headers.len());
    record
        .headers
        .iter()
        .fold(empty, |headers, (name, value)| headers.insert(Header { key: name, value: Some(&value[..]) }))
}

impl Pending {
    fn delivered(&self, records: usize) {
        if self.left.fetch_sub(records, Ordering::AcqRel) == records {
            self.done.notify_one();
        }
    }
}

impl ProducerContext for Deliveries {
    type DeliveryOpaque = Arc<Pending>;

    fn delivery(&self, delivered: &DeliveryResult<'_>, pending: Arc<Pending>) {
        if let Err((error, _)) = delivered {
            // The first one tells enough.
            let _ = pending.failure.set(error.clone());
        }
        pending.delivered(1);
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

// What crosses into the client as an opaque pointer.
const _: fn() = || {
    fn crosses<T: IntoOpaque>() {}
    crosses::<Arc<Pending>>();
};
