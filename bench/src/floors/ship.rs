//! The shipper's floor: lapin and rdkafka alone.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use futures::stream::StreamExt;
use lapin::options::{BasicAckOptions, BasicConsumeOptions, BasicQosOptions};
use lapin::types::FieldTable;
use rdkafka::ClientContext;
use rdkafka::config::ClientConfig;
use rdkafka::producer::{BaseRecord, DeliveryResult, Producer, ProducerContext, ThreadedProducer};

use super::queue::channel;
use crate::measure::{Cost, process_cpu};

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

/// Raw lapin and rdkafka: consume, produce as it is, acknowledge many at once when all before are delivered.
pub async fn ship(url: &str, queue: &str, brokers: &str, topic: &str, messages: u64) -> Result<Cost> {
    const BATCH: u64 = 500;
    let channel = channel(url, queue).await?;
    channel.basic_qos(2_000, BasicQosOptions::default()).await?;
    let delivered = Arc::new(AtomicU64::new(0));
    let producer: ThreadedProducer<Delivered> = ClientConfig::new()
        .set("bootstrap.servers", brokers)
        .set("enable.idempotence", "true")
        .set("linger.ms", "5")
        .create_with_context(Delivered(delivered.clone()))?;
    let mut consumer = channel
        .basic_consume(queue.into(), "floor".into(), BasicConsumeOptions::default(), FieldTable::default())
        .await?;
    let (start, cpu) = (Instant::now(), process_cpu());
    let (mut taken, mut last) = (0, 0);
    while taken < messages {
        let delivery = consumer.next().await.context("the consumer ended")??;
        while producer.send(BaseRecord::to(topic).key("key").payload(&delivery.data)).is_err() {
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
    }
    producer.flush(Duration::from_secs(30))?;
    channel.basic_ack(last, BasicAckOptions { multiple: true }).await?;
    Ok(Cost { units: messages, wall: start.elapsed(), cpu: process_cpu() - cpu })
}
