//! What the embedded queue keeps when its callers go away, its disk hangs, or its file is large.
#![allow(clippy::unwrap_used)]

use std::future::ready;
use std::os::unix::fs::FileExt;
use std::sync::mpsc;
use std::time::Duration;

use tallygate_embedded::rusqlite::{Connection, Transaction};
use tallygate_embedded::timeouts::ANSWER;
use tempfile::TempDir;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::*;
use crate::port::{Delivery, Tag};

const LONG: Duration = Duration::from_secs(20);

fn fresh() -> (EmbeddedQueue, TempDir) {
    let directory = tempfile::tempdir().unwrap();
    (EmbeddedQueue::open(directory.path().join("queue.db")).unwrap(), directory)
}

/// Polls it once, and drops it.
async fn leave(call: impl Future) {
    tokio::select! {
        biased;
        _ = call => panic!("it was to be dropped half-way"),
        () = ready(()) => {}
    }
}

/// Keeps the committing thread busy until what is returned is dropped.
async fn stuck(queue: &EmbeddedQueue) -> mpsc::Sender<()> {
    let (release, released) = mpsc::channel();
    let stuck = move |_: &Transaction<'_>| {
        let _ = released.recv();
        Ok(())
    };
    leave(queue.inner.database.write(stuck)).await;
    release
}

async fn publish(queue: &EmbeddedQueue, count: usize) {
    for n in 0..count {
        queue.publish(format!("message {n}").into()).await.unwrap();
    }
}

async fn receive(consumer: &mut dyn Consumer, most: usize) -> Vec<Delivery> {
    timeout(LONG, consumer.receive(most)).await.unwrap().unwrap()
}

fn tags(deliveries: &[Delivery]) -> Vec<Tag> {
    deliveries.iter().map(|delivery| delivery.tag).collect()
}

#[test]
fn rule_2_each_commit_is_synced_to_the_disk() {
    let (queue, _directory) = fresh();
    assert_eq!(queue.inner.database.durability().unwrap(), Some(Durability::Synced));
}

#[tokio::test]
async fn a_message_whose_publisher_left_is_counted_and_wakes_who_waits() {
    let (queue, _directory) = fresh();
    let mut consumer = queue.consume(5).await.unwrap();
    let release = stuck(&queue).await;
    leave(queue.publish("a".into())).await;
    let (received, ()) = tokio::join!(receive(&mut *consumer, 5), async {
        // It waits already.
        tokio::time::sleep(Duration::from_millis(50)).await;
        drop(release);
    });
    assert_eq!(&received[0].message[..], b"a");
    assert_eq!(queue.depth().await.unwrap(), 1);
    consumer.acknowledge(&tags(&received)).await.unwrap();
    assert_eq!(queue.depth().await.unwrap(), 0);
}

#[tokio::test]
async fn an_acknowledgement_whose_caller_left_is_settled_and_its_room_is_there_again() {
    let (queue, _directory) = fresh();
    publish(&queue, 4).await;
    let mut consumer = queue.consume(2).await.unwrap();
    let received = receive(&mut *consumer, 2).await;
    let release = stuck(&queue).await;
    leave(consumer.acknowledge(&tags(&received))).await;
    // The prefetch is out until it is settled; then who waits goes on.
    let (more, ()) = tokio::join!(receive(&mut *consumer, 2), async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        drop(release);
    });
    assert_eq!(&more[0].message[..], b"message 2");
    assert_eq!(queue.depth().await.unwrap(), 2);
    // Twice is once.
    consumer.acknowledge(&tags(&received)).await.unwrap();
    assert_eq!(queue.depth().await.unwrap(), 2);
}

#[tokio::test]
async fn what_was_acknowledged_by_a_consumer_that_left_does_not_come_back_and_blocks_nobody() {
    let (queue, _directory) = fresh();
    publish(&queue, 3).await;
    let mut consumer = queue.consume(5).await.unwrap();
    let received = receive(&mut *consumer, 5).await;
    let release = stuck(&queue).await;
    leave(consumer.acknowledge(&tags(&received[..2]))).await;
    drop((consumer, release));
    let mut next = queue.consume(5).await.unwrap();
    assert_eq!(receive(&mut *next, 5).await[0].message, received[2].message);
    assert!(timeout(Duration::from_millis(50), next.receive(5)).await.is_err());
    assert_eq!(queue.depth().await.unwrap(), 1);
}

#[tokio::test]
async fn an_acknowledgement_that_fails_leaves_its_messages_held_and_back_when_the_consumer_leaves() {
    let (queue, _directory) = fresh();
    publish(&queue, 2).await;
    let mut consumer = queue.consume(2).await.unwrap();
    let received = receive(&mut *consumer, 2).await;
    let fails = |on: bool| {
        let sql = if on {
            "CREATE TRIGGER fails BEFORE DELETE ON messages BEGIN SELECT RAISE(ABORT, 'on purpose'); END"
        } else {
            "DROP TRIGGER fails"
        };
        queue.inner.database.write_blocking(move |t| t.execute_batch(sql)).unwrap();
    };
    fails(true);
    assert!(consumer.acknowledge(&tags(&received)).await.is_err());
    assert!(timeout(Duration::from_millis(50), consumer.receive(1)).await.is_err(), "it holds its prefetch");
    let release = stuck(&queue).await;
    leave(consumer.acknowledge(&tags(&received))).await;
    drop((consumer, release));
    let mut next = queue.consume(2).await.unwrap();
    let again = receive(&mut *next, 2).await;
    assert_eq!((again.len(), queue.depth().await.unwrap()), (2, 2));
    fails(false);
    next.acknowledge(&tags(&again)).await.unwrap();
    assert_eq!(queue.depth().await.unwrap(), 0);
}

/// One that lost its row by another hand than ours, or by an acknowledgement that failed after its commit.
#[tokio::test]
async fn a_message_that_came_back_and_is_no_longer_there_blocks_nobody() {
    let (queue, _directory) = fresh();
    publish(&queue, 3).await;
    let mut consumer = queue.consume(2).await.unwrap();
    let received = receive(&mut *consumer, 2).await;
    queue.inner.database.write(|t| t.execute("DELETE FROM messages WHERE id <= 2", [])).await.unwrap();
    consumer.release(&tags(&received)).await.unwrap();
    assert_eq!(&receive(&mut *consumer, 2).await[0].message[..], b"message 2");
    assert_eq!(queue.depth().await.unwrap(), 1);
}

/// With the clock paused, time passes when there is nothing but time to wait for.
#[tokio::test(start_paused = true)]
async fn every_call_ends_in_time_while_the_disk_hangs() {
    let (queue, directory) = fresh();
    let mut consumer = queue.consume(5).await.unwrap();
    let release = stuck(&queue).await;
    let calls = tokio::time::Instant::now();
    let (published, acknowledged) = tokio::join!(queue.publish("a".into()), consumer.acknowledge(&[]));
    assert!(calls.elapsed() < 2 * ANSWER);
    let path = directory.path().join("queue.db").display().to_string();
    for late in [published, acknowledged] {
        assert!(matches!(late.unwrap_err(), QueueError::Away(why) if why.contains(&path) && why.contains("unknown")));
    }
    tokio::time::resume();
    drop(release);
    assert_eq!(&receive(&mut *consumer, 5).await[0].message[..], b"a", "it was handed over, and happened");
}

#[test]
fn a_publish_that_is_not_waited_for_names_the_file_and_its_disk() {
    let (queue, directory) = fresh();
    let told = queue.late(LONG).to_string();
    let path = directory.path().join("queue.db").display().to_string();
    assert!(told.contains(&path) && told.contains("within 20s") && told.contains("disk hangs"), "{told}");
}

#[tokio::test]
async fn opening_and_asking_the_depth_read_none_of_the_messages() {
    let (queue, directory) = fresh();
    let path = directory.path().join("queue.db");
    let mut publishers = JoinSet::new();
    for _ in 0..2_000 {
        let queue = queue.clone();
        publishers.spawn(async move { queue.publish(vec![7; 2_000].into()).await.unwrap() });
    }
    publishers.join_all().await;
    drop(queue);
    // From end to end of what only the messages take, all is destroyed.
    let file = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
    file.write_all_at(&vec![0xff; 3_000_000], 500_000).unwrap();
    let counted = Connection::open(&path).unwrap().query_row("SELECT count(*) FROM messages", [], |_| Ok(()));
    assert!(counted.is_err(), "or this shows nothing");
    for queue in [EmbeddedQueue::open(&path).unwrap(), EmbeddedQueue::open_read_only(&path).unwrap()] {
        assert_eq!(queue.depth().await.unwrap(), 2_000);
    }
}

#[tokio::test]
async fn a_file_of_an_earlier_release_is_brought_up_to_date_by_its_owner_alone() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("queue.db");
    let earlier = "CREATE TABLE messages (id INTEGER PRIMARY KEY, message BLOB NOT NULL) STRICT;
        INSERT INTO messages VALUES (3, x'33'), (7, x'37');";
    Connection::open(&path).unwrap().execute_batch(earlier).unwrap();
    let refused = EmbeddedQueue::open_read_only(&path).err().unwrap().to_string();
    assert!(refused.contains("queue.db: is an earlier release's"), "{refused}");
    for depth in 2..4 {
        let queue = EmbeddedQueue::open(&path).unwrap();
        assert_eq!(queue.depth().await.unwrap(), depth);
        queue.publish("a".into()).await.unwrap();
    }
    assert_eq!(EmbeddedQueue::open_read_only(&path).unwrap().depth().await.unwrap(), 4);
}
