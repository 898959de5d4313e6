//! What the embedded queue keeps when its callers go away, or its disk hangs.

use std::future::ready;
use std::sync::mpsc;

use tallygate_embedded::timeouts::ANSWER;

use super::*;

/// Polls it once, and drops it.
async fn leave(call: impl Future) {
    tokio::select! {
        biased;
        _ = call => panic!("it was to be dropped half-way"),
        () = ready(()) => {}
    }
}

/// Keeps the committing thread busy until what is returned is dropped.
fn stuck(queue: &EmbeddedQueue) -> mpsc::Sender<()> {
    queue.owned().unwrap().committer.keep_busy()
}

#[tokio::test]
async fn a_message_whose_publisher_left_is_counted_and_wakes_who_waits() {
    let (queue, _directory) = fresh();
    let mut consumer = queue.consume(5).await.unwrap();
    let release = stuck(&queue);
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
    let release = stuck(&queue);
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
    let release = stuck(&queue);
    leave(consumer.acknowledge(&tags(&received[..2]))).await;
    drop((consumer, release));
    let mut next = queue.consume(5).await.unwrap();
    assert_eq!(receive(&mut *next, 5).await[0].message, received[2].message);
    assert!(timeout(Duration::from_millis(50), next.receive(5)).await.is_err());
    assert_eq!(queue.depth().await.unwrap(), 1);
}

#[tokio::test]
async fn an_acknowledgement_that_fails_leaves_its_messages_held_and_back_when_the_consumer_leaves() {
    let (queue, directory) = fresh();
    publish(&queue, 2).await;
    let mut consumer = queue.consume(2).await.unwrap();
    let received = receive(&mut *consumer, 2).await;
    let (file, aside) = (ack_file::path(&folder(&directory)), directory.path().join("aside"));
    std::fs::rename(&file, &aside).unwrap();
    let failed = consumer.acknowledge(&tags(&received)).await.unwrap_err();
    assert!(failed.is_retryable() && failed.to_string().contains("was removed or replaced"), "{failed}");
    assert!(timeout(Duration::from_millis(50), consumer.receive(1)).await.is_err(), "it holds its prefetch");
    let release = stuck(&queue);
    leave(consumer.acknowledge(&tags(&received))).await;
    drop((consumer, release));
    let mut next = queue.consume(2).await.unwrap();
    let again = receive(&mut *next, 2).await;
    assert_eq!((again.len(), queue.depth().await.unwrap()), (2, 2));
    std::fs::rename(&aside, &file).unwrap();
    next.acknowledge(&tags(&again)).await.unwrap();
    assert_eq!(queue.depth().await.unwrap(), 0);
}

/// With the clock paused, time passes when there is nothing but time to wait for.
#[tokio::test(start_paused = true)]
async fn every_call_ends_in_time_while_the_disk_hangs() {
    let (queue, directory) = fresh();
    let mut consumer = queue.consume(5).await.unwrap();
    let release = stuck(&queue);
    let calls = tokio::time::Instant::now();
    let (published, acknowledged) = tokio::join!(queue.publish("a".into()), consumer.acknowledge(&[]));
    assert!(calls.elapsed() < 2 * ANSWER);
    let path = folder(&directory).display().to_string();
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
    let path = folder(&directory).display().to_string();
    assert!(told.contains(&path) && told.contains("within 20s") && told.contains("disk hangs"), "{told}");
}
