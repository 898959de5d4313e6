//! The clusters of one test, and the sections of a configuration that lead to them.

use std::time::Duration;

use tallygate_test_servers::{CassandraPair, KafkaCluster, RabbitCluster};

use super::eventually::eventually;

/// Longer than any node takes to come back.
const WHOLE_WITHIN: Duration = Duration::from_secs(180);

/// Three nodes of Kafka, three of RabbitMQ, two of Cassandra.
pub struct Clusters {
    pub kafka: KafkaCluster,
    pub rabbit: RabbitCluster,
    pub cassandra: CassandraPair,
}

impl Clusters {
    /// Starts all of them.
    pub fn start() -> Self {
        let kafka = std::thread::spawn(KafkaCluster::start);
        let cassandra = std::thread::spawn(CassandraPair::start);
        let rabbit = RabbitCluster::start().unwrap();
        Self { rabbit, kafka: kafka.join().unwrap().unwrap(), cassandra: cassandra.join().unwrap().unwrap() }
    }

    /// The URLs of RabbitMQ's nodes.
    pub fn queue_urls(&self) -> Vec<String> {
        (0..self.rabbit.size()).map(|node| self.rabbit[node].url()).collect()
    }

    /// The sections of stream and sums, with names that start like this.
    pub fn log_and_sums(&self, names: &str) -> String {
        let list = |of: Vec<String>| of.iter().map(|one| format!("\"{one}\"")).collect::<Vec<_>>().join(", ");
        format!(
            r#"[stream]
backend = "kafka"
brokers = [{}]
topic = "{names}.transactions"
sums_topic = "{names}.daily-sums"
dead_letters_topic = "{names}.dead-letters"
group = "{names}"
partitions = 4
replication_factor = 3

[sums]
backend = "cassandra"
contact_points = [{}]
keyspace = "{names}"
replication = {{ class = "SimpleStrategy", replication_factor = 2 }}

"#,
            list(self.kafka.brokers()),
            list(self.cassandra.contact_points()),
        )
    }

    /// Waits until every node is back and has what it missed.
    pub fn until_whole(&self) {
        self.until_kafka_is_whole();
        self.until_rabbit_is_whole();
    }

    /// Waits until no copy of a partition is behind.
    pub fn until_kafka_is_whole(&self) {
        eventually("all of Kafka's copies are in sync", WHOLE_WITHIN, || match self.kafka.under_replicated(0) {
            Ok(0) => Ok(()),
            Ok(behind) => Err(format!("{behind} partitions are not")),
            Err(error) => Err(format!("{error:#}")),
        });
    }

    /// Waits until every node of RabbitMQ sees all of them.
    pub fn until_rabbit_is_whole(&self) {
        for node in 0..self.rabbit.size() {
            self.rabbit_runs(node, self.rabbit.size());
        }
    }

    /// Waits until this node of RabbitMQ sees so many of them.
    pub fn rabbit_runs(&self, asked: usize, nodes: usize) {
        eventually(&format!("{nodes} nodes of RabbitMQ run"), WHOLE_WITHIN, || match self.rabbit.running(asked) {
            Ok(running) if running == nodes => Ok(()),
            Ok(running) => Err(format!("{running} do")),
            Err(error) => Err(format!("{error:#}")),
        });
    }
}
