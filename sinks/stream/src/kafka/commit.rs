//! Commits of a subscription: one Kafka transaction each, with rows, dead letters and positions, fenced by the generation.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use rdkafka::config::ClientConfig;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer, PurgeConfig};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use super::append::headers;
use super::client::{self, Trouble, blocking, reason};
use super::options::KafkaOptions;
use super::ownership::{Ownership, Permit};
use super::start;
use crate::limits::{CALL, KAFKA_LOOK, KAFKA_TRANSACTION, NOTE_BYTES, REQUEST};
use crate::metrics::StreamMetrics;
use crate::port::{Committer, Flush, NewRecord, StreamError};

/// The committing half of a subscription.
pub(super) struct KafkaCommitter {
    pub(super) writer: Arc<Writer>,
    pub(super) ownership: Arc<Ownership>,
    pub(super) metrics: StreamMetrics,
}

/// A transactional producer, made anew when it breaks. Whoever takes its name over ends its open transaction.
pub(super) struct Writer {
    options: Arc<KafkaOptions>,
    config: ClientConfig,
    trouble: Trouble,
    producer: Mutex<Option<BaseProducer<Trouble>>>,
}

/// The names of this process's transactional producers that nobody uses now.
pub(super) struct Names {
    stem: String,
    state: Mutex<(Vec<String>, u32)>,
}

/// One turn of serving a producer.
const TURN: Duration = Duration::from_millis(1);
/// A step whose time is over still gets so long.
const SHORTEST: Duration = Duration::from_millis(500);

/// A name in use; free again when dropped.
pub(super) struct Name {
    text: String,
    names: Arc<Names>,
}

/// What went wrong in a transaction.
enum Failure {
    Client(KafkaError),
    Ours(StreamError),
}

#[async_trait]
impl Committer for KafkaCommitter {
    async fn commit(&self, flush: Flush) -> Result<(), StreamError> {
        let begun = Instant::now();
        let records = flush.rows.len() + flush.dead_letters.len();
        let outcome = match self.ownership.begin(&flush) {
            Ok(permit) => {
                let writer = Arc::clone(&self.writer);
                blocking(move || writer.commit(&flush, &permit)).await
            }
            Err(error) => Err(error),
        };
        self.metrics.commit.observe(begun, records, &outcome);
        outcome
    }
}

impl Names {
    /// Names that no other process has.
    pub(super) fn new(group: &str) -> Self {
        Self { stem: format!("{group}-{}", uuid::Uuid::now_v7().simple()), state: Mutex::default() }
    }

    /// A name that nobody in this process uses: one used before, if there is any, so that what it left open ends at once
    /// and not when the broker's patience does.
    pub(super) fn lease(self: &Arc<Self>) -> Name {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let text = state.0.pop().unwrap_or_else(|| {
            state.1 += 1;
            format!("{}-{}", self.stem, state.1)
        });
        Name { text, names: Arc::clone(self) }
    }
}

impl Drop for Name {
    fn drop(&mut self) {
        let text = std::mem::take(&mut self.text);
        self.names.state.lock().unwrap_or_else(PoisonError::into_inner).0.push(text);
    }
}

impl Writer {
    pub(super) fn new(options: Arc<KafkaOptions>, name: &Name) -> Self {
        let mut config = client::producer(&options);
        config.set("transactional.id", &name.text);
        config.set("transaction.timeout.ms", KAFKA_TRANSACTION.as_millis().to_string());
        config.set("linger.ms", "0");
        Self { options, config, trouble: Trouble::default(), producer: Mutex::new(None) }
    }

    /// Makes the producer ready, and with it ends a transaction that its name left open.
    pub(super) fn open(&self) -> Result<(), StreamError> {
        let producer = self.connect()?;
        *self.producer.lock().unwrap_or_else(PoisonError::into_inner) = Some(producer);
        Ok(())
    }

    /// Blocks, a bounded time.
    fn commit(&self, flush: &Flush, permit: &Permit) -> Result<(), StreamError> {
        let positions = self.positions(flush)?;
        let mut slot = self.producer.lock().unwrap_or_else(PoisonError::into_inner);
        let producer = match slot.take() {
            Some(producer) => producer,
            None => self.connect()?,
        };
        let failure = match self.transact(&producer, flush, &positions, permit) {
            Ok(()) => {
                *slot = Some(producer);
                return Ok(());
            }
            Err(failure) => failure,
        };
        // A producer that cannot even undo is left; the next one by its name undoes.
        if !failure.is_final() && undo(&producer).is_ok() {
            *slot = Some(producer);
        }
        Err(self.explain(failure))
    }

    fn connect(&self) -> Result<BaseProducer<Trouble>, StreamError> {
        let refused = |error: KafkaError| StreamError::Refused(reason(&error));
        let producer: BaseProducer<Trouble> = self.config.create_with_context(self.trouble.clone()).map_err(refused)?;
        producer.init_transactions(CALL).map_err(|error| {
            // The reason stands in its events.
            producer.poll(KAFKA_LOOK);
            self.trouble.away("opening transactions", &error)
        })?;
        Ok(producer)
    }

    fn transact(
        &self,
        producer: &BaseProducer<Trouble>,
        flush: &Flush,
        positions: &TopicPartitionList,
        permit: &Permit,
    ) -> Result<(), Failure> {
        let until = Instant::now() + CALL;
        producer.begin_transaction()?;
        for (topic, records) in
            [(&self.options.sums_topic, &flush.rows), (&self.options.dead_letters_topic, &flush.dead_letters)]
        {
            for record in records {
                send(producer, topic, record, until)?;
            }
        }
        producer.send_offsets_to_transaction(positions, &permit.generation, left(until))?;
        settle(producer, until);
        producer.commit_transaction(left(until))?;
        Ok(())
    }

    fn positions(&self, flush: &Flush) -> Result<TopicPartitionList, StreamError> {
        let mut positions = TopicPartitionList::with_capacity(flush.offsets.len());
        for (partition, committed) in &flush.offsets {
            if committed.note.len() > NOTE_BYTES {
                let told = format!("a note has {} bytes, must have at most {NOTE_BYTES}", committed.note.len());
                return Err(StreamError::Refused(told));
            }
            let refused = || StreamError::Refused(format!("offset {}: must be below 2^63", committed.offset));
            let offset = i64::try_from(committed.offset).map_err(|_| refused())?;
            let mut position = positions.add_partition(&self.options.topic, start::number(*partition)?);
            position.set_offset(Offset::Offset(offset)).map_err(|_| refused())?;
            position.set_metadata(&committed.note);
        }
        Ok(positions)
    }

    fn explain(&self, failure: Failure) -> StreamError {
        match failure {
            Failure::Ours(error) => error,
            Failure::Client(error) => match error.rdkafka_error_code() {
                Some(code) if is_fence(code) => StreamError::Fenced(reason(&error)),
                Some(code @ (RDKafkaErrorCode::MessageSizeTooLarge | RDKafkaErrorCode::UnknownPartition)) => {
                    StreamError::Refused(format!("committing: {code}"))
                }
                _ => self.trouble.away("committing", &error),
            },
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        let producer = self.producer.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        // Ending a client takes a while.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            drop(runtime.spawn_blocking(move || drop(producer)));
        }
    }
}

impl Failure {
    /// The producer is of no more use.
    fn is_final(&self) -> bool {
        matches!(self, Self::Client(KafkaError::Transaction(error)) if error.is_fatal())
    }
}

impl From<KafkaError> for Failure {
    fn from(error: KafkaError) -> Self {
        Self::Client(error)
    }
}

fn send(producer: &BaseProducer<Trouble>, topic: &str, record: &NewRecord, until: Instant) -> Result<(), Failure> {
    let mut message = BaseRecord::to(topic)
        .partition(start::number(record.partition).map_err(Failure::Ours)?)
        .key(&record.key[..])
        .payload(&record.value[..])
        .headers(headers(record));
    loop {
        match producer.send(message) {
            Ok(()) => return Ok(()),
            Err((error, unsent)) => {
                let is_full = error.rdkafka_error_code() == Some(RDKafkaErrorCode::QueueFull);
                if !is_full || Instant::now() > until {
                    return Err(error.into());
                }
                message = unsent;
                producer.poll(TURN);
            }
        }
    }
}

/// Undoes a transaction. The client waits inside for records that only we can take back from it, so these come first.
fn undo(producer: &BaseProducer<Trouble>) -> Result<(), KafkaError> {
    producer.purge(PurgeConfig::default().queue());
    settle(producer, Instant::now() + REQUEST);
    producer.abort_transaction(REQUEST)
}

/// Waits until every record was delivered or failed. The client library's own wait looks every 100 ms only.
fn settle(producer: &BaseProducer<Trouble>, until: Instant) {
    while producer.in_flight_count() > 0 && Instant::now() < until {
        producer.poll(TURN);
    }
}

fn left(until: Instant) -> Duration {
    until.saturating_duration_since(Instant::now()).max(SHORTEST)
}

/// Somebody else owns the partitions, or the producer's name.
fn is_fence(code: RDKafkaErrorCode) -> bool {
    matches!(
        code,
        RDKafkaErrorCode::Fenced
            | RDKafkaErrorCode::ProducerFenced
            | RDKafkaErrorCode::InvalidProducerEpoch
            | RDKafkaErrorCode::IllegalGeneration
            | RDKafkaErrorCode::UnknownMemberId
            | RDKafkaErrorCode::RebalanceInProgress
            | RDKafkaErrorCode::FencedInstanceId
            | RDKafkaErrorCode::FencedMemberEpoch
            | RDKafkaErrorCode::StaleMemberEpoch
    )
}
