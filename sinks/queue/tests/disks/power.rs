//! What is confirmed outlives syncs that fail and power cuts, and a queue on a disk that is well again goes on by itself.

use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use tallygate_core::limits::MESSAGE_BYTES;
use tallygate_queue::{Consumer, Delivery, EmbeddedQueue, Queue, QueueError, Tag};
use tallygate_test_disk::{Disk, Fault};
use tokio::time::timeout;

const LONG: Duration = Duration::from_secs(60);

#[test]
#[ignore = "started by the other tests"]
fn the_process_of_a_disk() {
    tallygate_test_disk::serve().unwrap();
}

struct Home(Disk);

impl Home {
    fn new() -> Self {
        // One of our own needs root and /dev/fuse.
        Self(Disk::new("power::the_process_of_a_disk").unwrap())
    }

    fn folder(&self) -> PathBuf {
        self.0.path().join("queue")
    }

    fn open(&self) -> EmbeddedQueue {
        EmbeddedQueue::open(self.folder()).unwrap()
    }

    /// As if its process were killed: it tells the disk nothing more.
    fn kill(&self, queue: EmbeddedQueue) {
        self.0.set(Fault::ReadOnly).unwrap();
        drop(queue);
    }

    fn cut(&self, seed: u64) {
        self.0.cut(seed).unwrap();
        self.0.set(Fault::None).unwrap();
    }
}

async fn publish(queue: &EmbeddedQueue, message: &'static str) -> Result<(), QueueError> {
    queue.publish(Bytes::from_static(message.as_bytes())).await
}

async fn waiting(queue: &EmbeddedQueue) -> (Box<dyn Consumer>, Vec<Delivery>) {
    let mut consumer = queue.consume(1_000).await.unwrap();
    let mut all = Vec::new();
    while (all.len() as u64) < queue.depth().await.unwrap() {
        all.extend(timeout(LONG, consumer.receive(1_000)).await.unwrap().unwrap());
    }
    (consumer, all)
}

fn has(all: &[Delivery], message: &str) -> bool {
    all.iter().any(|delivery| delivery.message == message.as_bytes())
}

#[tokio::test]
async fn rule_15_nothing_is_built_on_what_a_failed_sync_left_in_memory_alone() {
    for seed in 0..4 {
        let home = Home::new();
        let before = home.open();
        publish(&before, "first").await.unwrap();
        home.0.set(Fault::SyncsFail).unwrap();
        assert!(publish(&before, "not confirmed").await.unwrap_err().is_retryable());
        drop(before);
        home.0.set(Fault::None).unwrap();

        let after = home.open();
        publish(&after, "second").await.unwrap();
        home.kill(after);
        home.cut(seed);
        let (_consumer, all) = waiting(&home.open()).await;
        assert!(has(&all, "first") && has(&all, "second"), "seed {seed}: {all:?}");
    }
}

#[tokio::test]
async fn rule_15_a_queue_whose_disk_failed_goes_on_by_itself_and_keeps_what_it_confirmed() {
    for (seed, fault) in [Fault::OneSyncFails, Fault::SyncsFail, Fault::ReadOnly].into_iter().enumerate() {
        let home = Home::new();
        let queue = home.open();
        publish(&queue, "before").await.unwrap();
        home.0.set(fault).unwrap();
        let told = publish(&queue, "meanwhile").await.unwrap_err();
        assert!(told.is_retryable() && told.to_string().contains(".segment"), "{fault:?}: {told}");
        home.0.set(Fault::None).unwrap();
        publish(&queue, "after").await.unwrap();
        let (mut consumer, all) = waiting(&queue).await;
        assert_eq!((all.len(), has(&all, "meanwhile")), (2, false), "{fault:?}");
        consumer.acknowledge(&[all[0].tag]).await.unwrap();
        drop(consumer);
        home.kill(queue);
        home.cut(seed as u64);
        let (_consumer, all) = waiting(&home.open()).await;
        assert!(has(&all, "after") && !has(&all, "meanwhile"), "{fault:?}: {all:?}");
    }
}

#[tokio::test]
async fn a_full_disk_is_named_and_what_waits_is_taken_off_it() {
    let home = Home::new();
    let queue = home.open();
    let large = Bytes::from(vec![7; MESSAGE_BYTES]);
    queue.publish(large.clone()).await.unwrap();
    home.0.set(Fault::Full).unwrap();
    let told = queue.publish(large.clone()).await.unwrap_err();
    assert!(told.is_retryable() && told.to_string().contains("the disk is full"), "{told}");
    home.0.set(Fault::None).unwrap();
    queue.publish(large).await.unwrap();
    assert_eq!(waiting(&queue).await.1.len(), 2);
}

/// Segments go once all of theirs is acknowledged, so the acknowledgements must not go back behind that.
#[tokio::test]
async fn rule_15_power_cuts_while_segments_go_lose_nothing_that_waits() {
    for seed in 0..6 {
        let home = Home::new();
        let queue = home.open();
        for n in 0..5 {
            queue.publish(Bytes::from(vec![n; MESSAGE_BYTES])).await.unwrap();
        }
        let (mut consumer, all) = waiting(&queue).await;
        let gone: Vec<Tag> = all[..3].iter().map(|delivery| delivery.tag).collect();
        consumer.acknowledge(&gone).await.unwrap();
        // They go by and by; half of the cuts come meanwhile.
        let segments = || std::fs::read_dir(home.folder()).unwrap().count() - 1;
        let two_are_left = async {
            while seed % 2 == 0 && segments() > 2 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), two_are_left).await.expect("two have a message that waits");
        assert!(segments() >= 2, "two have a message that waits");
        drop(consumer);
        home.kill(queue);
        home.cut(seed);
        let (_consumer, left) = waiting(&home.open()).await;
        let left: Vec<u8> = left.iter().map(|delivery| delivery.message[0]).collect();
        assert_eq!(left, [3, 4], "seed {seed}");
    }
}
