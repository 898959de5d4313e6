//! The log that is measured, and the transactions on it.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::{Offset, TopicPartitionList};
use tallygate_core::Draft;
use tallygate_stream::{KafkaOptions, KafkaStream, Retention, Stream, StreamMetrics, Topic};
use tokio::runtime::Runtime;

/// The transactions of a site with default names.
pub const TOPIC: &str = "tallygate.transactions";

/// Records in all partitions.
pub fn total(bounds: &[tallygate_stream::Bounds]) -> u64 {
    bounds.iter().map(|partition| partition.high - partition.low).sum()
}

/// How many records are folded and committed.
pub fn committed(runtime: &Runtime, stream: &dyn Stream) -> Result<u64> {
    let bounds = runtime.block_on(stream.bounds(Topic::Transactions))?;
    Ok(bounds.iter().map(|partition| partition.committed).sum())
}

/// All partitions of a topic, each from there on.
pub fn partitions(consumer: &BaseConsumer, topic: &str, from: Offset) -> Result<TopicPartitionList> {
    let metadata = consumer.fetch_metadata(Some(topic), Duration::from_secs(10))?;
    let mut partitions = TopicPartitionList::new();
    for partition in metadata.topics().first().context("no topic")?.partitions() {
        partitions.add_partition_offset(topic, partition.id(), from)?;
    }
    Ok(partitions)
}

/// The stream of a site with default names, with its topics.
pub fn prepared(runtime: &Runtime, brokers: &str) -> Result<Arc<KafkaStream>> {
    let stream = Arc::new(KafkaStream::new(options(brokers), StreamMetrics::default())?);
    runtime.block_on(stream.prepare(Retention { fold_days: 15, lag_days: 0 }))?;
    Ok(stream)
}

/// What that stream is opened with.
pub fn options(brokers: &str) -> KafkaOptions {
    KafkaOptions {
        brokers: vec![brokers.to_owned()],
        topic: TOPIC.to_owned(),
        sums_topic: "tallygate.daily-sums".to_owned(),
        dead_letters_topic: "tallygate.dead-letters".to_owned(),
        partitions: 4,
        replication_factor: None,
        allow_unsafe: false,
        group: "tallygate".to_owned(),
        instance: "bench".to_owned(),
        properties: std::collections::BTreeMap::new(),
    }
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
