//! (c) Queue to Kafka: 2 KB messages from a full RabbitMQ queue. Floor: raw consume, produce and multi-acknowledge.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use bytes::Bytes;
use futures::stream::{FuturesUnordered, StreamExt};
use tallygate_core::envelope::{self, Head};
use tallygate_core::{Draft, MessageNumber, Run, Transaction};
use tallygate_queue::{AmqpOptions, AmqpQueue, Queue};
use tallygate_stream::{KafkaOptions, KafkaStream, Stream, StreamMetrics, Topic};
use tallygate_test_servers::{Cassandra, Kafka, RabbitMq};

use crate::child::{Measured, Site};
use crate::floors;
use crate::measure::{Cost, figure};

const MESSAGES: u64 = 100_000;
const TOPIC: &str = "tallygate.transactions";
const TIME: Duration = Duration::from_secs(180);

pub fn measure() -> Result<()> {
    let (rabbit, kafka, cassandra) = (RabbitMq::start()?, Kafka::start()?, Cassandra::start()?);
    let runtime = tokio::runtime::Runtime::new()?;
    let stream = stream(&kafka.brokers())?;
    runtime.block_on(stream.prepare(15))?;
    runtime.block_on(fill(&rabbit.url(), "bench.floor"))?;
    let arguments = ["ship", &rabbit.url(), "bench.floor", &kafka.brokers(), TOPIC, &MESSAGES.to_string()];
    let floor = floors::cost(&Measured::floor(&arguments)?.output()?)?;
    let before = total(&runtime.block_on(stream.bounds(Topic::Transactions))?);
    runtime.block_on(fill(&rabbit.url(), TOPIC))?;
    let site = Site::new(&format!(
        "[queue]\nbackend = \"amqp\"\nurl = \"{}\"\n[stream]\nbackend = \"kafka\"\nbrokers = [\"{}\"]\n[sums]\nbackend = \"cassandra\"\ncontact_points = [\"{}\"]\n",
        rabbit.url(),
        kafka.brokers(),
        cassandra.contact_point()
    ))?;
    let shipper = Measured::tallygate(&site.config(), "shipper")?;
    let shipped = |runtime: &tokio::runtime::Runtime| {
        anyhow::Ok(total(&runtime.block_on(stream.bounds(Topic::Transactions))?) - before)
    };
    let end = Instant::now() + TIME;
    while shipped(&runtime)? == 0 {
        ensure!(Instant::now() < end, "the shipper ships nothing");
        std::thread::sleep(Duration::from_millis(20));
    }
    let start = Instant::now();
    while shipped(&runtime)? < MESSAGES {
        ensure!(Instant::now() < end, "the shipper ships too slowly");
        std::thread::sleep(Duration::from_millis(50));
    }
    // The CPU time holds the process's start, some ten milliseconds.
    let cost = Cost { units: MESSAGES, wall: start.elapsed(), cpu: shipper.cpu()? };
    figure("(c) queue to Kafka, 2 KB", &cost, Some(&floor), "cpu <= 20");
    Ok(())
}

pub fn total(bounds: &[tallygate_stream::Bounds]) -> u64 {
    bounds.iter().map(|partition| partition.high - partition.low).sum()
}

/// The stream of a site with default names.
pub fn stream(brokers: &str) -> Result<Arc<KafkaStream>> {
    let options = KafkaOptions {
        brokers: vec![brokers.to_owned()],
        topic: TOPIC.to_owned(),
        sums_topic: "tallygate.daily-sums".to_owned(),
        dead_letters_topic: "tallygate.dead-letters".to_owned(),
        partitions: 4,
        replication_factor: None,
        group: "tallygate".to_owned(),
        properties: std::collections::BTreeMap::new(),
    };
    Ok(Arc::new(KafkaStream::new(options, StreamMetrics::default())?))
}

/// Fills a queue with messages as the gateway writes them.
async fn fill(url: &str, name: &str) -> Result<()> {
    let queue = AmqpQueue::open(AmqpOptions::new(url, name))?;
    let mut under_way = FuturesUnordered::new();
    for sequence in 0..MESSAGES {
        if under_way.len() >= 512 {
            under_way.next().await.transpose()?;
        }
        let message = message(sequence, 2048)?;
        let queue = &queue;
        under_way.push(async move {
            while let Err(error) = queue.publish(message.clone()).await {
                ensure!(error.is_retryable(), "{error}");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            Ok(())
        });
    }
    while let Some(done) = under_way.next().await {
        done?;
    }
    Ok(())
}

fn message(sequence: u64, bytes: usize) -> Result<Bytes> {
    let transactions =
        Transaction::check_all(vec![draft(sequence, 1_000, bytes.saturating_sub(420))], "shop-1", &"UTC".parse()?)?;
    let head = Head {
        number: MessageNumber { run: Run(7), sequence },
        partner: "shop-1".into(),
        policy: "json".into(),
        version: "0".repeat(64).into(),
        traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".into(),
    };
    Ok(envelope::encode(&head, &transactions)?.into())
}

/// A transaction of today among so many keys, with a note of so many bytes.
pub fn draft(n: u64, keys: u64, note: usize) -> Draft {
    Draft {
        id: format!("bench-{n}"),
        time: jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        key: format!("key-{}", n.wrapping_mul(0x9E37_79B9_7F4A_7C15) % keys),
        amount: format!("{}.{:02}", n % 1_000, n % 100),
        currency: "EUR".to_owned(),
        kind: "sale".to_owned(),
        attributes: if note == 0 { Vec::new() } else { vec![("note".to_owned(), "x".repeat(note))] },
        ..Draft::default()
    }
}
