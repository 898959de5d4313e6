//! The embedded queue, and what it promises beyond the contract.

use std::sync::Arc;

use tallygate_queue::{EmbeddedQueue, Queue};

use crate::suite::{contract, publish, take};

contract!(fresh);

async fn fresh() -> (Arc<dyn Queue>, tempfile::TempDir) {
    let directory = tempfile::tempdir().unwrap();
    let queue = EmbeddedQueue::open(directory.path().join("queue")).unwrap();
    (Arc::new(queue), directory)
}

#[tokio::test]
async fn messages_and_their_number_outlive_the_process() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("queue");
    let queue = EmbeddedQueue::open(&path).unwrap();
    let sent = publish(&queue, 10).await;
    let mut consumer = queue.consume(5).await.unwrap();
    let got = take(&mut *consumer, 5).await;
    consumer.acknowledge(&[got[0].tag]).await.unwrap();
    drop((consumer, queue));
    let queue = EmbeddedQueue::open(&path).unwrap();
    assert_eq!(queue.depth().await.unwrap(), 9);
    let mut consumer = queue.consume(100).await.unwrap();
    let again = take(&mut *consumer, 9).await;
    assert!(again.iter().all(|delivery| delivery.message != got[0].message && sent.contains(&delivery.message)));
}

#[tokio::test]
async fn what_arrives_after_all_was_acknowledged_comes_too() {
    let (queue, _directory) = fresh().await;
    let mut consumer = queue.consume(5).await.unwrap();
    for _ in 0..3 {
        let sent = publish(&*queue, 1).await;
        let got = take(&mut *consumer, 1).await;
        assert!(sent.contains(&got[0].message));
        consumer.acknowledge(&[got[0].tag]).await.unwrap();
    }
}
