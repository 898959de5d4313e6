//! The shipper's floor: lapin and rdkafka alone, writing records as the shipper does.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use futures::{FutureExt, StreamExt};
use lapin::options::{BasicAckOptions, BasicConsumeOptions, BasicQosOptions};
use lapin::types::FieldTable;
use rdkafka::ClientContext;
use rdkafka::config::ClientConfig;
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{BaseRecord, DeliveryResult, Producer, ProducerContext, ThreadedProducer};

use super::queue::channel;
use super::scan::scan;
use crate::measure::{Cost, process_cpu};
use crate::syscalls::Counter;

const BATCH: u64 = 500;
/// How long more is waited for where nothing is there: to be woken for each message costs more than all else.
const GATHER: Duration = Duration::from_millis(5);
/// Of all messages, how many tenths are gone when their CPU time is looked at; over the others the system calls are counted.
const TENTHS: u64 = 8;

/// The headers of a record, by name, with values as long as the shipper's.
const HEADERS: [(&str, &str); 10] = [
    ("tallygate-number", "0000000000000007/100000/0"),
    ("tallygate-policy", "json@0000000000000000000000000000000000000000000000000000000000000000"),
    ("tallygate-generation", "1"),
    ("ce_specversion", "1.0"),
    ("ce_id", "bench-100000"),
    ("ce_source", "/shop-1/json"),
    ("ce_type", "sale"),
    ("ce_time", "2026-11-22T12:00:00Z"),
    ("content-type", "application/json"),
    ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
];

struct Delivered(Arc<AtomicU64>);

impl ClientContext for Delivered {}

impl ProducerContext for Delivered {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        if result.is_ok() {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Raw lapin and rdkafka: consume, produce under the transaction's key to the topic's partitions, acknowledge many at once when
/// all before are delivered.
pub async fn ship(url: &str, queue: &str, brokers: &str, topic: &str, messages: u64) -> Result<Cost> {
    let channel = channel(url, queue).await?;
    channel.basic_qos(2_000, BasicQosOptions::default()).await?;
    let delivered = Arc::new(AtomicU64::new(0));
    let producer = producer(brokers, &delivered)?;
    let mut consumer = channel
        .basic_consume(queue.into(), "floor".into(), BasicConsumeOptions::default(), FieldTable::default())
        .await?;
    let (start, cpu) = (Instant::now(), process_cpu());
    let measured = messages * TENTHS / 10;
    let mut looked = None;
    let (mut taken, mut last) = (0, 0);
    while taken < messages {
        let Some(delivery) = consumer.next().now_or_never() else {
            tokio::time::sleep(GATHER).await;
            continue;
        };
        let delivery = delivery.context("the consumer ended")??;
        let key = scan(&delivery.data, b"\"key\":\"");
        let mut record = BaseRecord::to(topic).key(key).payload(&delivery.data).headers(headers());
        while let Err((_, full)) = producer.send(record) {
            record = full;
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        (taken, last) = (taken + 1, delivery.delivery_tag);
        if taken % BATCH == 0 {
            while delivered.load(Ordering::Relaxed) + BATCH < taken {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            if taken > BATCH {
                channel.basic_ack(last - BATCH, BasicAckOptions { multiple: true }).await?;
            }
        }
        if taken == measured {
            let cost = Cost { units: measured, wall: start.elapsed(), cpu: process_cpu() - cpu, calls: None };
            looked = Some((cost, Counter::of(std::process::id())));
        }
    }
    producer.flush(Duration::from_secs(30))?;
    channel.basic_ack(last, BasicAckOptions { multiple: true }).await?;
    let (cost, calls) = looked.context("there are no messages")?;
    Ok(cost.with_calls(calls.stop(), messages - measured))
}

fn producer(brokers: &str, delivered: &Arc<AtomicU64>) -> Result<ThreadedProducer<Delivered>> {
    Ok(ClientConfig::new()
        .set("bootstrap.servers", brokers)
        .set("acks", "all")
        .set("enable.idempotence", "true")
        .set("linger.ms", "2")
        .set("compression.type", "none")
        .create_with_context(Delivered(delivered.clone()))?)
}

fn headers() -> OwnedHeaders {
    HEADERS.iter().fold(OwnedHeaders::new_with_capacity(HEADERS.len()), |headers, (key, value)| {
        headers.insert(Header { key, value: Some(value.as_bytes()) })
    })
}
