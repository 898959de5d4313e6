//! The stream on a real Kafka, and what it promises beyond the contract.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use rdkafka::admin::{AdminClient, AdminOptions, ConfigSource, NewTopic, ResourceSpecifier, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use rdkafka::{ClientConfig, Message};
use tallygate_stream::{Flush, KafkaOptions, KafkaStream, Retention, Stream, StreamError, StreamMetrics, Topic};
use tallygate_test_servers::{Kafka, Options, shared};

use crate::fixture::{Fixture, PARTITIONS, flush, numbered, record, value};
use crate::suite::contract;

contract!(fixture().await);

/// Days that the topics keep their records.
const RETENTION: Retention = Retention { fold_days: 15, lag_days: 0 };
/// The same with a lag.
const LONGER: Retention = Retention { fold_days: 15, lag_days: 7 };

pub(crate) async fn fixture() -> Fixture {
    fixture_of(&options(shared::kafka().unwrap())).await
}

pub(crate) async fn fixture_of(options: &KafkaOptions) -> Fixture {
    let stream = open(options);
    stream.prepare(RETENTION).await.unwrap();
    Fixture { stream: Arc::new(stream), other: Arc::new(open(options)), directory: None }
}

/// Topics and a group that no other test has.
pub(crate) fn options(kafka: &Kafka) -> KafkaOptions {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    named(kafka.brokers(), &format!("{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed)))
}

/// The options of a stream that another process named.
pub(crate) fn named(brokers: String, name: &str) -> KafkaOptions {
    KafkaOptions {
        brokers: vec![brokers],
        topic: format!("{name}.transactions"),
        sums_topic: format!("{name}.daily-sums"),
        dead_letters_topic: format!("{name}.dead-letters"),
        partitions: PARTITIONS,
        replication_factor: None,
        allow_unsafe: false,
        group: name.to_owned(),
        instance: String::new(),
        properties: BTreeMap::new(),
    }
}

/// As a process of its own would.
pub(crate) fn open(options: &KafkaOptions) -> KafkaStream {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let instance = format!("{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    KafkaStream::new(KafkaOptions { instance, ..options.clone() }, StreamMetrics::default()).unwrap()
}

#[tokio::test]
async fn preparing_twice_is_as_good_as_once() {
    let options = options(shared::kafka().unwrap());
    open(&options).prepare(RETENTION).await.unwrap();
    open(&options).prepare(RETENTION).await.unwrap();
}

#[tokio::test]
async fn topics_with_wrong_settings_are_refused_by_name() {
    type Settings = &'static [(&'static str, &'static str)];
    let wrong: &[(&str, Settings, &str)] = &[
        ("log", &[], "message.timestamp.type is CreateTime, must be LogAppendTime"),
        ("log", &[("retention.ms", "86400000")], "retention.ms is 86400000, must be at least 1296000000, or -1"),
        ("log", &[("retention.ms", "86400000")], "stream.lag_days"),
        ("log", &[("unclean.leader.election.enable", "true")], "unclean.leader.election.enable is true, must be false"),
        ("letters", &[("unclean.leader.election.enable", "true")], "stream.allow_unsafe = true"),
        ("log", &[("retention.bytes", "1000000")], "retention.bytes is 1000000, must be -1"),
        ("log", &[("cleanup.policy", "compact")], "cleanup.policy is compact, must be delete"),
        ("log", &[("max.message.bytes", "5000")], "max.message.bytes is 5000, must be at least 1000000"),
        ("letters", &[("retention.ms", "1000")], "retention.ms is 1000, must be at least"),
        ("sums", &[("cleanup.policy", "delete")], "cleanup.policy is delete, must be compact,delete, or compact"),
        (
            "sums",
            &[("cleanup.policy", "compact,delete"), ("retention.ms", "1000")],
            "retention.ms is 1000, must be at least",
        ),
    ];
    for (topic, settings, told) in wrong {
        let options = options(shared::kafka().unwrap());
        let name = match *topic {
            "log" => &options.topic,
            "sums" => &options.sums_topic,
            _ => &options.dead_letters_topic,
        };
        let mut given = BTreeMap::from([("message.timestamp.type", "LogAppendTime"), ("retention.ms", "-1")]);
        if settings.is_empty() {
            given.remove("message.timestamp.type");
        }
        given.extend(settings.iter().copied());
        create(&options, name, PARTITIONS, &given).await;
        let refused = open(&options).prepare(RETENTION).await.unwrap_err();
        let text = refused.to_string();
        assert!(matches!(refused, StreamError::Refused(_)), "{text}");
        assert!(text.contains(name.as_str()) && text.contains(told), "{text}");
    }
}

#[tokio::test]
async fn new_topics_are_given_what_the_sums_need() {
    let options = options(shared::kafka().unwrap());
    open(&options).prepare(LONGER).await.unwrap();
    let kept = [
        ("unclean.leader.election.enable", "false"),
        ("message.timestamp.type", "LogAppendTime"),
        ("cleanup.policy", "delete"),
        ("retention.ms", "1900800000"),
        ("retention.bytes", "-1"),
    ];
    let compacted = [
        ("unclean.leader.election.enable", "false"),
        ("message.timestamp.type", "LogAppendTime"),
        ("cleanup.policy", "compact,delete"),
        ("retention.ms", "1900800000"),
        ("retention.bytes", "-1"),
        ("segment.ms", "3600000"),
        ("min.cleanable.dirty.ratio", "0.2"),
        ("max.compaction.lag.ms", "86400000"),
    ];
    for (topic, wanted) in
        [(&options.topic, &kept[..]), (&options.sums_topic, &compacted), (&options.dead_letters_topic, &kept)]
    {
        let own = own_settings(&options, topic).await;
        for (setting, value) in wanted {
            assert_eq!(own.get(*setting).map(String::as_str), Some(*value), "{topic}: {setting}");
        }
    }
}

#[tokio::test]
async fn a_topic_that_may_lose_acknowledged_records_is_taken_where_the_operator_says_so() {
    let mut options = options(shared::kafka().unwrap());
    let given = [
        ("message.timestamp.type", "LogAppendTime"),
        ("retention.ms", "-1"),
        ("unclean.leader.election.enable", "true"),
    ];
    create(&options, &options.topic, PARTITIONS, &BTreeMap::from(given)).await;
    assert!(open(&options).prepare(RETENTION).await.is_err());
    options.allow_unsafe = true;
    open(&options).prepare(RETENTION).await.unwrap();
}

#[tokio::test]
async fn a_topic_of_sums_that_is_compacted_alone_keeps_more_and_is_taken() {
    let options = options(shared::kafka().unwrap());
    let given = [("message.timestamp.type", "LogAppendTime"), ("cleanup.policy", "compact"), ("retention.ms", "1000")];
    create(&options, &options.sums_topic, PARTITIONS, &BTreeMap::from(given)).await;
    open(&options).prepare(RETENTION).await.unwrap();
    assert_eq!(own_settings(&options, &options.sums_topic).await["retention.ms"], "1000");
}

#[tokio::test]
async fn a_retention_that_an_earlier_configuration_gave_is_raised_and_nothing_else_changes() {
    let options = options(shared::kafka().unwrap());
    let given = [
        ("message.timestamp.type", "LogAppendTime"),
        ("retention.ms", "1296000000"),
        ("segment.bytes", "5000000"),
        ("compression.type", "zstd"),
        ("max.message.bytes", "2000000"),
    ];
    create(&options, &options.topic, PARTITIONS, &BTreeMap::from(given)).await;
    // What it makes itself has the shorter one too.
    open(&options).prepare(RETENTION).await.unwrap();
    let topics = [&options.topic, &options.sums_topic, &options.dead_letters_topic];
    let mut before = Vec::new();
    for topic in topics {
        before.push(own_settings(&options, topic).await);
    }
    assert_eq!(before[0], given.map(|(name, value)| (name.to_owned(), value.to_owned())).into());
    open(&options).prepare(LONGER).await.unwrap();
    for (topic, mut wanted) in topics.into_iter().zip(before) {
        assert_eq!(wanted.insert("retention.ms".into(), "1900800000".into()).as_deref(), Some("1296000000"));
        assert_eq!(own_settings(&options, topic).await, wanted, "{topic}");
    }
    // A smaller lag takes nothing away.
    open(&options).prepare(RETENTION).await.unwrap();
    assert_eq!(own_settings(&options, &options.topic).await["retention.ms"], "1900800000");
}

#[tokio::test]
async fn a_retention_that_somebody_chose_is_refused_by_name_and_no_topic_is_touched() {
    let options = options(shared::kafka().unwrap());
    open(&options).prepare(RETENTION).await.unwrap();
    let name = format!("{}.chosen", options.dead_letters_topic);
    let given = [("message.timestamp.type", "LogAppendTime"), ("retention.ms", "1296000001")];
    create(&options, &name, PARTITIONS, &BTreeMap::from(given)).await;
    let chosen = KafkaOptions { dead_letters_topic: name.clone(), ..options.clone() };
    let refused = open(&chosen).prepare(LONGER).await.unwrap_err();
    assert_eq!(
        refused.to_string(),
        StreamError::Refused(format!(
            "topic {name}: retention.ms is 1296000001, must be at least 1900800000, or -1 for no limit: 15 days that sums \
             are made of, and 7 of stream.lag_days"
        ))
        .to_string()
    );
    assert_eq!(own_settings(&options, &options.topic).await["retention.ms"], "1296000000");
}

#[tokio::test]
async fn another_number_of_partitions_is_refused_by_name() {
    let options = options(shared::kafka().unwrap());
    create(&options, &options.sums_topic, 3, &BTreeMap::new()).await;
    let refused = open(&options).prepare(RETENTION).await.unwrap_err().to_string();
    assert!(refused.contains(&options.sums_topic) && refused.contains("has 3 partitions, must have 2"), "{refused}");
}

#[tokio::test]
async fn more_copies_than_brokers_are_refused_by_name() {
    let mut options = options(shared::kafka().unwrap());
    options.replication_factor = Some(2);
    let refused = open(&options).prepare(RETENTION).await.unwrap_err();
    assert!(refused.to_string().contains("replication_factor") && !refused.is_retryable(), "{refused}");
}

#[tokio::test]
async fn a_record_beyond_the_limit_is_refused() {
    let options = options(shared::kafka().unwrap());
    let stream = open(&options);
    stream.prepare(RETENTION).await.unwrap();
    let huge = "x".repeat(1_100_000);
    let refused = stream.append(vec![record(0, "key", &huge)]).await.unwrap_err();
    assert!(matches!(refused.first(), StreamError::Refused(_)), "{refused}");
    stream.append(numbered(0, 0, 1)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn after_an_aborted_commit_the_next_one_goes_through() {
    let fixture = fixture().await;
    fixture.stream.append(numbered(0, 0, 1)).await.unwrap();
    let mut subscription = fixture.subscribe().await;
    subscription.take(1).await;
    let committer = subscription.subscription.committer();
    let refused = committer.commit(too_large_after(1_000)).await.unwrap_err();
    assert!(matches!(refused, StreamError::RefusedOf { partition: 0, .. }), "{refused}");
    committer.commit(flush(vec![record(0, "row-1", "right")], vec![(0, 1)])).await.unwrap();
    let values: Vec<String> = fixture.all(Topic::DailySums).await.iter().map(value).collect();
    assert_eq!(values, ["right"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_of_an_aborted_commit_is_with_the_broker_is_never_visible() {
    let options = options(shared::kafka().unwrap());
    let fixture = fixture_of(&options).await;
    fixture.stream.append(numbered(0, 0, 1)).await.unwrap();
    let mut subscription = fixture.subscribe().await;
    subscription.take(1).await;
    // So many that some are with the broker before the last one is found to be too large.
    let refused = subscription.commit(too_large_after(50_000)).await.unwrap_err();
    assert!(matches!(refused, StreamError::RefusedOf { partition: 0, .. }), "{refused}");
    let arrived = tokio::task::spawn_blocking(move || uncommitted(&options)).await.unwrap();
    assert!(arrived > 0, "nothing was with the broker, so there was nothing to hide");
    // After an error of a commit one subscribes anew.
    drop(subscription);
    let mut subscription = fixture.subscribe().await;
    subscription.take(1).await;
    let right = flush(vec![record(0, "row-1", "right")], vec![(0, 1)]);
    subscription.commit(right).await.unwrap();
    let values: Vec<String> = fixture.all(Topic::DailySums).await.iter().map(value).collect();
    assert_eq!(values, ["right"]);
}

/// Rows that would be committed, and one that the client does not take.
fn too_large_after(rows: usize) -> Flush {
    let mut rows: Vec<_> = (0..rows).map(|n| record(0, &format!("row-{n}"), "aborted")).collect();
    rows.push(record(0, "row", &"x".repeat(1_100_000)));
    flush(rows, vec![(0, 1)])
}

/// How many records of the first partition of the daily sums a reader sees that takes aborted ones too.
fn uncommitted(options: &KafkaOptions) -> usize {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", options.brokers.join(","))
        .set("group.id", "uncommitted")
        .set("isolation.level", "read_uncommitted")
        .set("enable.partition.eof", "true")
        .create()
        .unwrap();
    let mut from = TopicPartitionList::new();
    from.add_partition_offset(&options.sums_topic, 0, Offset::Beginning).unwrap();
    consumer.assign(&from).unwrap();
    let mut seen = 0;
    loop {
        match consumer.poll(Duration::from_secs(30)).expect("the end of the partition comes") {
            Ok(record) => seen += usize::from(record.payload() == Some(b"aborted")),
            Err(KafkaError::PartitionEOF(_)) => return seen,
            Err(error) => panic!("{error}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_and_tls_come_through_the_properties() {
    let kafka = Kafka::start_with(Options::SECURE).unwrap();
    let credentials = kafka.credentials().unwrap();
    let mut options = options(&kafka);
    let ca = kafka.ca().unwrap().display().to_string();
    options.properties = [
        ("security.protocol", "SASL_SSL"),
        ("sasl.mechanism", "PLAIN"),
        ("sasl.username", credentials.user),
        ("sasl.password", credentials.password),
        ("ssl.ca.location", &ca),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into();
    let stream = Arc::new(open(&options));
    stream.prepare(RETENTION).await.unwrap();
    stream.append(numbered(0, 0, 3)).await.unwrap();
    let fixture = Fixture { stream: stream.clone(), other: stream, directory: None };
    let mut subscription = fixture.subscribe().await;
    subscription.take(3).await;
    subscription.commit(flush(Vec::new(), vec![(0, 3)])).await.unwrap();

    options.properties.insert("sasl.password".to_owned(), "wrong".to_owned());
    let told = open(&options).prepare(RETENTION).await.unwrap_err().to_string();
    assert!(told.contains("uthentication failed"), "{told}");
}

pub(crate) async fn create(options: &KafkaOptions, name: &str, partitions: u32, settings: &BTreeMap<&str, &str>) {
    let copies = options.replication_factor.unwrap_or(1).into();
    let topic = NewTopic::new(name, i32::try_from(partitions).unwrap(), TopicReplication::Fixed(copies));
    let topic = settings.iter().fold(topic, |topic, (name, value)| topic.set(name, value));
    admin(options).create_topics(&[topic], &AdminOptions::new()).await.unwrap().remove(0).unwrap();
}

/// The settings that were given to the topic itself.
pub(crate) async fn own_settings(options: &KafkaOptions, name: &str) -> BTreeMap<String, String> {
    let asked = [ResourceSpecifier::Topic(name)];
    let topic = admin(options).describe_configs(&asked, &AdminOptions::new()).await.unwrap().remove(0).unwrap();
    let own = topic.entries.into_iter().filter(|entry| entry.source == ConfigSource::DynamicTopic);
    own.map(|entry| (entry.name, entry.value.unwrap())).collect()
}

pub(crate) fn admin(options: &KafkaOptions) -> AdminClient<DefaultClientContext> {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", options.brokers.join(","));
    config.create().unwrap()
}
