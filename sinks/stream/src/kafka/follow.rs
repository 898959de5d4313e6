//! Reads along a topic without owning anything: a thread polls, and tells when all there is was read.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};

use super::batch::{Stopped, poll_batch};
use super::bounds::BoundsClient;
use super::client;
use super::client_errors::{ClientErrors, reason};
use super::fetch_queue::FetchQueue;
use super::handover::Handover;
use super::options::KafkaOptions;
use super::{reading_thread, start};
use crate::port::{Batch, Follower, Start, StreamError, Topic};
use crate::records::{Packer, Record};
use crate::timeouts::{FOLLOWER_AWAY, KAFKA_POLL, REQUEST};

/// A follower; its thread ends when it is dropped.
pub(super) struct KafkaFollower(Arc<Handover<Batch>>);

/// Which records are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Isolation {
    Committed,
    /// Those too that are not committed yet, or never.
    Uncommitted,
}

/// What the thread works with.
struct Polling {
    topic: String,
    fetched: FetchQueue<ClientErrors>,
    errors: ClientErrors,
    handover: Arc<Handover<Batch>>,
    partitions: BTreeSet<u32>,
    end: End,
    /// Since when the broker has not answered.
    away: Option<Instant>,
}

/// Whether all was read. The broker tells an end only where nothing came for a while, which a busy topic never lets happen:
/// what was there at first is read when its offsets are.
struct End {
    /// Partitions of which something may be unread that was there at first, and the offset behind it.
    unread: BTreeMap<u32, u64>,
    /// Partitions whose end was told, and nothing since.
    ended: BTreeSet<u32>,
    was_reached: bool,
    /// Nothing came since it was told.
    is_told: bool,
}

/// How often a broker that seems away is asked.
const ASK: Duration = Duration::from_secs(2);

/// Blocks until it is known where to read from, a bounded time.
///
/// # Errors
/// As [`Stream::follow`](crate::Stream::follow).
pub(super) fn follow(
    options: &KafkaOptions,
    bounds: &BoundsClient,
    errors: ClientErrors,
    isolation: Isolation,
    topic: Topic,
    starts: &[(u32, Start)],
) -> Result<KafkaFollower, StreamError> {
    let refused = |error: KafkaError| StreamError::Refused(reason(&error));
    let mut config = client::consumer(options);
    config.set("enable.partition.eof", "true");
    if isolation == Isolation::Uncommitted {
        config.set("isolation.level", "read_uncommitted");
    }
    let consumer: BaseConsumer<ClientErrors> = config.create_with_context(errors.clone()).map_err(refused)?;
    let name = options.name(topic);
    let offsets = start::resolve(&consumer, &errors, name, starts)?;
    let partitions: BTreeSet<u32> = starts.iter().map(|(partition, _)| *partition).collect();
    let numbers = partitions.iter().map(|partition| start::number(*partition)).collect::<Result<Vec<_>, _>>()?;
    let none = || StreamError::Away(format!("the client has no queue for the partitions of {name}"));
    let fetched = FetchQueue::new(consumer, name, numbers.into_iter()).ok_or_else(none)?;
    fetched.consumer().assign(&offsets).map_err(refused)?;
    // What was committed before this call is below them, also where the broker does not show it yet.
    let unread = bounds.ends(topic, &partitions)?;
    let handover = Arc::new(Handover::new());
    let polling = Polling {
        topic: name.to_owned(),
        fetched,
        errors,
        handover: Arc::clone(&handover),
        partitions,
        end: End { unread, ended: BTreeSet::new(), was_reached: false, is_told: false },
        away: None,
    };
    reading_thread::start("kafka-follower", &handover, move || polling.run())?;
    Ok(KafkaFollower(handover))
}

#[async_trait]
impl Follower for KafkaFollower {
    async fn next(&mut self) -> Result<Batch, StreamError> {
        self.0.next().await
    }

    fn at_hand(&mut self) -> Result<Option<Batch>, StreamError> {
        self.0.take().transpose()
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
        let stopped = poll_batch(&mut self.fetched, &self.topic, packer, KAFKA_POLL)?;
        let bytes = packer.bytes();
        let records = packer.finish();
        self.end.read(&records);
        match stopped {
            Stopped::End(partition) => self.end.told(partition),
            Stopped::Error(error) => self.heed(&error)?,
            Stopped::Quiet => self.ask()?,
        }
        let caught_up = self.end.tell(self.partitions.len());
        if !records.is_empty() {
            self.errors.works();
        }
        if caught_up || !records.is_empty() {
            self.away = None;
            self.handover.put(Batch { records, caught_up }, bytes);
        }
        Ok(())
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
        match self.fetched.consumer().fetch_watermarks(&self.topic, number, ASK.min(REQUEST)) {
            Ok(_) => self.away = None,
            Err(error) if since.elapsed() > FOLLOWER_AWAY => {
                return Err(self.errors.away(&format!("reading {}", self.topic), &error));
            }
            Err(_) => {}
        }
        Ok(())
    }
}

impl End {
    fn read(&mut self, records: &[Record]) {
        self.is_told &= records.is_empty();
        for Record { partition, offset, .. } in records {
            self.ended.remove(partition);
            if self.unread.get(partition).is_some_and(|behind| offset + 1 >= *behind) {
                self.unread.remove(partition);
            }
        }
    }

    fn told(&mut self, partition: u32) {
        self.ended.insert(partition);
        self.unread.remove(&partition);
    }

    /// Whether it was reached, once.
    fn tell(&mut self, partitions: usize) -> bool {
        let is_first = !self.was_reached && self.unread.is_empty();
        let is_reached = is_first || self.ended.len() == partitions;
        self.was_reached |= is_reached;
        let tells = is_reached && !self.is_told;
        self.is_told |= is_reached;
        tells
    }
}
