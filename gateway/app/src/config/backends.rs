//! The three backends: `backend = "…"` becomes typed options here and nowhere else.

use std::collections::BTreeMap;
use std::path::PathBuf;

use tallygate_core::PartitionBy;
use tallygate_sums::Consistency;

use super::document::Table;

/// The queue.
#[derive(Debug)]
pub enum QueueConfig {
    /// SQLite in the data directory.
    Embedded,
    /// RabbitMQ.
    Amqp(RabbitConfig),
}

/// RabbitMQ.
#[derive(Debug)]
pub struct RabbitConfig {
    /// `amqp://` or `amqps://`, with user and password.
    pub url: String,
    /// The queue's name.
    pub queue: String,
    /// Trust and identity for `amqps://`.
    pub tls: TlsClientConfig,
}

/// The stream.
#[derive(Debug)]
pub enum StreamConfig {
    /// SQLite in the data directory.
    Embedded {
        /// How many partitions the log has.
        partitions: u32,
        /// What decides a record's partition.
        partition_by: PartitionBy,
    },
    /// Kafka.
    Kafka(KafkaConfig),
}

/// Kafka.
#[derive(Debug)]
pub struct KafkaConfig {
    /// `host:port` of the brokers to begin with.
    pub brokers: Vec<String>,
    /// The log.
    pub topic: String,
    /// The compacted rows.
    pub sums_topic: String,
    /// The dead letters.
    pub dead_letters_topic: String,
    /// How many partitions each topic has.
    pub partitions: u32,
    /// What decides a record's partition.
    pub partition_by: PartitionBy,
    /// Copies of each topic that we create; the broker's default when absent.
    pub replication_factor: Option<u16>,
    /// The aggregators' consumer group.
    pub group: String,
    /// Further librdkafka properties.
    pub properties: BTreeMap<String, String>,
}

/// The store of sums.
#[derive(Debug)]
pub enum SumsConfig {
    /// SQLite in the data directory.
    Embedded,
    /// Cassandra.
    Cassandra(CassandraConfig),
}

/// Cassandra.
#[derive(Debug)]
pub struct CassandraConfig {
    /// `host:port` of the nodes to begin with.
    pub contact_points: Vec<String>,
    /// The keyspace.
    pub keyspace: String,
    /// The replication class and its factors.
    pub replication: Vec<(String, String)>,
    /// The consistency of reads and writes.
    pub consistency: Consistency,
    /// User and password.
    pub credentials: Option<(String, String)>,
    /// Trust and identity; plain TCP without.
    pub tls: Option<TlsClientConfig>,
}

/// How we know a server, and how it knows us.
#[derive(Clone, Debug, Default)]
pub struct TlsClientConfig {
    /// The authority that signed the server's certificate; the system's when absent.
    pub ca: Option<PathBuf>,
    /// Our certificate.
    pub certificate: Option<PathBuf>,
    /// Its key.
    pub key: Option<PathBuf>,
}

const GROUP: &str = "tallygate";
const TOPIC: &str = "tallygate.transactions";

pub(super) fn queue(root: &Table<'_>) -> Option<QueueConfig> {
    let Some(table) = root.table("queue") else { return Some(QueueConfig::Embedded) };
    let config = match backend(&table, &["embedded", "amqp"])? {
        "amqp" => {
            let url = table.required("url");
            if let Some(url) =
                url.as_ref().filter(|url| !url.value.starts_with("amqp://") && !url.value.starts_with("amqps://"))
            {
                table.document().problem_with(
                    url,
                    "must begin with amqp:// or amqps://, such as amqp://user:password@host:5672/%2f",
                );
            }
            let queue = text(&table, "queue", TOPIC);
            let tls = table.table("tls").map(client_tls).unwrap_or_default();
            url.map(|url| QueueConfig::Amqp(RabbitConfig { url: url.value, queue, tls }))
        }
        _ => Some(QueueConfig::Embedded),
    };
    table.close();
    config
}

pub(super) fn stream(root: &Table<'_>) -> Option<StreamConfig> {
    let Some(table) = root.table("stream") else {
        return Some(StreamConfig::Embedded { partitions: 4, partition_by: PartitionBy::Key });
    };
    let backend = backend(&table, &["embedded", "kafka"])?;
    let partitions = table.number("partitions", 1..=1024).unwrap_or(4) as u32;
    let partition_by = table.parsed("partition_by").map_or(PartitionBy::Key, |by| by.value);
    let config = match backend {
        "kafka" => {
            let config = KafkaConfig {
                brokers: servers(&table, "brokers", "127.0.0.1:9092"),
                topic: text(&table, "topic", TOPIC),
                sums_topic: text(&table, "sums_topic", "tallygate.daily-sums"),
                dead_letters_topic: text(&table, "dead_letters_topic", "tallygate.dead-letters"),
                partitions,
                partition_by,
                replication_factor: table.number("replication_factor", 1..=100).map(|factor| factor as u16),
                group: text(&table, "group", GROUP),
                properties: table.table("properties").map(|properties| properties_of(&properties)).unwrap_or_default(),
            };
            if let Err(bad) = crate::parts::kafka_options(&config).check() {
                table.problem(bad);
            }
            StreamConfig::Kafka(config)
        }
        _ => StreamConfig::Embedded { partitions, partition_by },
    };
    table.close();
    Some(config)
}

pub(super) fn sums(root: &Table<'_>) -> Option<SumsConfig> {
    let Some(table) = root.table("sums") else { return Some(SumsConfig::Embedded) };
    let config = match backend(&table, &["embedded", "cassandra"])? {
        "cassandra" => {
            let replication =
                table.table("replication").map(|replication| properties_of(&replication).into_iter().collect());
            let simple = || {
                vec![
                    ("class".to_owned(), "SimpleStrategy".to_owned()),
                    ("replication_factor".to_owned(), "1".to_owned()),
                ]
            };
            let consistency =
                table.parsed("consistency").map_or_else(Consistency::default, |consistency| consistency.value);
            let (user, password) = (table.string("user"), table.string("password"));
            if user.is_some() != password.is_some() {
                table.problem("\"user\" and \"password\" go together");
            }
            SumsConfig::Cassandra(CassandraConfig {
                contact_points: servers(&table, "contact_points", "127.0.0.1:9042"),
                keyspace: keyspace(&table),
                replication: replication.unwrap_or_else(simple),
                consistency,
                credentials: user.zip(password).map(|(user, password)| (user.value, password.value)),
                tls: table.table("tls").map(client_tls),
            })
        }
        _ => SumsConfig::Embedded,
    };
    table.close();
    Some(config)
}

fn backend(table: &Table<'_>, known: &[&'static str]) -> Option<&'static str> {
    let Some(backend) = table.string("backend") else { return known.first().copied() };
    let found = known.iter().copied().find(|name| *name == backend.value);
    if found.is_none() {
        let right = known.join(" or ");
        table
            .document()
            .problem_with(&backend, format_args!("{:?} is no backend here: {right} would be right", backend.value));
    }
    found
}

fn text(table: &Table<'_>, key: &str, default: &str) -> String {
    table.string(key).map_or_else(|| default.to_owned(), |text| text.value)
}

/// A keyspace goes into CQL as it is, so it must be a plain name.
fn keyspace(table: &Table<'_>) -> String {
    let Some(name) = table.string("keyspace") else { return "tallygate".to_owned() };
    let plain = name.value.starts_with(|c: char| c.is_ascii_lowercase())
        && name.value.len() <= 48
        && name.value.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    if !plain {
        table
            .document()
            .problem_with(&name, "must be 1 to 48 small letters, digits and underscores, and begin with a letter");
    }
    name.value
}

fn servers(table: &Table<'_>, key: &str, example: &str) -> Vec<String> {
    if !table.has(key) {
        table.problem(format_args!("{key:?} is missing, such as [\"{example}\"]"));
    }
    let servers = table.strings(key).unwrap_or_default();
    for server in &servers {
        let port = server
            .value
            .rsplit_once(':')
            .and_then(|(host, port)| (!host.is_empty()).then(|| port.parse::<u16>().ok())?);
        if port.is_none() {
            table
                .document()
                .problem_with(server, format_args!("{:?} is no host:port, such as {example}", server.value));
        }
    }
    servers.into_iter().map(|server| server.value).collect()
}

fn properties_of(table: &Table<'_>) -> BTreeMap<String, String> {
    let mut properties = BTreeMap::new();
    for name in table.keys().map(|key| key.value.to_owned()).collect::<Vec<_>>() {
        match table.json(&name) {
            Some(serde_json::Value::String(value)) => drop(properties.insert(name, value)),
            Some(value @ (serde_json::Value::Number(_) | serde_json::Value::Bool(_))) => {
                drop(properties.insert(name, value.to_string()))
            }
            Some(_) => table.problem(format_args!("{name:?} must be a string, a number or a truth value")),
            None => {}
        }
    }
    table.close();
    properties
}

fn client_tls(table: Table<'_>) -> TlsClientConfig {
    let file = |key| table.file(key).map(|file| file.value);
    let config = TlsClientConfig { ca: file("ca"), certificate: file("certificate"), key: file("key") };
    if config.certificate.is_some() != config.key.is_some() {
        table.problem("\"certificate\" and \"key\" go together");
    }
    table.close();
    config
}
