//! The stream on a cluster of three, where what one broker knows another does not yet, and records have copies.

use std::collections::BTreeMap;

use tallygate_stream::{KafkaOptions, Retention, Stream, StreamError};
use tallygate_test_servers::KafkaCluster;

use crate::fixture::{PARTITIONS, numbered};
use crate::kafka::{create, named, open, own_settings};

const ROUNDS: usize = 8;
const RETENTION: Retention = Retention { fold_days: 15, lag_days: 7 };

#[tokio::test(flavor = "multi_thread")]
async fn on_three_brokers_topics_are_waited_for_and_acknowledged_records_have_copies() {
    let cluster = KafkaCluster::start().unwrap();
    for round in 0..ROUNDS {
        topics_that_another_process_has_just_made_are_waited_for(&cluster, round).await;
    }
    acknowledged_records_have_copies(&cluster).await;
}

/// Whichever broker is asked.
async fn topics_that_another_process_has_just_made_are_waited_for(cluster: &KafkaCluster, round: usize) {
    let preparing: Vec<_> = cluster
        .brokers()
        .into_iter()
        .map(|broker| {
            let options = of_three(broker, &format!("round-{round}"));
            tokio::spawn(async move { open(&options).prepare(RETENTION).await })
        })
        .collect();
    for one in preparing {
        one.await.unwrap().unwrap();
    }
}

async fn acknowledged_records_have_copies(cluster: &KafkaCluster) {
    let in_sync = "min.insync.replicas";
    let broker = cluster.brokers().remove(0);
    let own = of_three(broker.clone(), "own");
    open(&own).prepare(RETENTION).await.unwrap();
    for topic in [&own.topic, &own.sums_topic, &own.dead_letters_topic] {
        assert_eq!(own_settings(&own, topic).await.get(in_sync).map(String::as_str), Some("2"), "{topic}");
    }

    let mut given = of_three(broker, "given");
    let settings = [("message.timestamp.type", "LogAppendTime"), ("retention.ms", "-1"), (in_sync, "1")];
    create(&given, &given.topic, PARTITIONS, &BTreeMap::from(settings)).await;
    let refused = open(&given).prepare(RETENTION).await.unwrap_err();
    let told = refused.to_string();
    assert!(matches!(refused, StreamError::Refused(_)), "{told}");
    assert!(told.contains(&given.topic) && told.contains("min.insync.replicas is 1, must be 2"), "{told}");
    given.allow_unsafe = true;
    let stream = open(&given);
    stream.prepare(RETENTION).await.unwrap();
    stream.append(numbered(0, 0, 3)).await.unwrap();
}

fn of_three(broker: String, name: &str) -> KafkaOptions {
    KafkaOptions { replication_factor: Some(3), ..named(broker, name) }
}
