//! What a broker refuses or cannot take now, among records that it takes.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka::ClientConfig;
use rdkafka::admin::{AdminOptions, AlterConfig, ResourceSpecifier};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::mocking::MockCluster;
use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};
use tallygate_stream::{Flush, NewRecord, Stream, StreamError, Topic};
use tallygate_test_servers::shared;

use crate::fixture::{PARTITIONS, PATIENCE, numbered, record};
use crate::kafka::{admin, fixture_of, named, open, options};

#[tokio::test(flavor = "multi_thread")]
async fn of_records_on_the_way_together_only_the_one_that_is_too_large_is_refused() {
    let options = options(shared::kafka().unwrap());
    let fixture = fixture_of(&options).await;
    let smaller = AlterConfig::new(ResourceSpecifier::Topic(&options.topic))
        .set("max.message.bytes", "20000")
        .set("message.timestamp.type", "LogAppendTime");
    admin(&options).alter_configs([&smaller], &AdminOptions::new()).await.unwrap().remove(0).unwrap();
    // The broker applies what it acknowledged a moment later.
    while fixture.stream.append(vec![record(0, "early", &"x".repeat(30_000))]).await.is_ok() {}
    for round in 0..3 {
        let records: Vec<NewRecord> = (0..60)
            .map(|n| {
                let size = if n % 30 == 7 { 30_000 } else { 3_000 };
                record(n % 2, &format!("{round}-{n}"), &"x".repeat(size))
            })
            .collect();
        let refused = fixture.stream.append(records).await.unwrap_err();
        let places: Vec<usize> = refused.records().iter().map(|record| record.index).collect();
        assert_eq!(places, [7, 37], "{refused}");
        for record in refused.records() {
            let StreamError::Refused(why) = &record.error else { panic!("{refused:?}") };
            assert!(why.contains("max.message.bytes") && why.contains(&options.topic), "{why}");
        }
    }
    let mut times: BTreeMap<String, usize> = BTreeMap::new();
    for record in fixture.all(Topic::Transactions).await {
        *times.entry(String::from_utf8_lossy(record.key()).into_owned()).or_default() += 1;
    }
    times.remove("early");
    assert_eq!(times.len(), 3 * 58);
    assert!(times.values().all(|times| *times == 1), "what went through is not appended again: {times:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partition_without_a_leader_holds_up_its_own_records_alone() {
    let kafka = MockCluster::new(1).unwrap();
    let options = named(kafka.bootstrap_servers(), "mocked");
    kafka.create_topic(&options.topic, 2, 1).unwrap();
    kafka.partition_leader(&options.topic, 1, None).unwrap();
    let stream = Arc::new(open(&options));
    let begun = Instant::now();
    let records = [numbered(0, 1, 3), numbered(1, 1, 3), numbered(0, 3, 4)].concat();
    let away = stream.append(records).await.unwrap_err();
    let places: Vec<usize> = away.records().iter().map(|record| record.index).collect();
    assert_eq!(places, [2, 3], "{away}");
    assert!(away.records().iter().all(|record| matches!(record.error, StreamError::Away(_))), "{away:?}");
    assert!(begun.elapsed() < PATIENCE);
    kafka.partition_leader(&options.topic, 1, Some(1)).unwrap();
    while stream.append(numbered(1, 1, 3)).await.is_err() {
        assert!(begun.elapsed() < PATIENCE, "it goes on with a leader");
    }
}

/// Between two appends of which the second is sent before the first is answered.
const BEHIND: Duration = Duration::from_millis(100);
const ANSWERS_AFTER: Duration = Duration::from_millis(400);

#[tokio::test(flavor = "multi_thread")]
async fn rule_5_what_a_broker_refused_for_the_moment_is_not_appended_for_its_taking_what_came_behind_it() {
    // It knows of no turn in which an idempotent producer's records come, as a broker that has forgotten the producer.
    let kafka = MockCluster::new(1).unwrap();
    let options = named(kafka.bootstrap_servers(), "forgetful");
    kafka.create_topic(&options.topic, PARTITIONS.try_into().unwrap(), 1).unwrap();
    let stream = Arc::new(open(&options));
    let append = |from| {
        let stream = Arc::clone(&stream);
        tokio::spawn(async move { stream.append(numbered(0, from, from + 1)).await })
    };
    append(0).await.unwrap().unwrap();
    kafka.broker_round_trip_time(1, ANSWERS_AFTER).unwrap();
    kafka.request_errors(RDKafkaApiKey::Produce, &[RDKafkaRespErr::RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION]);
    let refused = append(1);
    tokio::time::sleep(BEHIND).await;
    append(2).await.unwrap().unwrap();
    let refused = refused.await.unwrap().expect_err("it stands nowhere");
    assert!(matches!(refused.first(), StreamError::Away(_)), "{refused:?}");
    append(1).await.unwrap().unwrap();
    let client: BaseConsumer =
        ClientConfig::new().set("bootstrap.servers", kafka.bootstrap_servers()).create().unwrap();
    let topic = options.topic.clone();
    let marks = tokio::task::spawn_blocking(move || client.fetch_watermarks(&topic, 0, PATIENCE)).await.unwrap();
    assert_eq!(marks.unwrap(), (0, 3));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_that_a_topic_refuses_names_the_partition_leaves_nothing_and_the_next_one_goes_well() {
    let options = options(shared::kafka().unwrap());
    let fixture = fixture_of(&options).await;
    let mut owner = fixture.subscribe().await;
    owner.assigned_all().await;
    let smaller = AlterConfig::new(ResourceSpecifier::Topic(&options.dead_letters_topic))
        .set("max.message.bytes", "20000")
        .set("message.timestamp.type", "LogAppendTime");
    admin(&options).alter_configs([&smaller], &AdminOptions::new()).await.unwrap().remove(0).unwrap();
    let commit = |size: usize| Flush {
        sums: numbered(0, 1, 3),
        dead_letters: vec![record(1, "letter", &"x".repeat(size))],
        offsets: vec![(0, 0), (1, 0)],
    };
    let committer = owner.subscription.committer();
    // The broker applies what it acknowledged a moment later.
    let mut early = 0;
    let refused = loop {
        match committer.commit(commit(30_000)).await {
            Ok(()) => early += 1,
            Err(refused) => break refused,
        }
    };
    let StreamError::RefusedOf { partition: 1, why } = &refused else { panic!("{refused:?}") };
    assert!(why.contains(&options.dead_letters_topic) && why.contains("max.message.bytes"), "{why}");
    committer.commit(commit(3_000)).await.unwrap();
    assert_eq!(fixture.all(Topic::DailySums).await.len(), 2 * (early + 1), "none of the refused one");
    assert_eq!(fixture.all(Topic::DeadLetters).await.len(), early + 1);
}
