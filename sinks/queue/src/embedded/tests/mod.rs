//! What the embedded queue promises beyond the contract.
#![allow(clippy::unwrap_used)]

mod callers;
mod files;
mod power;

use std::path::PathBuf;

use tempfile::TempDir;

use super::*;
use crate::port::{Delivery, Tag};

const LONG: Duration = Duration::from_secs(20);
/// So small that few messages fill one.
const SMALL: u64 = 64 * 1024;

fn folder(directory: &TempDir) -> PathBuf {
    directory.path().join("queue")
}

fn fresh() -> (EmbeddedQueue, TempDir) {
    let directory = tempfile::tempdir().unwrap();
    (EmbeddedQueue::open(folder(&directory)).unwrap(), directory)
}

fn small(directory: &TempDir) -> Result<EmbeddedQueue, QueueError> {
    EmbeddedQueue::open_with(&folder(directory), SMALL)
}

async fn publish(queue: &EmbeddedQueue, count: usize) {
    for n in 0..count {
        queue.publish(format!("message {n}").into()).await.unwrap();
    }
}

async fn receive(consumer: &mut dyn Consumer, most: usize) -> Vec<Delivery> {
    timeout(LONG, consumer.receive(most)).await.unwrap().unwrap()
}

/// All that waits, which stays with the consumer.
async fn receive_all(queue: &EmbeddedQueue, consumer: &mut dyn Consumer) -> Vec<Delivery> {
    let mut all = Vec::new();
    while (all.len() as u64) < queue.depth().await.unwrap() {
        all.extend(receive(consumer, 1_000).await);
    }
    all
}

fn tags(deliveries: &[Delivery]) -> Vec<Tag> {
    deliveries.iter().map(|delivery| delivery.tag).collect()
}

fn segments(directory: &TempDir) -> Vec<u64> {
    segment::ordinals(&folder(directory)).unwrap()
}

/// What the log appends without a thread, so that a test says which group is which.
fn log(directory: &TempDir) -> (log::Log, Arc<Shared>) {
    open::open(&folder(directory), SMALL).unwrap()
}

fn group(from: usize, count: usize) -> Vec<Bytes> {
    (from..from + count).map(|n| Bytes::from(format!("message {n} {}", "x".repeat(n * 37 % 3_000)))).collect()
}
