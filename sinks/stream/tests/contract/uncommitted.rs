//! Reading before the commit, on a real Kafka: who asks for it sees a record while its transaction is open, and once.

use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use tallygate_stream::{Follower, KafkaOptions, Start, Topic};
use tallygate_test_servers::shared;
use tokio::time::timeout;

use crate::fixture::{PARTITIONS, PATIENCE, value};
use crate::kafka::{fixture_of, options};

/// So long nothing comes that is not to come.
const NOTHING: Duration = Duration::from_secs(2);

#[tokio::test(flavor = "multi_thread")]
async fn a_record_of_an_open_transaction_is_seen_by_who_asks_for_it_and_by_nobody_else() {
    let options = options(shared::kafka().unwrap());
    let fixture = fixture_of(&options).await;
    let starts = || (0..PARTITIONS).map(|partition| (partition, Start::Beginning)).collect::<Vec<_>>();
    let producer = blocking(options.clone(), |options| {
        let producer = transactional(options);
        send(&producer, options, "before");
        producer.commit_transaction(PATIENCE).unwrap();
        producer
    })
    .await;
    let producer = blocking((producer, options.clone()), |(producer, options)| {
        send(producer, options, "open");
        producer.clone()
    })
    .await;
    let mut uncommitted = fixture.stream.follow_uncommitted(Topic::DailySums, starts()).await.unwrap();
    let mut committed = fixture.stream.follow(Topic::DailySums, starts()).await.unwrap();
    assert_eq!(until_caught_up(&mut *uncommitted).await, ["before", "open"]);
    assert_eq!(meanwhile(&mut *committed).await, ["before"], "what may yet be aborted is not read");
    let producer = blocking(producer, |producer| {
        producer.commit_transaction(PATIENCE).unwrap();
        producer.clone()
    })
    .await;
    assert_eq!(until(&mut *committed, "open").await, ["open"]);
    blocking((producer, options), |(producer, options)| {
        send(producer, options, "aborted");
        producer.abort_transaction(PATIENCE).unwrap();
        send(producer, options, "after");
        producer.commit_transaction(PATIENCE).unwrap();
    })
    .await;
    assert_eq!(until(&mut *uncommitted, "after").await, ["aborted", "after"], "and what was seen is not seen again");
    assert_eq!(until(&mut *committed, "after").await, ["after"]);
}

fn transactional(options: &KafkaOptions) -> std::sync::Arc<BaseProducer> {
    let producer: BaseProducer = ClientConfig::new()
        .set("bootstrap.servers", options.brokers.join(","))
        .set("transactional.id", &options.group)
        .create()
        .unwrap();
    producer.init_transactions(PATIENCE).unwrap();
    producer.into()
}

/// Begins a transaction with a record, which is with the broker when this returns.
fn send(producer: &BaseProducer, options: &KafkaOptions, value: &str) {
    producer.begin_transaction().unwrap();
    let record = BaseRecord::<str, str>::to(&options.sums_topic).partition(0).key("row").payload(value);
    producer.send(record).map_err(|(error, _)| error).unwrap();
    producer.flush(PATIENCE).unwrap();
}

async fn blocking<W: Send + 'static, T: Send + 'static>(with: W, work: impl FnOnce(&W) -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(move || work(&with)).await.unwrap()
}

async fn until_caught_up(follower: &mut dyn Follower) -> Vec<String> {
    let mut seen = Vec::new();
    loop {
        let batch = timeout(PATIENCE, follower.next()).await.unwrap().unwrap();
        seen.extend(batch.records.iter().map(value));
        if batch.caught_up {
            return seen;
        }
    }
}

async fn until(follower: &mut dyn Follower, last: &str) -> Vec<String> {
    let mut seen = Vec::new();
    while seen.last().is_none_or(|seen| seen != last) {
        let batch = timeout(PATIENCE, follower.next()).await.unwrap().unwrap();
        seen.extend(batch.records.iter().map(value));
    }
    seen
}

/// What comes for a while.
async fn meanwhile(follower: &mut dyn Follower) -> Vec<String> {
    let mut seen = Vec::new();
    while let Ok(batch) = timeout(NOTHING, follower.next()).await {
        seen.extend(batch.unwrap().records.iter().map(value));
    }
    seen
}
