//! The topics: created when missing, and checked to be what the exactness of the sums needs.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use rdkafka::admin::{
    AdminClient, AdminOptions, AlterConfig, ConfigResource, NewTopic, ResourceSpecifier, TopicReplication,
};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};

use super::client::{self, blocking};
use super::client_errors::ClientErrors;
use super::options::KafkaOptions;
use super::topic_plan::{TooShort, TopicPlan, plans};
use crate::port::{Retention, StreamError};
use crate::timeouts::{CALL, KAFKA_LISTEN, KAFKA_PAUSE, REQUEST};

/// Creates the missing topics, checks all three, and raises a retention that an earlier configuration gave.
pub(super) async fn prepare(options: Arc<KafkaOptions>, retention: Retention) -> Result<(), StreamError> {
    let begun = Instant::now();
    let plans = plans(&options, retention);
    let mut known = topics(&options).await?;
    let errors = ClientErrors::default();
    let admin: AdminClient<DefaultClientContext> =
        client::admin(&options).create().map_err(|error| errors.away("admin client", &error))?;
    create_missing(&admin, &options, &plans, &known).await?;
    while plans.iter().any(|plan| !known.shapes.contains_key(&plan.name)) {
        if begun.elapsed() > CALL {
            return Err(StreamError::Away("the topics just created do not show up".to_owned()));
        }
        tokio::time::sleep(KAFKA_PAUSE).await;
        known = topics(&options).await?;
    }
    for plan in &plans {
        let count = known.shapes.get(&plan.name).map_or(0, |shape| shape.partitions);
        if count != options.partitions as usize {
            let (name, configured) = (&plan.name, options.partitions);
            return Err(StreamError::Refused(format!(
                "topic {name}: has {count} partitions, must have {configured} as configured. All three topics have the same number, \
                 which cannot change once there are sums, and Kafka takes none away: where it was raised, other names of topics, \
                 group and keyspace begin anew"
            )));
        }
    }
    check_losses(&admin, &options, &plans, &known).await?;
    check_settings(&admin, &plans).await
}

/// What there is.
struct Known {
    /// Of every topic, by name.
    shapes: HashMap<String, Shape>,
    /// Any broker.
    broker: Option<i32>,
}

struct Shape {
    partitions: usize,
    /// Of the partition that has the fewest.
    replicas: usize,
}

/// Every topic there is. Asked of all at once, since asking for one may create it.
async fn topics(options: &Arc<KafkaOptions>) -> Result<Known, StreamError> {
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
        let shape = |topic: &rdkafka::metadata::MetadataTopic| {
            let replicas = topic.partitions().iter().map(|partition| partition.replicas().len()).min();
            let shape = Shape { partitions: topic.partitions().len(), replicas: replicas.unwrap_or_default() };
            (topic.name().to_owned(), shape)
        };
        Ok(Known {
            shapes: listed.topics().iter().filter(|topic| there(topic)).map(shape).collect(),
            broker: listed.brokers().first().map(rdkafka::metadata::MetadataBroker::id),
        })
    })
    .await
}

async fn create_missing(
    admin: &AdminClient<DefaultClientContext>,
    options: &KafkaOptions,
    plans: &[TopicPlan],
    known: &Known,
) -> Result<(), StreamError> {
    let missing: Vec<&TopicPlan> = plans.iter().filter(|plan| !known.shapes.contains_key(&plan.name)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let partitions = i32::try_from(options.partitions).unwrap_or(i32::MAX);
    let copies = options.replication_factor.map_or(-1, i32::from);
    // What the brokers will make of it decides what a topic needs.
    let replicas = if copies < 0 { default_copies(admin, known).await.unwrap_or(copies) } else { copies };
    let values: Vec<Vec<(&str, String)>> = missing.iter().map(|plan| plan.given(replicas)).collect();
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

/// How many replicas a topic gets that names none; none where that is not told, and then it is checked like any other.
async fn default_copies(admin: &AdminClient<DefaultClientContext>, known: &Known) -> Option<i32> {
    let asked = [ResourceSpecifier::Broker(known.broker?)];
    let bounded = AdminOptions::new().request_timeout(Some(CALL));
    let broker = admin.describe_configs(&asked, &bounded).await.ok()?.pop()?.ok()?;
    broker.get("default.replication.factor")?.value.as_ref()?.parse().ok()
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

/// Refuses, or tells where the operator allows it, what loses acknowledged records.
async fn check_losses(
    admin: &AdminClient<DefaultClientContext>,
    options: &KafkaOptions,
    plans: &[TopicPlan],
    known: &Known,
) -> Result<(), StreamError> {
    for (plan, topic) in plans.iter().zip(described(admin, plans).await?) {
        let replicas = known.shapes.get(&plan.name).map_or(0, |shape| shape.replicas);
        for loss in plan.losses(&topic, replicas) {
            if !options.allow_unsafe {
                return Err(StreamError::Refused(format!(
                    "{loss}; set it right, or take the loss with stream.allow_unsafe = true"
                )));
            }
            tracing::warn!("{loss}; taken as it is, as stream.allow_unsafe says");
        }
    }
    Ok(())
}

async fn check_settings(admin: &AdminClient<DefaultClientContext>, plans: &[TopicPlan]) -> Result<(), StreamError> {
    // All are looked at before one is changed.
    let short = check(admin, plans).await?;
    if short.is_empty() {
        return Ok(());
    }
    raise(admin, &short).await?;
    let begun = Instant::now();
    while let Some(short) = check(admin, plans).await?.first() {
        if begun.elapsed() > REQUEST {
            // The client does not tell why; as a rule the right is missing, or a policy of the cluster is against it.
            return Err(short.not_raised("the brokers do not take it from this user"));
        }
        tokio::time::sleep(KAFKA_PAUSE).await;
    }
    for TooShort { name, is, wanted, .. } in short {
        tracing::info!(
            topic = name,
            from = is,
            to = wanted,
            "raised a topic's retention.ms, as stream.lag_days asks for"
        );
    }
    Ok(())
}

/// The topics that keep their records too short a time, all else being right.
async fn check(admin: &AdminClient<DefaultClientContext>, plans: &[TopicPlan]) -> Result<Vec<TooShort>, StreamError> {
    let mut short = Vec::new();
    for (plan, topic) in plans.iter().zip(described(admin, plans).await?) {
        short.extend(plan.check(&topic)?);
    }
    Ok(short)
}

/// The topics with their settings, in the order of the plans.
async fn described(
    admin: &AdminClient<DefaultClientContext>,
    plans: &[TopicPlan],
) -> Result<Vec<ConfigResource>, StreamError> {
    let begun = Instant::now();
    loop {
        let topics = describe(admin, plans).await?;
        // A broker that has not heard of a topic yet, because another has just created it, answers as it does to one who may
        // not ask: with nothing.
        if topics.iter().all(|topic| !topic.entries.is_empty()) || begun.elapsed() > REQUEST {
            return Ok(topics);
        }
        tokio::time::sleep(KAFKA_PAUSE).await;
    }
}

async fn describe(
    admin: &AdminClient<DefaultClientContext>,
    plans: &[TopicPlan],
) -> Result<Vec<ConfigResource>, StreamError> {
    let bounded = AdminOptions::new().request_timeout(Some(CALL));
    let asked: Vec<_> = plans.iter().map(|plan| ResourceSpecifier::Topic(&plan.name)).collect();
    let away = |error: &KafkaError| ClientErrors::default().away("reading the topics' settings", error);
    let described = admin.describe_configs(&asked, &bounded).await.map_err(|error| away(&error))?;
    described.into_iter().map(|topic| topic.map_err(|code| away(&KafkaError::AdminOp(code)))).collect()
}

/// The client has only the request that replaces all settings of a topic's own, so all of them are given. What somebody
/// changes between our look and this is lost; it happens at a start, once for each raise of `stream.lag_days`.
async fn raise(admin: &AdminClient<DefaultClientContext>, short: &[TooShort]) -> Result<(), StreamError> {
    let mut changes = Vec::new();
    for topic in short {
        let Some(settings) = &topic.settings else {
            return Err(topic.not_raised("it has settings that the brokers do not show, which would be lost"));
        };
        let change = AlterConfig::new(ResourceSpecifier::Topic(&topic.name));
        changes.push(settings.iter().fold(change, |change, (name, value)| change.set(name, value)));
    }
    let bounded = AdminOptions::new().request_timeout(Some(CALL));
    let outcomes = admin
        .alter_configs(&changes, &bounded)
        .await
        .map_err(|error| ClientErrors::default().away("raising a topic's retention.ms", &error))?;
    for (topic, outcome) in short.iter().zip(outcomes) {
        if let Err((_, code)) = outcome {
            return Err(topic.not_raised(&code.to_string()));
        }
    }
    Ok(())
}
