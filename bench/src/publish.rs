//! (b) Publishing with confirm on RabbitMQ: the queue's port beside the library alone, each in a process of its own.

use std::time::{Duration, Instant};

use anyhow::Result;
use bytes::Bytes;
use futures::stream::{FuturesUnordered, StreamExt};
use tallygate_queue::{AmqpOptions, AmqpQueue, Queue};
use tallygate_test_servers::RabbitMq;

use crate::aims;
use crate::child::Measured;
use crate::floors;
use crate::measure::{Cost, process_cpu};
use crate::report::Report;
use crate::syscalls::Counter;

/// Messages that are measured, 2 KB each.
pub const MESSAGES: u64 = 100_000;
/// Messages of the pass that counts system calls.
pub const COUNTED: u64 = 20_000;
/// Publishes under way at one time, for both sides of the comparison.
pub const IN_FLIGHT: usize = 512;

pub fn measure(report: &mut Report, rabbit: &RabbitMq) -> Result<()> {
    let of = |what: &str| floors::cost(&Measured::floor(&[what, &rabbit.url()])?.output()?);
    let (raw, ours) = (of("confirms")?, of("publishes")?);
    report.figure(&aims::PUBLISH, &ours, Some(&raw));
    println!("(b) confirms: {:.0} a second, raw lapin {:.0}", ours.rate(), raw.rate());
    Ok(())
}

/// The queue port's own publishing, in this process.
pub async fn port(url: &str) -> Result<Cost> {
    let queue = AmqpQueue::open(AmqpOptions::new(url, "bench-port"))?;
    let message = Bytes::from(vec![b'x'; 2048]);
    while queue.publish(message.clone()).await.is_err() {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    measured(async |messages| {
        let mut under_way = FuturesUnordered::new();
        for _ in 0..messages {
            if under_way.len() >= IN_FLIGHT {
                under_way.next().await.transpose()?;
            }
            under_way.push(queue.publish(message.clone()));
        }
        while let Some(done) = under_way.next().await {
            done?;
        }
        Ok(())
    })
    .await
}

/// What publishing costs this process.
pub async fn measured(publish: impl AsyncFn(u64) -> Result<()>) -> Result<Cost> {
    let (start, cpu) = (Instant::now(), process_cpu());
    publish(MESSAGES).await?;
    let cost = Cost { units: MESSAGES, wall: start.elapsed(), cpu: process_cpu() - cpu, calls: None };
    let calls = Counter::of(std::process::id());
    publish(COUNTED).await?;
    Ok(cost.with_calls(calls.stop(), COUNTED))
}
