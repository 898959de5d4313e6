//! Where the configuration becomes parts: the only place that names a backend.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};
use prometheus_client::registry::Registry;
use tallygate_core::generation::{FOLD_RULES, Plan};
use tallygate_core::{Day, PartitionBy};
use tallygate_front::{
    ClientAuth, Credential, Front, FrontError, FrontOptions, ListenerOptions, PartnerOptions, RouteOptions, TlsOptions,
    UpstreamOptions,
};
use tallygate_host::{Keys, Limits as PolicyLimits};
use tallygate_queue::{AmqpOptions, AmqpQueue, EmbeddedQueue, Queue};
use tallygate_stream::{EmbeddedStream, EmbeddedStreamOptions, KafkaOptions, KafkaStream, Stream, StreamMetrics};
use tallygate_sums::{Cassandra, CassandraOptions, Credentials, EmbeddedSums, EmbeddedSumsOptions, Sums};
use tallygate_tls::TlsFiles;

use crate::config::{self, Config, PolicyConfig, QueueConfig, StreamConfig, SumsConfig, TlsClientConfig};
use crate::faults::Fault;

/// The name that an embedded log goes by.
const EMBEDDED_TOPIC: &str = "embedded";
const QUEUE_FILE: &str = "queue.db";
const STREAM_FILE: &str = "stream.db";
const SUMS_FILE: &str = "sums.db";

/// Opens the queue for publishing and consuming. A server that is away is no error.
///
/// # Errors
/// When it can never work as configured.
pub fn queue(config: &Config) -> Result<Arc<dyn Queue>> {
    Ok(match &config.queue {
        QueueConfig::Embedded => Arc::new(EmbeddedQueue::open(config.data_dir.join(QUEUE_FILE))?),
        QueueConfig::Amqp(rabbit) => {
            let mut options = AmqpOptions::new(&*rabbit.url, &*rabbit.queue);
            let TlsClientConfig { ca, certificate, key } = rabbit.tls.clone();
            options.tls = TlsFiles { ca, certificate, key };
            Arc::new(AmqpQueue::open(options)?)
        }
    })
}

/// Opens the stream. A server that is away is no error.
///
/// # Errors
/// When it can never work as configured.
pub fn stream(config: &Config, registry: &mut Registry) -> Result<Arc<dyn Stream>> {
    let metrics = StreamMetrics::register(registry);
    Ok(match &config.stream {
        StreamConfig::Embedded { partitions, .. } => {
            let options = EmbeddedStreamOptions { path: config.data_dir.join(STREAM_FILE), partitions: *partitions };
            Arc::new(EmbeddedStream::open(&options, metrics)?)
        }
        StreamConfig::Kafka(kafka) => Arc::new(KafkaStream::new(kafka_options(kafka), metrics)?),
    })
}

/// Opens the store. A server that is away is no error.
///
/// # Errors
/// When it can never work as configured.
pub fn sums(config: &Config, fault: Fault) -> Result<Arc<dyn Sums>> {
    Ok(match &config.sums {
        SumsConfig::Embedded => {
            #[allow(unused_mut, reason = "changed only by a fault")]
            let mut options = EmbeddedSumsOptions::new(config.data_dir.join(SUMS_FILE));
            #[cfg(feature = "faults")]
            {
                options.without_fence = fault.without_fence;
            }
            Arc::new(EmbeddedSums::open(&options)?)
        }
        SumsConfig::Cassandra(cassandra) => Arc::new(Cassandra::new(cassandra_options(cassandra, fault)?)?),
    })
}

/// The stream for a command that reads beside a running process.
///
/// # Errors
/// When there is none.
pub fn read_stream(config: &Config) -> Result<Arc<dyn Stream>> {
    match &config.stream {
        StreamConfig::Embedded { .. } => {
            Ok(Arc::new(EmbeddedStream::open_read_only(&config.data_dir.join(STREAM_FILE))?))
        }
        StreamConfig::Kafka(_) => stream(config, &mut Registry::default()),
    }
}

/// The store for a command that reads beside a running process.
///
/// # Errors
/// When there is none.
pub fn read_sums(config: &Config) -> Result<Arc<dyn Sums>> {
    match &config.sums {
        SumsConfig::Embedded => Ok(Arc::new(EmbeddedSums::open_read_only(&config.data_dir.join(SUMS_FILE))?)),
        SumsConfig::Cassandra(_) => sums(config, Fault::default()),
    }
}

/// How many messages the queue holds, for a command beside a running process.
///
/// # Errors
/// When it cannot be asked.
pub async fn queue_depth(config: &Config) -> Result<u64> {
    match &config.queue {
        QueueConfig::Embedded => Ok(EmbeddedQueue::open_read_only(config.data_dir.join(QUEUE_FILE))?.depth().await?),
        QueueConfig::Amqp(_) => Ok(queue(config)?.depth().await?),
    }
}

/// What the log must stay, as configured.
pub fn plan(config: &Config) -> Plan {
    let (topic, partitions, partition_by) = log(config);
    Plan {
        topic: topic.to_owned(),
        partitions,
        partition_by,
        horizon_days: config.aggregator.horizon_days,
        future_days: config.aggregator.future_days,
        fold_rules: FOLD_RULES,
    }
}

/// The partitions of the log, from 0.
pub fn partitions(config: &Config) -> std::ops::Range<u32> {
    0..log(config).1
}

/// Today's business day.
pub fn today(config: &Config) -> Day {
    let now = jiff::Timestamp::now().to_string().parse();
    now.map_or_else(|_| Day::of_unix_millis(0), |moment| config.zone.day(moment))
}

fn log(config: &Config) -> (&str, u32, PartitionBy) {
    match &config.stream {
        StreamConfig::Embedded { partitions, partition_by } => (EMBEDDED_TOPIC, *partitions, *partition_by),
        StreamConfig::Kafka(kafka) => (&kafka.topic, kafka.partitions, kafka.partition_by),
    }
}

/// Kafka's options.
pub fn kafka_options(kafka: &config::KafkaConfig) -> KafkaOptions {
    KafkaOptions {
        brokers: kafka.brokers.clone(),
        topic: kafka.topic.clone(),
        sums_topic: kafka.sums_topic.clone(),
        dead_letters_topic: kafka.dead_letters_topic.clone(),
        partitions: kafka.partitions,
        replication_factor: kafka.replication_factor,
        group: kafka.group.clone(),
        properties: kafka.properties.clone(),
    }
}

fn cassandra_options(cassandra: &config::CassandraConfig, fault: Fault) -> Result<CassandraOptions> {
    let mut options = CassandraOptions::new(cassandra.contact_points.clone());
    options.keyspace.clone_from(&cassandra.keyspace);
    options.replication.clone_from(&cassandra.replication);
    options.consistency = cassandra.consistency;
    options.credentials = cassandra.credentials.clone().map(|(user, password)| Credentials { user, password });
    options.tls =
        cassandra.tls.clone().map(|TlsClientConfig { ca, certificate, key }| TlsFiles { ca, certificate, key });
    #[cfg(feature = "faults")]
    {
        options.without_fence = fault.without_fence;
    }
    let _ = fault;
    Ok(options)
}

/// The keys of a policy.
///
/// # Errors
/// Which file, and what is wrong with it.
pub fn keys(policy: &PolicyConfig) -> Result<Keys> {
    let mut keys = Keys::new();
    for (name, file) in &policy.keys {
        let named = || format!("policies.{}.keys.{name}: {}", policy.name, file.display());
        keys.add(name, &fs::read(file).with_context(named)?).with_context(named)?;
    }
    Ok(keys)
}

/// The limits of a policy.
pub fn policy_limits(policy: &PolicyConfig) -> PolicyLimits {
    PolicyLimits { memory: usize::try_from(policy.memory).unwrap_or(usize::MAX), time: policy.time }
}

/// The partners' side.
///
/// # Errors
/// Which file or value cannot be used.
pub fn front(config: &Config, fault: Fault) -> Result<FrontOptions> {
    let _ = fault;
    Ok(FrontOptions {
        listeners: config.listeners.iter().map(listener).collect::<Result<_>>()?,
        partners: config.partners.iter().map(partner).collect::<Result<_>>()?,
        routes: config.routes.iter().map(route).collect::<Result<_>>()?,
        upstreams: config.upstreams.iter().map(upstream).collect::<Result<_>>()?,
        zone: config.zone.clone(),
        horizon_days: config.aggregator.horizon_days.into(),
        future_days: config.aggregator.future_days.into(),
        journal: journal(config),
        limits: limits(&config.limits),
        #[cfg(feature = "faults")]
        reply_before_confirm: fault.reply_before_confirm,
    })
}

/// Where the journal is.
pub fn journal(config: &Config) -> std::path::PathBuf {
    config.data_dir.join("journal")
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}

fn listener(listener: &config::ListenerConfig) -> Result<ListenerOptions> {
    Ok(ListenerOptions { name: listener.name.clone(), tls: listener.tls.as_ref().map(tls).transpose()? })
}

/// A server's TLS.
///
/// # Errors
/// When a file cannot be read.
pub fn tls(tls: &config::TlsConfig) -> Result<TlsOptions> {
    Ok(TlsOptions {
        certificate: read(&tls.certificate)?,
        key: read(&tls.key)?,
        client_ca: tls.client_ca.as_deref().map(read).transpose()?,
        client_auth: match tls.client_auth {
            config::ClientAuth::Required => ClientAuth::Required,
            config::ClientAuth::Optional => ClientAuth::Optional,
            config::ClientAuth::None => ClientAuth::None,
        },
    })
}

fn partner(partner: &config::PartnerConfig) -> Result<PartnerOptions> {
    let credential = match &partner.credential {
        None => None,
        Some(config::Credential::Certificate(config::Certificate::SubjectCn(cn))) => {
            Some(Credential::SubjectCn(cn.clone()))
        }
        Some(config::Credential::Certificate(config::Certificate::Sha256(hash))) => {
            Some(Credential::Certificate(hash.parse()?))
        }
        Some(config::Credential::ApiKeySha256(hash)) => Some(Credential::ApiKey(hash.parse()?)),
    };
    Ok(PartnerOptions { name: partner.name.clone(), credentials: credential.into_iter().collect() })
}

fn route(route: &config::RouteConfig) -> Result<RouteOptions> {
    Ok(RouteOptions {
        name: route.name.clone(),
        listeners: route.listeners.clone(),
        host: route.host.clone(),
        path: route.path.clone(),
        methods: route.methods.iter().map(|method| Ok(method.parse()?)).collect::<Result<_>>()?,
        partner: route.partner.clone(),
        policies: route.policies.clone(),
        upstream: route.upstream.clone(),
    })
}

fn upstream(upstream: &config::UpstreamConfig) -> Result<UpstreamOptions> {
    Ok(UpstreamOptions {
        name: upstream.name.clone(),
        targets: upstream.targets.iter().map(|target| Ok(target.parse()?)).collect::<Result<_>>()?,
        ca: upstream.ca.as_deref().map(read).transpose()?,
    })
}

fn limits(limits: &config::Limits) -> tallygate_front::Limits {
    let bytes = |size: u64| usize::try_from(size).unwrap_or(usize::MAX);
    tallygate_front::Limits {
        header_bytes: bytes(limits.header_size),
        body_bytes: bytes(limits.body_size),
        held_bytes: bytes(limits.body_memory),
        header_time: limits.header_time,
        body_time: limits.body_time,
        connections: bytes(limits.connections),
        requests: bytes(limits.requests),
        shutdown_time: limits.shutdown_time,
        ..tallygate_front::Limits::default()
    }
}

/// What reading the files that a configuration names, and putting its parts together, finds wrong: lines and problems.
pub fn check(config: &Config) -> Vec<(usize, String)> {
    let mut problems = Vec::new();
    for policy in &config.policies {
        if let Err(error) = keys(policy) {
            problems.push((policy.line, format!("{error:#}")));
        }
    }
    match front(config, Fault::default()) {
        Err(error) => problems.push((1, format!("{error:#}"))),
        Ok(options) => {
            if let Err(error) = Front::check(&options) {
                problems.push((line(config, &error), error.to_string()));
            }
        }
    }
    if let Some(admin) = &config.admin
        && let Err(error) = crate::console::options(config, admin)
    {
        problems.push((admin.line, format!("{error:#}")));
    }
    problems
}

/// The line of what the partners' side finds wrong.
fn line(config: &Config, error: &FrontError) -> usize {
    let found = match error {
        FrontError::Listener(name, _) => config.listeners.iter().find(|l| l.name == *name).map(|l| l.line),
        FrontError::Partner(name, _) => config.partners.iter().find(|p| p.name == *name).map(|p| p.line),
        FrontError::Route(name, _) | FrontError::Policy(name, _) => {
            config.routes.iter().find(|r| r.name == *name).map(|r| r.line)
        }
        FrontError::Upstream(name, _) => config.upstreams.iter().find(|u| u.name == *name).map(|u| u.line),
        _ => None,
    };
    found.unwrap_or(1)
}
