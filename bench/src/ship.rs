//! (c) Queue to Kafka: 2 KB messages from a full RabbitMQ queue. Floor: raw consume, produce and multi-acknowledge.

use std::time::Duration;

use anyhow::{Result, ensure};
use bytes::Bytes;
use futures::stream::{FuturesUnordered, StreamExt};
use tallygate_core::envelope::{self, Head};
use tallygate_core::{MessageNumber, Run, Transaction};
use tallygate_queue::{AmqpOptions, AmqpQueue, Queue};
use tallygate_stream::{Stream, Topic};
use tallygate_test_servers::{Cassandra, Kafka, RabbitMq};

use crate::aims;
use crate::child::Measured;
use crate::floors;
use crate::log::{TOPIC, draft, prepared, total};
use crate::progress;
use crate::report::Report;
use crate::site::Site;

const MESSAGES: u64 = 100_000;
const TIME: Duration = Duration::from_secs(180);

pub fn measure(report: &mut Report) -> Result<()> {
    let (rabbit, kafka, cassandra) = (RabbitMq::start()?, Kafka::start()?, Cassandra::start()?);
    let runtime = tokio::runtime::Runtime::new()?;
    let stream = prepared(&runtime, &kafka.brokers())?;
    let fill_one = |name: &str| {
        runtime.block_on(async { fill(&AmqpQueue::open(AmqpOptions::new(rabbit.url(), name))?, MESSAGES).await })
    };
    fill_one("bench.floor")?;
    let arguments = ["ship", &rabbit.url(), "bench.floor", &kafka.brokers(), TOPIC, &MESSAGES.to_string()];
    let floor = floors::cost(&Measured::floor(&arguments)?.output()?)?;
    let before = total(&runtime.block_on(stream.bounds(Topic::Transactions))?);
    fill_one(TOPIC)?;
    let site = Site::on(&rabbit, &kafka, &cassandra)?;
    let shipper = Measured::tallygate(&site.config(), "shipper")?;
    let shipped = || anyhow::Ok(total(&runtime.block_on(stream.bounds(Topic::Transactions))?) - before);
    let cost = progress::cost(&shipper, MESSAGES, TIME, shipped)?;
    report.figure(&aims::SHIP, &cost, Some(&floor));
    Ok(())
}

/// Fills a queue with messages as the gateway writes them.
pub async fn fill(queue: &dyn Queue, messages: u64) -> Result<()> {
    let mut under_way = FuturesUnordered::new();
    for sequence in 0..messages {
        if under_way.len() >= 512 {
            under_way.next().await.transpose()?;
        }
        let message = message(sequence, 2048)?;
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
