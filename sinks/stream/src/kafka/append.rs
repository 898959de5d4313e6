//! Appends to the transactions: shared producers, and for each call the fate of each of its records.

use std::sync::Arc;
use std::time::Duration;

use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{BaseRecord, ThreadedProducer};
use tokio::time::Instant;

use super::client;
use super::client_errors::ClientErrors;
use super::fates::{Fates, Place};
use super::options::KafkaOptions;
use super::producer::{Deliveries, SharedProducer};
use super::start;
use crate::port::{FailedRecord, NewRecord, StreamError};
use crate::timeouts::{APPEND, CALL};

/// Appends; made once for a process.
pub(super) struct Appender {
    topic: String,
    errors: ClientErrors,
    together: SharedProducer,
    /// A broker refuses a batch as a whole; what was refused in company is tried once more by this one.
    alone: SharedProducer,
}

/// A record that failed.
struct Failure {
    index: usize,
    error: StreamError,
    /// Whether it may have been another record of its batch that was refused.
    in_company: bool,
}

/// While the client's own buffer is full.
const FULL_PAUSE: Duration = Duration::from_millis(2);

impl Appender {
    pub(super) fn new(options: &Arc<KafkaOptions>) -> Self {
        let errors = ClientErrors::default();
        Self {
            topic: options.topic.clone(),
            together: SharedProducer::new(client::producer(options), errors.clone()),
            alone: SharedProducer::new(client::lone_producer(options), errors.clone()),
            errors,
        }
    }

    /// The records that not all in-sync replicas may have.
    pub(super) async fn append(&self, records: &[NewRecord]) -> Vec<FailedRecord> {
        let all: Vec<usize> = (0..records.len()).collect();
        let failed = self.send_all(&self.together, records, &all).await;
        let (suspects, failed): (Vec<Failure>, Vec<Failure>) = failed.into_iter().partition(|record| record.in_company);
        let again = match &*suspects {
            [] => Vec::new(),
            _ => {
                let suspects: Vec<usize> = suspects.iter().map(|record| record.index).collect();
                tracing::debug!(records = suspects.len(), "refused in company, tried alone");
                self.send_all(&self.alone, records, &suspects).await
            }
        };
        let failed = failed.into_iter().chain(again);
        failed.map(|Failure { index, error, .. }| FailedRecord { index, error }).collect()
    }

    /// Sends those of the records and waits until the fate of each is known.
    async fn send_all(&self, shared: &SharedProducer, records: &[NewRecord], chosen: &[usize]) -> Vec<Failure> {
        let failure = |index, error| Failure { index, error, in_company: false };
        let producer = match shared.get() {
            Ok(producer) => producer,
            Err(error) => return chosen.iter().map(|index| failure(*index, error.clone())).collect(),
        };
        let fates = Arc::new(Fates::of(chosen.len()));
        let mut unsent = Vec::new();
        let until = Instant::now() + APPEND;
        for (place, &index) in chosen.iter().enumerate() {
            let Some(record) = records.get(index) else { continue };
            if let Err(error) = self.send(&producer, record, Place { fates: Arc::clone(&fates), place }, until).await {
                fates.unsent(place);
                unsent.push(failure(index, error));
            }
        }
        // The client gives up in time by itself; this is for one that does not.
        let waited = tokio::time::timeout(APPEND + CALL, fates.known()).await;
        let failed = fates.failed().into_iter().filter_map(|(place, why)| {
            let index = *chosen.get(place)?;
            let error = why.as_ref().map_or_else(|| self.silent(), |error| self.explain(error));
            Some(Failure { index, error, in_company: why.is_some_and(|error| is_of_a_batch(&error)) })
        });
        let failed: Vec<Failure> = unsent.into_iter().chain(failed).collect();
        if waited.is_err() || !failed.is_empty() {
            shared.replace_if_broken(producer).await;
        }
        failed
    }

    async fn send(
        &self,
        producer: &ThreadedProducer<Deliveries>,
        record: &NewRecord,
        place: Place,
        until: Instant,
    ) -> Result<(), StreamError> {
        let mut message = BaseRecord::with_opaque_to(&self.topic, Box::new(place))
            .partition(start::number(record.partition)?)
            .key(&record.key[..])
            .payload(&record.value[..])
            .headers(headers(record));
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

    fn silent(&self) -> StreamError {
        StreamError::Away(format!("appending to {}: the client does not answer", self.topic))
    }

    fn explain(&self, error: &KafkaError) -> StreamError {
        let what = format!("appending to {}", self.topic);
        match error.rdkafka_error_code() {
            Some(RDKafkaErrorCode::MessageSizeTooLarge) => StreamError::Refused(format!(
                "{what}: a record is larger than the topic takes, a larger max.message.bytes of the topic would be right"
            )),
            Some(
                code @ (RDKafkaErrorCode::InvalidMessageSize
                | RDKafkaErrorCode::UnknownPartition
                | RDKafkaErrorCode::UnknownTopic
                | RDKafkaErrorCode::InvalidRecord
                | RDKafkaErrorCode::PolicyViolation),
            ) => StreamError::Refused(format!("{what}: {code}")),
            _ => self.errors.away(&what, error),
        }
    }
}

/// Whether the broker says so of a batch, whichever of its records is the reason.
fn is_of_a_batch(error: &KafkaError) -> bool {
    let code = error.rdkafka_error_code();
    code.is_some_and(|code| {
        matches!(
            code,
            RDKafkaErrorCode::MessageSizeTooLarge
                | RDKafkaErrorCode::InvalidMessageSize
                | RDKafkaErrorCode::InvalidRecord
        )
    })
}

/// The headers of a record, as the client takes them.
pub(super) fn headers(record: &NewRecord) -> OwnedHeaders {
    let empty = OwnedHeaders::new_with_capacity(record.headers.len());
    record
        .headers
        .iter()
        .fold(empty, |headers, (name, value)| headers.insert(Header { key: name, value: Some(&value[..]) }))
}
