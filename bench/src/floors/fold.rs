//! The aggregator's floor: rdkafka and a hash map, and then each row written once.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rdkafka::Offset;
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::{Headers, Message};

use super::rows::Rows;
use super::scan::scan;
use crate::log::partitions;
use crate::measure::{Cost, process_cpu};

/// A plain consumer that asks for the header with the record's number and scans for the fields, knowing where they stand, and a
/// hash map; then one row a key to Cassandra, in batches made before, and to Kafka, in one transaction. No deduplication, no
/// rows made of sums, nothing written before the end and thus nothing twice.
pub async fn fold(brokers: &str, topic: &str, contact_point: &str, records: u64, keys: u64) -> Result<Cost> {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", brokers)
        .set("group.id", "floor")
        .set("enable.auto.commit", "false")
        .create()?;
    let partitions = partitions(&consumer, topic, Offset::Beginning)?;
    let rows = Rows::prepare(brokers, contact_point, keys).await?;
    consumer.assign(&partitions)?;
    let (start, cpu) = (Instant::now(), process_cpu());
    let mut sums: hashbrown::HashMap<Vec<u8>, (i128, u64)> = hashbrown::HashMap::new();
    let mut next = vec![0; partitions.count()];
    let (mut seen, mut numbered) = (0, 0);
    while seen < records {
        let Some(message) = consumer.poll(Duration::from_secs(30)) else { bail!("the log ended at {seen}") };
        let message = message?;
        let number = message.headers().and_then(|headers| headers.try_get(0)).and_then(|header| header.value);
        numbered += u64::from(number.is_some());
        let value = message.payload().unwrap_or_default();
        let (key, amount) = (scan(value, b"\"key\":\""), scan(value, b"\"amount\":\""));
        match sums.get_mut(key) {
            Some(sum) => *sum = (sum.0 + cents(amount), sum.1 + 1),
            None => drop(sums.insert(key.to_vec(), (cents(amount), 1))),
        }
        if let Some(next) = usize::try_from(message.partition()).ok().and_then(|partition| next.get_mut(partition)) {
            *next = message.offset() + 1;
        }
        seen += 1;
    }
    anyhow::ensure!(numbered == records, "only {numbered} of {records} records have a number");
    let offsets: Vec<(i32, i64)> = (0..).zip(next).collect();
    rows.write(topic, &offsets, &consumer.group_metadata().context("no group")?).await?;
    Ok(Cost { units: records, wall: start.elapsed(), cpu: process_cpu() - cpu, calls: None })
}

fn cents(amount: &[u8]) -> i128 {
    amount.iter().filter(|byte| byte.is_ascii_digit()).fold(0, |sum, digit| sum * 10 + i128::from(digit - b'0'))
}
