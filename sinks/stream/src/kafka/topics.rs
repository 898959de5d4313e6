//! The topics: created when missing, and checked to be what the exactness of the sums needs.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use rdkafka::admin::{AdminClient, AdminOptions, ConfigResource, NewTopic, ResourceSpecifier, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};

use super::client::{self, blocking};
use super::client_errors::ClientErrors;
use super::options::KafkaOptions;
use crate::limits::KAFKA_MESSAGE_BYTES;
use crate::port::StreamError;
use crate::timeouts::{CALL, KAFKA_LISTEN, KAFKA_PAUSE, REQUEST};

/// What a setting of a topic must be.
enum Must {
    Be(&'static str),
    BeAtLeast(i64),
    /// -1 is without limit.
    BeAtLeastOrUnlimited(i64),
}

/// A topic and what its settings must be.
struct Plan {
    name: String,
    settings: Vec<(&'static str, Must)>,
    /// Given to a new topic alone.
    extra: Vec<(&'static str, &'static str)>,
}

const DAY_MILLIS: i64 = 86_400_000;
/// A closed segment is what Kafka compacts; one stays open for a week by default.
const SUMS_SEGMENT_MILLIS: &str = "3600000";

/// Creates the missing topics and checks all three.
pub(super) async fn prepare(options: Arc<KafkaOptions>, retention_days: u32) -> Result<(), StreamError> {
    let begun = Instant::now();
    let plans = plans(&options, retention_days);
    let mut known = partition_counts(&options).await?;
    let errors = ClientErrors::default();
    let admin: AdminClient<DefaultClientContext> =
        client::admin(&options).create().map_err(|error| errors.away("admin client", &error))?;
    create_missing(&admin, &options, &plans, &known).await?;
    while plans.iter().any(|plan| !known.contains_key(&plan.name)) {
        if begun.elapsed() > CALL {
            return Err(StreamError::Away("the topics just created do not show up".to_owned()));
        }
        tokio::time::sleep(KAFKA_PAUSE).await;
        known = partition_counts(&options).await?;
    }
    for plan in &plans {
        let count = known.get(&plan.name).copied().unwrap_or_default();
        if count != options.partitions as usize {
            let (name, configured) = (&plan.name, options.partitions);
            return Err(StreamError::Refused(format!(
                "topic {name}: has {count} partitions, must have {configured} as configured"
            )));
        }
    }
    check_settings(&admin, &plans).await
}

fn plans(options: &KafkaOptions, retention_days: u32) -> Vec<Plan> {
    let retention = i64::from(retention_days) * DAY_MILLIS;
    let size = || ("max.message.bytes", Must::BeAtLeast(i64::from(KAFKA_MESSAGE_BYTES)));
    let stamped = || ("message.timestamp.type", Must::Be("LogAppendTime"));
    let kept = |name: &String| Plan {
        name: name.clone(),
        settings: vec![
            stamped(),
            ("cleanup.policy", Must::Be("delete")),
            ("retention.ms", Must::BeAtLeastOrUnlimited(retention)),
            ("retention.bytes", Must::Be("-1")),
            size(),
        ],
        extra: Vec::new(),
    };
    let sums = Plan {
        name: options.sums_topic.clone(),
        settings: vec![stamped(), ("cleanup.policy", Must::Be("compact")), size()],
        extra: vec![("segment.ms", SUMS_SEGMENT_MILLIS)],
    };
    vec![kept(&options.topic), sums, kept(&options.dead_letters_topic)]
}

/// Every topic there is, with its partitions. Asked of all at once, since asking for one may create it.
async fn partition_counts(options: &Arc<KafkaOptions>) -> Result<HashMap<String, usize>, StreamError> {
    let options = Arc::clone(options);
    blocking(move || {
        let errors = ClientErrors::default();
        let away = |error: &KafkaError| errors.away("listing the topics", error);
        let consumer: BaseConsumer<ClientErrors> =
            client::consumer(&options).create_with_context(errors.clone()).map_err(|error| away(&error))?;
        let listed = consumer.fetch_metadata(None, REQUEST).map_err(|error| {
            // The reason stands in its events.
            client::listen(&consumer, KAFKA_LISTEN);
            away(&error)
        })?;
        let there = |topic: &rdkafka::metadata::MetadataTopic| topic.error().is_none();
        let count = |topic: &rdkafka::metadata::MetadataTopic| (topic.name().to_owned(), topic.partitions().len());
        Ok(listed.topics().iter().filter(|topic| there(topic)).map(count).collect())
    })
    .await
}

async fn create_missing(
    admin: &AdminClient<DefaultClientContext>,
    options: &KafkaOptions,
    plans: &[Plan],
    known: &HashMap<String, usize>,
) -> Result<(), StreamError> {
    let missing: Vec<&Plan> = plans.iter().filter(|plan| !known.contains_key(&plan.name)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let partitions = i32::try_from(options.partitions).unwrap_or(i32::MAX);
    let copies = options.replication_factor.map_or(-1, i32::from);
    let values: Vec<Vec<(&str, String)>> = missing.iter().map(|plan| plan.given(copies)).collect();
    let topics: Vec<NewTopic<'_>> = missing
        .iter()
        .zip(&values)
        .map(|(plan, values)| {
            let topic = NewTopic::new(&plan.name, partitions, TopicReplication::Fixed(copies));
            values.iter().fold(topic, |topic, (setting, value)| topic.set(setting, value))
        })
        .collect();
    let bounded = AdminOptions::new().request_timeout(Some(CALL)).operation_timeout(Some(REQUEST));
    let errors = ClientErrors::default();
    let outcomes =
        admin.create_topics(&topics, &bounded).await.map_err(|error| errors.away("creating the topics", &error))?;
    for outcome in outcomes {
        match outcome {
            Ok(name) => tracing::info!(topic = name, "created a topic"),
            // Another process was faster; the check that follows tells whether it is right.
            Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
            Err((name, code)) => return Err(not_created(&name, code)),
        }
    }
    Ok(())
}

fn not_created(name: &str, code: RDKafkaErrorCode) -> StreamError {
    let told = format!("topic {name}: cannot be created: {code}");
    match code {
        RDKafkaErrorCode::InvalidReplicationFactor => {
            StreamError::Refused(format!("{told}; replication_factor must be at most the number of brokers"))
        }
        RDKafkaErrorCode::PolicyViolation
        | RDKafkaErrorCode::InvalidConfig
        | RDKafkaErrorCode::InvalidTopic
        | RDKafkaErrorCode::TopicAuthorizationFailed
        | RDKafkaErrorCode::ClusterAuthorizationFailed => {
            StreamError::Refused(format!("{told}; create it by hand, or grant the right to"))
        }
        _ => StreamError::Away(told),
    }
}

async fn check_settings(admin: &AdminClient<DefaultClientContext>, plans: &[Plan]) -> Result<(), StreamError> {
    let bounded = AdminOptions::new().request_timeout(Some(CALL));
    let asked: Vec<_> = plans.iter().map(|plan| ResourceSpecifier::Topic(&plan.name)).collect();
    let away = |error: &KafkaError| ClientErrors::default().away("reading the topics' settings", error);
    let described = admin.describe_configs(&asked, &bounded).await.map_err(|error| away(&error))?;
    for (plan, resource) in plans.iter().zip(described) {
        plan.check(&resource.map_err(|code| away(&KafkaError::AdminOp(code)))?)?;
    }
    Ok(())
}

impl Plan {
    /// The settings of a new topic.
    fn given(&self, copies: i32) -> Vec<(&'static str, String)> {
        let value = |must: &Must| match must {
            Must::Be(value) => (*value).to_owned(),
            Must::BeAtLeast(least) | Must::BeAtLeastOrUnlimited(least) => least.to_string(),
        };
        let mut given: Vec<_> = self.settings.iter().map(|(setting, must)| (*setting, value(must))).collect();
        given.extend(self.extra.iter().map(|(setting, value)| (*setting, (*value).to_owned())));
        if copies >= 3 {
            // Otherwise "all in-sync replicas" may be a single one.
            given.push(("min.insync.replicas", "2".to_owned()));
        }
        given
    }

    fn check(&self, resource: &ConfigResource) -> Result<(), StreamError> {
        for (setting, must) in &self.settings {
            let value = resource.get(setting).and_then(|entry| entry.value.as_deref()).unwrap_or_default();
            let number = value.parse::<i64>().ok();
            let right = match must {
                Must::Be(right) => (value != *right).then(|| (*right).to_owned()),
                Must::BeAtLeast(least) => (number < Some(*least)).then(|| format!("at least {least}")),
                Must::BeAtLeastOrUnlimited(least) => (number != Some(-1) && number < Some(*least))
                    .then(|| format!("at least {least}, or -1 for no limit")),
            };
            if let Some(right) = right {
                let name = &self.name;
                return Err(StreamError::Refused(format!("topic {name}: {setting} is {value}, must be {right}")));
            }
        }
        Ok(())
    }
}
