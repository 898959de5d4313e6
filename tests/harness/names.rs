//! What a process's topics, group and keyspace are called on the servers.

use tallygate::config::{Config, StreamOptions, SumsOptions};

use super::process::Process;

/// The names on the servers.
pub struct Names {
    pub topic: String,
    pub sums_topic: String,
    pub group: String,
    pub keyspace: String,
}

impl Names {
    /// As this process is configured, which must be with Kafka and Cassandra.
    pub fn of(process: &Process) -> Self {
        let config = Config::load(&process.config).unwrap();
        let StreamOptions::Kafka(kafka) = config.stream else { panic!("it has no Kafka") };
        let SumsOptions::Cassandra(cassandra) = config.sums else { panic!("it has no Cassandra") };
        Self { topic: kafka.topic, sums_topic: kafka.sums_topic, group: kafka.group, keyspace: cassandra.keyspace }
    }
}
