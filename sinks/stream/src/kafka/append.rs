//! Appends to the transactions: shared producers, and for each call the fate of each of its records.

use std::sync::Arc;
use std::time::Duration;

use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{BaseRecord, ThreadedProducer};
use tokio::time::Instant;

use super::client;
use super::client_errors::ClientErrors;
use super::fates::{Fates, Place, Why};
use super::options::KafkaOptions;
use super::producer::{Deliveries, SharedProducer};
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
    /// Whether the client gave it up.
    is_given_up: bool,
}

/// While the client's own buffer is full.
const FULL_PAUSE: Duration = Duration::from_millis(2);

impl Failure {
    fn of(index: usize, error: StreamError) -> Self {
        Self { index, error, in_company: false, is_given_up: false }
    }
}

impl Appender {
    pub(super) fn new(options: &Arc<KafkaOptions>, errors: ClientErrors) -> Self {
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
        let producer = match shared.get() {
            Ok(producer) => producer,
            Err(error) => return chosen.iter().map(|index| Failure::of(*index, error.clone())).collect(),
        };
        let fates = Arc::new(Fates::of(chosen.len()));
        let mut failed = Vec::new();
        let until = Instant::now() + APPEND;
        for (place, &index) in chosen.iter().enumerate() {
            let Some(record) = records.get(index) else { continue };
            if let Err(error) = self.send(&producer, record, Place { fates: Arc::clone(&fates), place }, until).await {
                fates.unsent(place);
                failed.push(self.failure(index, &error));
            }
        }
        // The client gives up in time by itself; this is for one that does not.
        let waited = tokio::time::timeout(APPEND + CALL, fates.known()).await;
        failed.extend(fates.failed().into_iter().filter_map(|(place, why)| {
            let index = *chosen.get(place)?;
            Some(match why {
                Why::Error(error) => self.failure(index, &error),
                Why::Silence => Failure::of(index, self.away("the client does not answer")),
                Why::NoPlace => Failure::of(index, self.away("no broker said where the record stands")),
            })
        }));
        if !failed.is_empty() {
            let is_stuck = waited.is_err() || failed.iter().any(|record| record.is_given_up);
            shared.leave_if_broken(producer, is_stuck).await;
        }
        failed
    }

    async fn send(
        &self,
        producer: &ThreadedProducer<Deliveries>,
        record: &NewRecord,
        place: Place,
        until: Instant,
    ) -> KafkaResult<()> {
        let unknown = |_| KafkaError::MessageProduction(RDKafkaErrorCode::UnknownPartition);
        let mut message = BaseRecord::with_opaque_to(&self.topic, Box::new(place))
            .partition(record.partition.try_into().map_err(unknown)?)
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
                return Err(error);
            }
            message = unsent;
            tokio::time::sleep(FULL_PAUSE).await;
        }
    }

    fn away(&self, why: &str) -> StreamError {
        StreamError::Away(format!("appending to {}: {why}", self.topic))
    }

    fn failure(&self, index: usize, error: &KafkaError) -> Failure {
        let code = error.rdkafka_error_code();
        Failure {
            index,
            error: self.explain(error),
            in_company: code.is_some_and(is_of_a_batch),
            is_given_up: code == Some(RDKafkaErrorCode::MessageTimedOut),
        }
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
fn is_of_a_batch(code: RDKafkaErrorCode) -> bool {
    matches!(
        code,
        RDKafkaErrorCode::MessageSizeTooLarge | RDKafkaErrorCode::InvalidMessageSize | RDKafkaErrorCode::InvalidRecord
    )
}

/// The headers of a record, as the client takes them.
pub(super) fn headers(record: &NewRecord) -> OwnedHeaders {
    let empty = OwnedHeaders::new_with_capacity(record.headers.iter().count());
    record.headers.iter().fold(empty, |headers, (key, value)| headers.insert(Header { key, value: Some(value) }))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[tokio::test]
    async fn a_producer_that_gave_up_on_a_record_is_not_asked_again() {
        let appender = Appender::new(&Arc::new(KafkaOptions::of_nobody()), ClientErrors::default());
        let first = appender.together.get().unwrap();
        let record = NewRecord { partition: 0, key: "k".into(), value: "v".into(), ..NewRecord::default() };
        let failed = appender.append(&[record]).await;
        assert!(matches!(&failed[..], [FailedRecord { index: 0, error }] if error.is_retryable()), "{failed:?}");
        assert!(!Arc::ptr_eq(&first, &appender.together.get().unwrap()));
    }
}
