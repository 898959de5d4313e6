//! Reads along a topic without owning anything: a thread polls, and tells when all there is was read.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};

use super::batch::{Stopped, poll_batch};
use super::client;
use super::client_errors::{ClientErrors, reason};
use super::handover::Handover;
use super::options::KafkaOptions;
use super::{reading_thread, start};
use crate::port::{Batch, Follower, Start, StreamError};
use crate::records::Packer;
use crate::timeouts::{FOLLOWER_AWAY, KAFKA_POLL, REQUEST};

/// A follower; its thread ends when it is dropped.
pub(super) struct KafkaFollower(Arc<Handover<Batch>>);

/// What the thread works with.
struct Polling {
    topic: String,
    consumer: BaseConsumer<ClientErrors>,
    errors: ClientErrors,
    handover: Arc<Handover<Batch>>,
    partitions: BTreeSet<u32>,
    /// Those read to their end.
    ended: BTreeSet<u32>,
    /// Since when the broker has not answered.
    away: Option<Instant>,
}

/// How often a broker that seems away is asked.
const ASK: Duration = Duration::from_secs(2);

/// Blocks until it is known where to read from, a bounded time.
///
/// # Errors
/// As [`Stream::follow`](crate::Stream::follow).
pub(super) fn follow(
    options: &KafkaOptions,
    topic: &str,
    starts: &[(u32, Start)],
) -> Result<KafkaFollower, StreamError> {
    let refused = |error: KafkaError| StreamError::Refused(reason(&error));
    let errors = ClientErrors::default();
    let mut config = client::consumer(options);
    config.set("enable.partition.eof", "true");
    let consumer: BaseConsumer<ClientErrors> = config.create_with_context(errors.clone()).map_err(refused)?;
    let offsets = start::resolve(&consumer, &errors, topic, starts)?;
    consumer.assign(&offsets).map_err(refused)?;
    let handover = Arc::new(Handover::new());
    let polling = Polling {
        topic: topic.to_owned(),
        consumer,
        errors,
        handover: Arc::clone(&handover),
        partitions: starts.iter().map(|(partition, _)| *partition).collect(),
        ended: BTreeSet::new(),
        away: None,
    };
    if polling.partitions.is_empty() {
        handover.put(Batch { records: Vec::new(), caught_up: true }, 0);
    }
    reading_thread::start("kafka-follower", &handover, move || polling.run())?;
    Ok(KafkaFollower(handover))
}

#[async_trait]
impl Follower for KafkaFollower {
    async fn next(&mut self) -> Result<Batch, StreamError> {
        self.0.next().await
    }
}

impl Drop for KafkaFollower {
    fn drop(&mut self) {
        self.0.close();
    }
}

impl Polling {
    fn run(mut self) {
        let mut packer = Packer::default();
        while !self.handover.is_over() {
            if let Err(error) = self.turn(&mut packer) {
                self.handover.fail(error);
            }
        }
    }

    fn turn(&mut self, packer: &mut Packer) -> Result<(), StreamError> {
        // Not polling holds nobody up: a follower is no member. Fetching ahead stops by itself.
        if !self.handover.wait_for_space(KAFKA_POLL) {
            return Ok(());
        }
        let stopped = poll_batch(&self.consumer, packer, KAFKA_POLL)?;
        let bytes = packer.bytes();
        let records = packer.finish();
        let had_ended = self.has_ended();
        for record in &records {
            self.ended.remove(&record.partition);
        }
        match stopped {
            Stopped::End(partition) => drop(self.ended.insert(partition)),
            Stopped::Error(error) => self.heed(&error)?,
            Stopped::Quiet => self.ask()?,
        }
        let caught_up = self.has_ended() && (!had_ended || !records.is_empty());
        if caught_up || !records.is_empty() {
            self.away = None;
            self.handover.put(Batch { records, caught_up }, bytes);
        }
        Ok(())
    }

    fn has_ended(&self) -> bool {
        self.ended.len() == self.partitions.len()
    }

    fn heed(&mut self, error: &KafkaError) -> Result<(), StreamError> {
        let what = || format!("reading {}", self.topic);
        match error.rdkafka_error_code() {
            Some(RDKafkaErrorCode::AutoOffsetReset) => {
                Err(StreamError::Away(format!("{}: the position is no longer in the log; follow anew", what())))
            }
            Some(RDKafkaErrorCode::TopicAuthorizationFailed | RDKafkaErrorCode::UnknownTopicOrPartition) => {
                Err(self.errors.away(&what(), error))
            }
            _ => {
                self.away.get_or_insert_with(Instant::now);
                self.ask()
            }
        }
    }

    /// The client does not say when a broker that was away is back.
    fn ask(&mut self) -> Result<(), StreamError> {
        let (Some(since), Some(partition)) = (self.away, self.partitions.first()) else { return Ok(()) };
        let number = start::number(*partition)?;
        match self.consumer.fetch_watermarks(&self.topic, number, ASK.min(REQUEST)) {
            Ok(_) => self.away = None,
            Err(error) if since.elapsed() > FOLLOWER_AWAY => {
                return Err(self.errors.away(&format!("reading {}", self.topic), &error));
            }
            Err(_) => {}
        }
        Ok(())
    }
}
