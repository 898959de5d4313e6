//! The contract suite that every implementation passes: the port's promises, one by one.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::future::try_join_all;
use tallygate_core::limits::MESSAGE_BYTES;
use tallygate_queue::{Consumer, Delivery, Queue, QueueError, Tag};
use tokio::time::timeout;

/// Longer than anything here may take.
const LONG: Duration = Duration::from_secs(20);
/// Long enough to see that nothing comes.
const SHORT: Duration = Duration::from_millis(300);

/// Makes the suite's tests for one implementation; `$fresh` is an async function that makes a new, empty queue and
/// what it lives in.
macro_rules! contract {
    ($fresh:path) => {
        $crate::suite::contract!($fresh:
            publishes_and_delivers_each_message_once,
            an_acknowledged_message_never_comes_again,
            what_was_not_acknowledged_returns_when_the_consumer_is_dropped,
            a_released_message_comes_again_at_once,
            a_message_may_return_many_times,
            a_consumer_holds_at_most_its_prefetch,
            a_lease_belongs_to_one_consumer,
            receive_waits_and_is_cancel_safe,
            acknowledgements_may_come_in_any_order,
            an_acknowledgement_whose_caller_left_is_made_all_the_same,
            takes_the_largest_message_and_refuses_a_larger_one,
            many_publishers_share_confirms,
        );
    };
    ($fresh:path: $($name:ident),+ $(,)?) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                let (queue, _home) = $fresh().await;
                $crate::suite::$name(queue).await;
            }
        )+
    };
}
pub(crate) use contract;

pub(crate) fn numbered(n: usize) -> Bytes {
    Bytes::from(format!("message {n}"))
}

pub(crate) async fn publish(queue: &dyn Queue, count: usize) -> BTreeSet<Bytes> {
    let messages: Vec<Bytes> = (0..count).map(numbered).collect();
    try_join_all(messages.iter().map(|message| queue.publish(message.clone()))).await.unwrap();
    messages.into_iter().collect()
}

pub(crate) async fn take(consumer: &mut dyn Consumer, count: usize) -> Vec<Delivery> {
    let mut all = Vec::new();
    while all.len() < count {
        let more = timeout(LONG, consumer.receive(count - all.len())).await.expect("nothing came").unwrap();
        assert!(!more.is_empty() && more.len() <= count - all.len());
        all.extend(more);
    }
    assert!(all.is_sorted_by(|a, b| a.tag < b.tag), "tags ascend");
    all
}

async fn nothing(consumer: &mut dyn Consumer) {
    assert!(timeout(SHORT, consumer.receive(10)).await.is_err(), "something came");
}

fn tags(deliveries: &[Delivery]) -> Vec<Tag> {
    deliveries.iter().map(|delivery| delivery.tag).collect()
}

fn messages(deliveries: &[Delivery]) -> BTreeSet<Bytes> {
    deliveries.iter().map(|delivery| delivery.message.clone()).collect()
}

/// Approximate while messages move, so it is given the time to come true.
async fn depth_becomes(queue: &dyn Queue, depth: u64) {
    let mut seen = u64::MAX;
    for _ in 0..100 {
        seen = queue.depth().await.unwrap();
        if seen == depth {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(seen, depth);
}

pub(crate) async fn publishes_and_delivers_each_message_once(queue: Arc<dyn Queue>) {
    let sent = publish(&*queue, 50).await;
    depth_becomes(&*queue, 50).await;
    let mut consumer = queue.consume(100).await.unwrap();
    let got = take(&mut *consumer, 50).await;
    assert_eq!(messages(&got), sent);
    nothing(&mut *consumer).await;
    depth_becomes(&*queue, 50).await;
    consumer.acknowledge(&tags(&got)).await.unwrap();
    depth_becomes(&*queue, 0).await;
}

pub(crate) async fn an_acknowledged_message_never_comes_again(queue: Arc<dyn Queue>) {
    publish(&*queue, 10).await;
    let mut consumer = queue.consume(100).await.unwrap();
    let got = take(&mut *consumer, 10).await;
    consumer.acknowledge(&tags(&got[..6])).await.unwrap();
    drop(consumer);
    let mut next = queue.consume(100).await.unwrap();
    assert_eq!(messages(&take(&mut *next, 4).await), messages(&got[6..]));
    nothing(&mut *next).await;
}

pub(crate) async fn what_was_not_acknowledged_returns_when_the_consumer_is_dropped(queue: Arc<dyn Queue>) {
    let sent = publish(&*queue, 10).await;
    let mut first = queue.consume(100).await.unwrap();
    take(&mut *first, 10).await;
    let mut second = queue.consume(100).await.unwrap();
    nothing(&mut *second).await;
    drop(first);
    assert_eq!(messages(&take(&mut *second, 10).await), sent);
}

pub(crate) async fn a_released_message_comes_again_at_once(queue: Arc<dyn Queue>) {
    publish(&*queue, 5).await;
    let mut consumer = queue.consume(5).await.unwrap();
    let got = take(&mut *consumer, 5).await;
    consumer.release(&tags(&got[1..3])).await.unwrap();
    let again = take(&mut *consumer, 2).await;
    assert_eq!(messages(&again), messages(&got[1..3]));
    consumer.acknowledge(&[tags(&again), tags(&got[3..]), tags(&got[..1])].concat()).await.unwrap();
    depth_becomes(&*queue, 0).await;
}

pub(crate) async fn a_message_may_return_many_times(queue: Arc<dyn Queue>) {
    let sent = publish(&*queue, 1).await;
    let mut consumer = queue.consume(1).await.unwrap();
    for _ in 0..30 {
        let got = take(&mut *consumer, 1).await;
        assert_eq!(messages(&got), sent);
        consumer.release(&tags(&got)).await.unwrap();
    }
}

pub(crate) async fn a_consumer_holds_at_most_its_prefetch(queue: Arc<dyn Queue>) {
    publish(&*queue, 20).await;
    let mut consumer = queue.consume(7).await.unwrap();
    let got = take(&mut *consumer, 7).await;
    nothing(&mut *consumer).await;
    consumer.acknowledge(&tags(&got[..3])).await.unwrap();
    take(&mut *consumer, 3).await;
    nothing(&mut *consumer).await;
}

pub(crate) async fn a_lease_belongs_to_one_consumer(queue: Arc<dyn Queue>) {
    let sent = publish(&*queue, 20).await;
    let (mut one, mut other) = (queue.consume(10).await.unwrap(), queue.consume(10).await.unwrap());
    let (a, b) = tokio::join!(take(&mut *one, 10), take(&mut *other, 10));
    assert_eq!(messages(&a).union(&messages(&b)).cloned().collect::<BTreeSet<_>>(), sent);
    one.acknowledge(&tags(&a)).await.unwrap();
    drop(other);
    assert_eq!(messages(&take(&mut *one, 10).await), messages(&b));
}

pub(crate) async fn receive_waits_and_is_cancel_safe(queue: Arc<dyn Queue>) {
    let mut consumer = queue.consume(100).await.unwrap();
    let mut got = BTreeSet::new();
    let publishing = publish(&*queue, 200);
    tokio::pin!(publishing);
    let mut sent = None;
    while sent.as_ref().is_none_or(|sent| got != *sent) {
        tokio::select! {
            all = &mut publishing, if sent.is_none() => sent = Some(all),
            received = timeout(Duration::from_micros(100), consumer.receive(10)) => if let Ok(received) = received {
                let received = received.unwrap();
                got.extend(received.iter().map(|delivery| delivery.message.clone()));
                consumer.acknowledge(&tags(&received)).await.unwrap();
            },
        }
    }
    depth_becomes(&*queue, 0).await;
}

pub(crate) async fn acknowledgements_may_come_in_any_order(queue: Arc<dyn Queue>) {
    publish(&*queue, 30).await;
    let mut consumer = queue.consume(30).await.unwrap();
    let got = take(&mut *consumer, 30).await;
    let tags = tags(&got);
    for remainder in [2, 0, 1] {
        let some: Vec<Tag> = tags.iter().skip(remainder).step_by(3).copied().collect();
        consumer.acknowledge(&some).await.unwrap();
    }
    // Twice is once.
    consumer.acknowledge(&tags).await.unwrap();
    depth_becomes(&*queue, 0).await;
    publish(&*queue, 1).await;
    take(&mut *consumer, 1).await;
}

pub(crate) async fn an_acknowledgement_whose_caller_left_is_made_all_the_same(queue: Arc<dyn Queue>) {
    publish(&*queue, 10).await;
    let mut consumer = queue.consume(10).await.unwrap();
    let got = take(&mut *consumer, 10).await;
    // Every other one: nothing stands for several.
    let (left, kept): (Vec<_>, Vec<_>) = got.into_iter().partition(|delivery| delivery.tag.0 % 2 == 0);
    let left = tags(&left);
    tokio::select! {
        biased;
        _ = consumer.acknowledge(&left) => {}
        () = std::future::ready(()) => {}
    }
    depth_becomes(&*queue, 5).await;
    publish(&*queue, 5).await;
    // The room of all five is there again.
    let more = take(&mut *consumer, 5).await;
    consumer.acknowledge(&tags(&more)).await.unwrap();
    drop(consumer);
    let mut next = queue.consume(10).await.unwrap();
    assert_eq!(messages(&take(&mut *next, 5).await), messages(&kept));
    nothing(&mut *next).await;
}

pub(crate) async fn takes_the_largest_message_and_refuses_a_larger_one(queue: Arc<dyn Queue>) {
    let largest = Bytes::from(vec![7; MESSAGE_BYTES]);
    queue.publish(largest.clone()).await.unwrap();
    let larger = queue.publish(vec![7; MESSAGE_BYTES + 1].into()).await.unwrap_err();
    assert!(matches!(&larger, QueueError::Refused(why) if why.contains("8388609 bytes")), "{larger}");
    let mut consumer = queue.consume(1).await.unwrap();
    assert!(take(&mut *consumer, 1).await[0].message == largest);
}

pub(crate) async fn many_publishers_share_confirms(queue: Arc<dyn Queue>) {
    let sent = publish(&*queue, 5_000).await;
    let mut consumer = queue.consume(1_000).await.unwrap();
    let mut got = BTreeSet::new();
    while got.len() < sent.len() {
        let some = take(&mut *consumer, 100).await;
        consumer.acknowledge(&tags(&some)).await.unwrap();
        got.extend(messages(&some));
    }
    assert_eq!(got, sent);
    depth_becomes(&*queue, 0).await;
}
