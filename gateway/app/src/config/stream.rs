//! `[stream]`: the log between the shipper and the aggregator.

use std::path::Path;

use tallygate_core::PartitionBy;
use tallygate_stream::EmbeddedStreamOptions;
#[cfg(feature = "servers")]
use tallygate_stream::KafkaOptions;

use super::backend;
use super::table::Table;

/// The stream's backend.
pub enum StreamOptions {
    /// SQLite.
    Embedded(EmbeddedStreamOptions),
    /// Kafka.
    #[cfg(feature = "servers")]
    Kafka(KafkaOptions),
}

/// The name that an embedded log goes by.
const EMBEDDED_TOPIC: &str = "embedded";
const FILE: &str = "stream.db";
const PARTITIONS: u32 = 4;
/// Days that the fold may lag behind the log before the log no longer holds what it needs.
const LAG_DAYS: u16 = 7;

/// The log as it is configured.
pub(super) struct Log {
    /// Where it is kept.
    pub(super) options: StreamOptions,
    /// What decides a record's partition.
    pub(super) partition_by: PartitionBy,
    /// Days that the fold may lag behind it.
    pub(super) lag_days: u16,
}

impl StreamOptions {
    /// The name of the log.
    pub(super) fn topic(&self) -> &str {
        match self {
            Self::Embedded(_) => EMBEDDED_TOPIC,
            #[cfg(feature = "servers")]
            Self::Kafka(kafka) => &kafka.topic,
        }
    }

    /// The name under which its readers share it.
    pub(super) fn group(&self) -> &str {
        match self {
            Self::Embedded(_) => EMBEDDED_TOPIC,
            #[cfg(feature = "servers")]
            Self::Kafka(kafka) => &kafka.group,
        }
    }

    /// How many partitions it has.
    pub(super) fn partitions(&self) -> u32 {
        match self {
            Self::Embedded(embedded) => embedded.partitions,
            #[cfg(feature = "servers")]
            Self::Kafka(kafka) => kafka.partitions,
        }
    }
}

/// None when something is wrong that a problem was noted for.
pub(super) fn read(root: &Table<'_>, data_dir: &Path) -> Option<Log> {
    let embedded =
        |partitions| StreamOptions::Embedded(EmbeddedStreamOptions { path: data_dir.join(FILE), partitions });
    let Some(table) = root.table("stream") else {
        return Some(Log { options: embedded(PARTITIONS), partition_by: PartitionBy::Key, lag_days: LAG_DAYS });
    };
    let backend = backend::chosen(&table, ["embedded", "kafka"])?;
    let partitions = table.number("partitions", 0..=u32::MAX.into()).map_or(PARTITIONS, |partitions| partitions as u32);
    let partition_by = table.parsed("partition_by").map_or(PartitionBy::Key, |by| by.value);
    let lag_days = table.number("lag_days", 0..=366).map_or(LAG_DAYS, |days| days as u16);
    let options = match backend {
        #[cfg(feature = "servers")]
        "kafka" => StreamOptions::Kafka(kafka(&table, partitions)),
        _ => embedded(partitions),
    };
    if let Err((option, problem)) = check(&options) {
        table.document().also(&table.path_of(&option), problem);
    }
    table.close();
    Some(Log { options, partition_by, lag_days })
}

/// The option that cannot work, and why.
fn check(options: &StreamOptions) -> Result<(), (String, String)> {
    match options {
        StreamOptions::Embedded(embedded) => embedded.check().map_err(|problem| ("partitions".to_owned(), problem)),
        #[cfg(feature = "servers")]
        StreamOptions::Kafka(kafka) => kafka.check().map_err(|bad| (bad.option, bad.problem)),
    }
}

#[cfg(feature = "servers")]
fn kafka(table: &Table<'_>, partitions: u32) -> KafkaOptions {
    table.must_have("brokers", ", such as [\"127.0.0.1:9092\"]");
    KafkaOptions {
        brokers: table.strings("brokers").unwrap_or_default().into_iter().map(|broker| broker.value).collect(),
        topic: table.text("topic", "tallygate.transactions"),
        sums_topic: table.text("sums_topic", "tallygate.daily-sums"),
        dead_letters_topic: table.text("dead_letters_topic", "tallygate.dead-letters"),
        partitions,
        replication_factor: table.number("replication_factor", 0..=u16::MAX.into()).map(|factor| factor as u16),
        allow_unsafe: table.flag("allow_unsafe").unwrap_or(false),
        group: table.text("group", "tallygate"),
        // Given when the stream is opened.
        instance: String::new(),
        properties: table.properties("properties").unwrap_or_default(),
    }
}
