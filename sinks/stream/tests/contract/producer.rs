//! A producer that is refused while the group stays as it is: nobody will say what is ours, so one subscribes anew.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka::ClientConfig;
use rdkafka::producer::{BaseProducer, Producer};
use tallygate_stream::{KafkaOptions, KafkaStream, Retention, Stream, StreamError, StreamMetrics, Topic};
use tallygate_test_servers::shared;

use crate::fixture::{Fixture, flush, numbered, record, value};
use crate::kafka::options;

/// Of a sound group it takes some hundred milliseconds; this is a busy machine.
const ANEW_WITHIN: Duration = Duration::from_secs(20);

#[tokio::test(flavor = "multi_thread")]
async fn a_fenced_producer_is_no_former_owner_and_its_successor_goes_on_at_once() {
    let options = KafkaOptions { instance: "instance".to_owned(), ..options(shared::kafka().unwrap()) };
    let stream = Arc::new(KafkaStream::new(options.clone(), StreamMetrics::default()).unwrap());
    stream.prepare(Retention { fold_days: 15, lag_days: 0 }).await.unwrap();
    let fixture = Fixture { stream: stream.clone(), other: stream.clone(), directory: None };
    stream.append(numbered(0, 0, 2)).await.unwrap();
    let mut subscription = fixture.subscribe().await;
    subscription.take(2).await;
    subscription.commit(flush(vec![record(0, "row", "first")], vec![(0, 1)])).await.unwrap();

    tokio::task::spawn_blocking(move || take_transactional_id(&options)).await.unwrap();
    let refused = subscription.commit(flush(vec![record(0, "row", "lost")], vec![(0, 2)])).await.unwrap_err();
    assert!(matches!(&refused, StreamError::Away(told) if told.contains("same instance")), "{refused}");

    let begun = Instant::now();
    drop(subscription);
    let mut subscription = fixture.subscribe().await;
    assert_eq!(subscription.assigned_all().await[&0], Some(1));
    subscription.commit(flush(vec![record(0, "row", "second")], vec![(0, 2)])).await.unwrap();
    println!("goes on after {:?}", begun.elapsed());
    assert!(begun.elapsed() < ANEW_WITHIN, "{:?}", begun.elapsed());
    let values: Vec<String> = fixture.all(Topic::DailySums).await.iter().map(value).collect();
    assert_eq!(values, ["first", "second"]);
}

/// As the coordinator does that ends a transaction by itself: the producer's epoch is over, and its group knows nothing of
/// it.
fn take_transactional_id(options: &KafkaOptions) {
    let producer: BaseProducer = ClientConfig::new()
        .set("bootstrap.servers", options.brokers.join(","))
        .set("transactional.id", format!("{}-{}-1", options.group, options.instance))
        .create()
        .unwrap();
    producer.init_transactions(Duration::from_secs(30)).unwrap();
}
