//! What the shipper promises, over the embedded queue and a stream that fails on purpose.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod acknowledging;
mod fake_stream;
mod gathering;
mod held_up;
mod notices;
mod parked;
mod queue_away;
mod real_time;

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use tallygate_core::envelope::{self, Head};
use tallygate_core::generation::{FOLD_RULES, Plan};
use tallygate_core::{Draft, Generation, MessageNumber, PartitionBy, Run, Transaction};
use tallygate_queue::{Consumer, Delivery, EmbeddedQueue, Queue, QueueError, Tag};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use self::fake_stream::{Dice, FakeStream};
use self::notices::Told;
use self::real_time::in_real_time;
use crate::timeouts::LEASE;
use crate::{Queues, Shipper, ShipperMetrics, ShipperOptions};

/// A message of these ids and keys.
pub(crate) fn message(sequence: u64, transactions: &[(&str, &str)]) -> Bytes {
    let draft = |(id, key): &(&str, &str)| Draft {
        id: (*id).into(),
        time: "2026-11-22T23:30:00Z".into(),
        key: (*key).into(),
        amount: "1".into(),
        currency: "EUR".into(),
        kind: "sale".into(),
        ..Draft::default()
    };
    let zone = "UTC".parse().unwrap();
    let drafts = transactions.iter().map(draft).collect();
    let transactions = Transaction::check_all(drafts, "shop-1", &zone).unwrap();
    let head = Head {
        number: MessageNumber { run: Run(7), sequence },
        partner: "shop-1".into(),
        policy: "json".into(),
        version: "abc".into(),
        traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".into(),
    };
    envelope::encode(&head, &transactions).unwrap().into()
}

pub(crate) fn generation(partition_by: PartitionBy) -> Generation {
    let plan = Plan {
        topic: "t".into(),
        partitions: 4,
        partition_by,
        horizon_days: 7,
        future_days: 7,
        fold_rules: FOLD_RULES,
        group: "tallygate".into(),
    };
    Generation::first(plan, tallygate_core::LogId(7))
}

/// A queue that checks, at each acknowledgement, that all of the message is in the stream, or that it is parked; and fails on
/// purpose.
struct WatchedQueue {
    inner: EmbeddedQueue,
    /// What was ever parked; and whether that is here.
    parked: Arc<Mutex<HashSet<Bytes>>>,
    is_place: bool,
    stream: Arc<FakeStream>,
    dice: Dice,
    fails_one_in: u64,
    too_early: Arc<AtomicUsize>,
    consumers: AtomicUsize,
    /// Nobody may consume.
    refuses: AtomicBool,
    /// Messages that were given back.
    released: AtomicUsize,
    /// It asks for so many to be acknowledged at a time.
    stride: usize,
    /// The most that were.
    most_acknowledged: AtomicUsize,
}

struct WatchedConsumer {
    inner: Box<dyn Consumer>,
    queue: Arc<WatchedQueue>,
    messages: HashMap<Tag, Bytes>,
}

struct Watched(Arc<WatchedQueue>);

#[async_trait]
impl Queue for Watched {
    async fn publish(&self, message: Bytes) -> Result<(), QueueError> {
        if self.0.refuses.load(SeqCst) {
            return Err(QueueError::Refused("ACCESS_REFUSED".into()));
        }
        in_real_time(self.0.inner.publish(message.clone())).await?;
        if self.0.is_place {
            self.0.parked.lock().unwrap().insert(message);
        }
        Ok(())
    }

    async fn consume(&self, prefetch: u16) -> Result<Box<dyn Consumer>, QueueError> {
        if self.0.refuses.load(SeqCst) {
            return Err(QueueError::Refused("ACCESS_REFUSED".into()));
        }
        self.0.consumers.fetch_add(1, SeqCst);
        let inner = self.0.inner.consume(prefetch).await?;
        Ok(Box::new(WatchedConsumer { inner, queue: Arc::clone(&self.0), messages: HashMap::new() }))
    }

    async fn depth(&self) -> Result<u64, QueueError> {
        if self.0.is_place && self.0.refuses.load(SeqCst) {
            return Err(QueueError::Refused("ACCESS_REFUSED".into()));
        }
        self.0.inner.depth().await
    }
}

#[async_trait]
impl Consumer for WatchedConsumer {
    async fn receive(&mut self, most: usize) -> Result<Vec<Delivery>, QueueError> {
        if self.queue.dice.one_in(self.queue.fails_one_in) {
            return Err(QueueError::Away("bad luck".into()));
        }
        let deliveries = self.inner.receive(most).await?;
        self.messages.extend(deliveries.iter().map(|delivery| (delivery.tag, delivery.message.clone())));
        Ok(deliveries)
    }

    fn stride(&self) -> usize {
        self.queue.stride
    }

    async fn acknowledge(&mut self, tags: &[Tag]) -> Result<(), QueueError> {
        self.queue.most_acknowledged.fetch_max(tags.len(), SeqCst);
        for tag in tags {
            // It stays: the fault that acknowledges early does so twice.
            let message = &self.messages[tag];
            let is_parked = self.queue.parked.lock().unwrap().contains(message);
            let is_shipped = |value| self.queue.stream.appended.lock().unwrap().contains_key(value);
            if !is_parked && !values(message).iter().all(is_shipped) {
                self.queue.too_early.fetch_add(1, SeqCst);
            }
        }
        if self.queue.dice.one_in(self.queue.fails_one_in) {
            return Err(QueueError::Away("bad luck".into()));
        }
        in_real_time(self.inner.acknowledge(tags)).await
    }

    async fn release(&mut self, tags: &[Tag]) -> Result<(), QueueError> {
        self.queue.released.fetch_add(tags.len(), SeqCst);
        self.inner.release(tags).await
    }
}

fn values(message: &Bytes) -> Vec<Bytes> {
    match envelope::decode(message) {
        Ok(envelope) => envelope.lines().map(|line| message.slice_ref(line.as_bytes())).collect(),
        Err(_) => vec![message.clone()],
    }
}

struct Line {
    _directory: tempfile::TempDir,
    queue: Arc<WatchedQueue>,
    /// Where messages are parked.
    place: Arc<WatchedQueue>,
    stream: Arc<FakeStream>,
    told: Arc<Told>,
    stop: CancellationToken,
    metrics: ShipperMetrics,
    seen: Mutex<Seen>,
}

/// What stood to be read at some moment.
#[derive(Clone, Default)]
struct Seen {
    held_up: i64,
    refused: i64,
    stands: i64,
    troubles: Vec<String>,
}

fn line(seed: u64, stream_fails_one_in: u64, queue_fails_one_in: u64) -> Line {
    let directory = tempfile::tempdir().unwrap();
    let stream = Arc::new(FakeStream {
        dice: Dice(AtomicU64::new(seed)),
        fails_one_in: stream_fails_one_in,
        ..FakeStream::default()
    });
    let parked = Arc::<Mutex<HashSet<Bytes>>>::default();
    let queue = |file: &str, is_place: bool| {
        Arc::new(WatchedQueue {
            inner: EmbeddedQueue::open(directory.path().join(file)).unwrap(),
            parked: Arc::clone(&parked),
            is_place,
            stream: Arc::clone(&stream),
            dice: Dice(AtomicU64::new(seed + 1)),
            fails_one_in: queue_fails_one_in,
            too_early: Arc::default(),
            consumers: AtomicUsize::new(0),
            refuses: AtomicBool::new(false),
            released: AtomicUsize::new(0),
            stride: if seed.is_multiple_of(2) { 3 } else { usize::MAX },
            most_acknowledged: AtomicUsize::new(0),
        })
    };
    let (queue, place) = (queue("queue", false), queue("parked", true));
    let (told, stop, metrics) = (Arc::default(), CancellationToken::new(), ShipperMetrics::default());
    Line { _directory: directory, queue, place, stream, told, stop, metrics, seen: Mutex::default() }
}

impl Line {
    fn queues(&self) -> Queues {
        let watched = |queue| Arc::new(Watched(Arc::clone(queue)));
        Queues { transactions: watched(&self.queue), parked: watched(&self.place) }
    }

    fn shipper(&self, options: ShipperOptions) -> Shipper {
        let generation = generation(PartitionBy::Key);
        let (stream, told) = (Arc::clone(&self.stream), Arc::clone(&self.told));
        Shipper::new(options, self.queues(), stream, told, &generation, self.metrics.clone())
    }

    async fn publish(&self, messages: impl IntoIterator<Item = Bytes>) -> Vec<Bytes> {
        let messages: Vec<Bytes> = messages.into_iter().collect();
        let publish = messages.iter().map(|message| self.queue.inner.publish(message.clone()));
        in_real_time(futures::future::try_join_all(publish)).await.unwrap();
        messages.iter().flat_map(values).collect()
    }

    async fn empty(&self) {
        timeout(Duration::from_secs(1_000), async {
            while self.queue.inner.depth().await.unwrap() > 0 {
                sleep(Duration::from_millis(5)).await;
            }
        })
        .await
        .expect("the queue never became empty");
    }

    /// Remembers what stands to be read.
    fn at_the_end(&self) {
        *self.seen.lock().unwrap() = Seen {
            held_up: self.metrics.held_up.get(),
            refused: self.metrics.refused.get(),
            stands: self.metrics.stands.get(),
            troubles: self.told.troubles(),
        };
    }

    fn seen(&self) -> Seen {
        self.seen.lock().unwrap().clone()
    }

    fn missing(&self, values: &[Bytes]) -> usize {
        let appended = self.stream.appended.lock().unwrap();
        values.iter().filter(|value| !appended.contains_key(*value)).count()
    }
}

fn options(prefetch: u16) -> ShipperOptions {
    ShipperOptions {
        prefetch,
        #[cfg(feature = "faults")]
        acknowledge_before_append: false,
    }
}

fn batch(sequence: u64, size: usize) -> Bytes {
    let names: Vec<(String, String)> = (0..size).map(|n| (format!("{sequence}-{n}"), format!("k{n}"))).collect();
    let transactions: Vec<(&str, &str)> = names.iter().map(|(id, key)| (&**id, &**key)).collect();
    message(sequence, &transactions)
}

#[tokio::test(start_paused = true)]
async fn rule_5_nothing_is_lost_or_acknowledged_early_when_appends_fail_at_random() {
    for seed in 1..=3 {
        let line = line(seed, 100, 0);
        let values = line.publish((0..200).map(|n| batch(n, 1 + n as usize % 7))).await;
        let shipper = line.shipper(options(20)).run(line.stop.clone());
        tokio::select! { () = shipper => panic!("ended"), () = line.empty() => {} }
        assert_eq!(line.missing(&values), 0, "seed {seed}");
        assert_eq!(line.queue.too_early.load(SeqCst), 0, "seed {seed}");
        assert!(line.metrics.append_errors.get() > 0);
    }
}

#[tokio::test(start_paused = true)]
async fn messages_are_shipped_again_when_the_queue_is_lost() {
    for seed in 1..=3 {
        let line = line(seed, 100, 4);
        let values = line.publish((0..200).map(|n| batch(n, 2))).await;
        let shipper = line.shipper(options(20));
        tokio::select! { () = shipper.run(line.stop.clone()) => panic!("ended"), () = line.empty() => {} }
        assert_eq!(line.missing(&values), 0, "seed {seed}");
        assert_eq!(line.queue.too_early.load(SeqCst), 0, "seed {seed}");
        assert!(line.metrics.queue_errors.get() > 0);
    }
}

#[tokio::test]
async fn what_does_not_read_holds_up_nothing_and_is_not_lost() {
    let line = line(1, 0, 0);
    let values = line.publish([batch(1, 1), Bytes::from_static(b"\xFF\xFE"), batch(2, 1)]).await;
    let shipper = line.shipper(ShipperOptions::default()).run(line.stop.clone());
    tokio::select! { () = shipper => panic!("ended"), () = line.empty() => {} }
    assert_eq!((values.len(), line.missing(&values)), (3, 0));
    assert_eq!(line.metrics.unreadable.get(), 1);
}

#[tokio::test(start_paused = true)]
async fn messages_go_back_while_the_stream_is_long_away_and_are_shipped_when_it_answers() {
    let line = line(1, 0, 0);
    let values = line.publish((0..10).map(|n| batch(n, 40))).await;
    line.stream.down.store(true, SeqCst);
    let shipper = line.shipper(ShipperOptions::default()).run(line.stop.clone());
    tokio::pin!(shipper);
    tokio::select! { () = &mut shipper => panic!("ended"), () = sleep(LEASE * 2) => {} }
    assert_eq!(line.queue.consumers.load(SeqCst), 1);
    let mut other = line.queue.inner.consume(100).await.unwrap();
    assert_eq!(other.receive(100).await.unwrap().len(), 10, "still leased");
    drop(other);
    line.stream.down.store(false, SeqCst);
    tokio::select! { () = shipper => panic!("ended"), () = line.empty() => {} }
    assert_eq!(line.missing(&values), 0);
    assert_eq!(line.queue.consumers.load(SeqCst), 2);
}

#[tokio::test(start_paused = true)]
async fn stopping_finishes_what_is_on_the_way_and_gives_back_the_rest() {
    let line = line(1, 0, 0);
    line.publish((0..5_000).map(|n| batch(n, 1))).await;
    let stop = line.stop.clone();
    let shipper = line.shipper(options(1_024)).run(stop.clone());
    let end = async {
        while line.stream.appended.lock().unwrap().is_empty() {
            sleep(Duration::from_millis(1)).await;
        }
        stop.cancel();
        std::future::pending::<()>().await;
    };
    tokio::select! { () = shipper => {} , () = end => {} }
    let shipped = line.stream.appended.lock().unwrap().len() as u64;
    assert_eq!(line.queue.inner.depth().await.unwrap(), 5_000 - shipped, "shipped is acknowledged, no more");
    assert!(line.stream.appended.lock().unwrap().values().all(|times| *times == 1));
    let mut rest = line.queue.inner.consume(100).await.unwrap();
    assert_eq!(rest.receive(100).await.unwrap().len(), 100.min(5_000 - shipped as usize));
}

#[cfg(feature = "faults")]
#[tokio::test]
async fn the_fault_that_acknowledges_early_is_noticed() {
    let line = line(1, 50, 0);
    line.publish((0..200).map(|n| batch(n, 1))).await;
    let shipper =
        line.shipper(ShipperOptions { acknowledge_before_append: true, ..options(200) }).run(line.stop.clone());
    tokio::select! { () = shipper => panic!("ended"), () = line.empty() => {} }
    assert!(line.queue.too_early.load(SeqCst) > 0);
}
