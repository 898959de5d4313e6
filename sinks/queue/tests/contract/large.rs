//! Large messages behind small ones on a real RabbitMQ: what a consumer holds is bounded by bytes.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tallygate_core::limits::MESSAGE_BYTES;
use tallygate_queue::{AmqpOptions, AmqpQueue, Consumer, Delivery, Queue, Tag};
use tallygate_test_servers::shared;
use tokio::time::timeout;

use crate::suite::publish;

const SMALL: usize = 2_000;
const LARGE: usize = 24;
/// As the crate's limit says, and one message on top.
const HELD: usize = 40 * 1024 * 1024 + MESSAGE_BYTES;
/// Long enough to see that nothing comes.
const QUIET: Duration = Duration::from_secs(2);
const LONG: Duration = Duration::from_secs(60);

async fn all_there_is(consumer: &mut dyn Consumer) -> Vec<Delivery> {
    let mut all = Vec::new();
    while let Ok(some) = timeout(QUIET, consumer.receive(100)).await {
        all.extend(some.unwrap());
    }
    all
}

fn tags(deliveries: &[Delivery]) -> Vec<Tag> {
    deliveries.iter().map(|delivery| delivery.tag).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_consumer_holds_is_bounded_by_bytes_whatever_it_is_sent() {
    let server = tokio::task::spawn_blocking(shared::rabbit).await.unwrap().unwrap();
    let queue = Arc::new(AmqpQueue::open(AmqpOptions::new(server.url(), "large")).unwrap());
    publish(&*queue, SMALL).await;
    let mut consumer = queue.consume(1_000).await.unwrap();
    let mut small = 0;
    while small < SMALL {
        let some = timeout(LONG, consumer.receive(100)).await.unwrap().unwrap();
        small += some.len();
        consumer.acknowledge(&tags(&some)).await.unwrap();
    }
    // By now the server may send as many messages ahead as it ever may.
    let large = Bytes::from(vec![7; MESSAGE_BYTES]);
    for _ in 0..LARGE {
        queue.publish(large.clone()).await.unwrap();
    }
    let (mut seen, mut most) = (0, 0);
    while seen < LARGE {
        let held = all_there_is(&mut *consumer).await;
        assert!(held.iter().all(|delivery| delivery.message == large));
        most = most.max(held.iter().map(|delivery| delivery.message.len()).sum());
        seen += held.len();
        consumer.acknowledge(&tags(&held)).await.unwrap();
    }
    assert_eq!(seen, LARGE, "none comes twice");
    assert!((2 * MESSAGE_BYTES..=HELD).contains(&most), "{most} bytes");
    // And back again.
    publish(&*queue, SMALL).await;
    let mut small = 0;
    while small < SMALL {
        let some = timeout(LONG, consumer.receive(100)).await.unwrap().unwrap();
        small += some.len();
        consumer.acknowledge(&tags(&some)).await.unwrap();
    }
    assert!(all_there_is(&mut *consumer).await.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn small_messages_that_cannot_be_settled_do_not_hold_up_those_behind_them() {
    // More than the first ones that it may send ahead, of which none is settled.
    const UNSETTLED: usize = 300;
    let server = tokio::task::spawn_blocking(shared::rabbit).await.unwrap().unwrap();
    let queue = Arc::new(AmqpQueue::open(AmqpOptions::new(server.url(), "unsettled")).unwrap());
    publish(&*queue, UNSETTLED).await;
    let mut consumer = queue.consume(1_000).await.unwrap();
    assert_eq!(all_there_is(&mut *consumer).await.len(), UNSETTLED);
}
