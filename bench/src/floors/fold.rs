//! The aggregator's floor: rdkafka and a hash map.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::Message;
use rdkafka::{Offset, TopicPartitionList};

use super::scan::scan;
use crate::measure::{Cost, process_cpu};

/// A plain consumer with a scanner that knows where the fields stand, and a hash map; no sinks, no deduplication.
pub fn consume(brokers: &str, topic: &str, records: u64) -> Result<Cost> {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", brokers)
        .set("group.id", "floor")
        .set("enable.auto.commit", "false")
        .create()?;
    let metadata = consumer.fetch_metadata(Some(topic), Duration::from_secs(10))?;
    let mut partitions = TopicPartitionList::new();
    for partition in metadata.topics().first().context("no topic")?.partitions() {
        partitions.add_partition_offset(topic, partition.id(), Offset::Beginning)?;
    }
    consumer.assign(&partitions)?;
    let (start, cpu) = (Instant::now(), process_cpu());
    let mut sums: hashbrown::HashMap<Vec<u8>, (i128, u64)> = hashbrown::HashMap::new();
    let mut seen = 0;
    while seen < records {
        let Some(message) = consumer.poll(Duration::from_secs(30)) else { bail!("the log ended at {seen}") };
        let message = message?;
        let value = message.payload().unwrap_or_default();
        let (key, amount) = (scan(value, b"\"key\":\""), scan(value, b"\"amount\":\""));
        match sums.get_mut(key) {
            Some(sum) => *sum = (sum.0 + cents(amount), sum.1 + 1),
            None => drop(sums.insert(key.to_vec(), (cents(amount), 1))),
        }
        seen += 1;
    }
    Ok(Cost { units: records, wall: start.elapsed(), cpu: process_cpu() - cpu, calls: None })
}

fn cents(amount: &[u8]) -> i128 {
    amount.iter().filter(|byte| byte.is_ascii_digit()).fold(0, |sum, digit| sum * 10 + i128::from(digit - b'0'))
}
