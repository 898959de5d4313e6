//! A transactional producer, made anew when it breaks.

use std::sync::{Arc, Mutex, PoisonError};

use rdkafka::config::ClientConfig;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::{BaseProducer, Producer};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use super::client;
use super::client_errors::{ClientErrors, reason};
use super::options::KafkaOptions;
use super::ownership::Permit;
use super::refusals::Refusals;
use super::start;
use super::transaction::{Failure, transact, undo};
use super::transactional_ids::TransactionalId;
use crate::port::{Flush, NewRecord, StreamError};
use crate::timeouts::{CALL, KAFKA_LISTEN, KAFKA_TRANSACTION};

/// Writes one flush as one transaction. Whoever takes its id over ends its open transaction.
pub(super) struct TransactionalWriter {
    options: Arc<KafkaOptions>,
    config: ClientConfig,
    errors: ClientErrors,
    refusals: Refusals,
    producer: Mutex<Option<BaseProducer<Refusals>>>,
}

impl TransactionalWriter {
    pub(super) fn new(options: Arc<KafkaOptions>, id: &TransactionalId, errors: ClientErrors) -> Self {
        let mut config = client::producer(&options);
        config.set("transactional.id", id.as_str());
        config.set("transaction.timeout.ms", KAFKA_TRANSACTION.as_millis().to_string());
        config.set("linger.ms", "0");
        let refusals = Refusals::new(errors.clone());
        Self { options, config, errors, refusals, producer: Mutex::new(None) }
    }

    /// Makes the producer ready, and with it ends a transaction that its id left open.
    pub(super) fn open(&self) -> Result<(), StreamError> {
        let producer = self.connect()?;
        *self.producer.lock().unwrap_or_else(PoisonError::into_inner) = Some(producer);
        Ok(())
    }

    /// Blocks, a bounded time.
    pub(super) fn commit(&self, flush: &Flush, permit: &Permit) -> Result<(), StreamError> {
        let positions = self.positions(flush)?;
        let mut slot = self.producer.lock().unwrap_or_else(PoisonError::into_inner);
        let producer = match slot.take() {
            Some(producer) => producer,
            None => self.connect()?,
        };
        let batches: [(&str, &[NewRecord]); 2] =
            [(&self.options.sums_topic, &flush.sums), (&self.options.dead_letters_topic, &flush.dead_letters)];
        drop(self.refusals.take_refused());
        let failure = match transact(&producer, &batches, &positions, &permit.generation) {
            Ok(()) => {
                self.errors.works();
                *slot = Some(producer);
                return Ok(());
            }
            Err(failure) => failure,
        };
        let undone = !failure.is_final() && undo(&producer).is_ok();
        // Which record was refused may be told while it is undone.
        let refused = self.refusals.take_refused();
        // A producer that cannot even undo is left; the next one by its id undoes. One with a record that was refused takes no
        // positions any more, though it has undone its transaction.
        if undone && refused.is_none() {
            *slot = Some(producer);
        }
        Err(refused.unwrap_or_else(|| self.explain(failure)))
    }

    fn connect(&self) -> Result<BaseProducer<Refusals>, StreamError> {
        let refused = |error: KafkaError| StreamError::Refused(reason(&error));
        let producer: BaseProducer<Refusals> =
            self.config.create_with_context(self.refusals.clone()).map_err(refused)?;
        producer.init_transactions(CALL).map_err(|error| {
            // The reason stands in its events.
            producer.poll(KAFKA_LISTEN);
            self.errors.away("opening transactions", &error)
        })?;
        Ok(producer)
    }

    fn positions(&self, flush: &Flush) -> Result<TopicPartitionList, StreamError> {
        let mut positions = TopicPartitionList::with_capacity(flush.offsets.len());
        for (partition, next) in &flush.offsets {
            let refused = || StreamError::Refused(format!("offset {next}: must be below 2^63"));
            let offset = i64::try_from(*next).map_err(|_| refused())?;
            let mut position = positions.add_partition(&self.options.topic, start::number(*partition)?);
            position.set_offset(Offset::Offset(offset)).map_err(|_| refused())?;
        }
        Ok(positions)
    }

    fn explain(&self, failure: Failure) -> StreamError {
        match failure {
            Failure::Ours(error) => error,
            Failure::Client(error) => match error.rdkafka_error_code() {
                Some(code) if is_of_generation(code) => StreamError::Fenced(reason(&error)),
                Some(code) if is_of_producer(code) => StreamError::Away(format!(
                    "committing: {code}: the broker ended the transaction, or another process goes by the same instance (of a \
                     data_dir that was copied, remove the file \"instance\")"
                )),
                Some(code @ (RDKafkaErrorCode::MessageSizeTooLarge | RDKafkaErrorCode::UnknownPartition)) => {
                    StreamError::Refused(format!("committing: {code}"))
                }
                _ => self.errors.away("committing", &error),
            },
        }
    }
}

impl Drop for TransactionalWriter {
    fn drop(&mut self) {
        let producer = self.producer.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        // Ending a client takes a while.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            drop(runtime.spawn_blocking(move || drop(producer)));
        }
    }
}

/// The group has given the partitions anew, or is about to, and its members are told.
fn is_of_generation(code: RDKafkaErrorCode) -> bool {
    matches!(
        code,
        RDKafkaErrorCode::IllegalGeneration
            | RDKafkaErrorCode::UnknownMemberId
            | RDKafkaErrorCode::RebalanceInProgress
            | RDKafkaErrorCode::FencedInstanceId
            | RDKafkaErrorCode::FencedMemberEpoch
            | RDKafkaErrorCode::StaleMemberEpoch
    )
}

/// The coordinator of transactions ended ours, because it took too long or the coordinator moved, or another producer took
/// our id: the group knows nothing of it.
fn is_of_producer(code: RDKafkaErrorCode) -> bool {
    matches!(code, RDKafkaErrorCode::Fenced | RDKafkaErrorCode::ProducerFenced | RDKafkaErrorCode::InvalidProducerEpoch)
}

#[cfg(test)]
mod tests {

    use super::super::transactional_ids::TransactionalIds;
    use super::*;

    #[test]
    fn only_what_the_group_refused_waits_for_the_group() {
        let id = Arc::new(TransactionalIds::new("g", "i")).lease();
        let writer = TransactionalWriter::new(Arc::new(KafkaOptions::of_nobody()), &id, ClientErrors::default());
        let explained = |code| writer.explain(Failure::Client(KafkaError::OffsetFetch(code)));
        for code in [RDKafkaErrorCode::IllegalGeneration, RDKafkaErrorCode::RebalanceInProgress] {
            assert!(matches!(explained(code), StreamError::Fenced(_)), "{code}");
        }
        for code in [RDKafkaErrorCode::Fenced, RDKafkaErrorCode::ProducerFenced, RDKafkaErrorCode::InvalidProducerEpoch]
        {
            let told = explained(code);
            assert!(matches!(&told, StreamError::Away(told) if told.contains("instance")), "{code}: {told}");
        }
    }
}
