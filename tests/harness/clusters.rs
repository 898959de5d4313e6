//! The clusters of one test, and the sections of a configuration that lead to them.

use std::time::Duration;

use tallygate_test_servers::{CassandraPair, KafkaCluster, RabbitCluster};

use super::eventually::{eventually, in_time};

/// Longer than any node takes to come back.
const WHOLE_WITHIN: Duration = Duration::from_secs(180);
/// In which one comes back by itself, if it does.
const BY_ITSELF: Duration = Duration::from_secs(60);

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
        self.rabbit_is_whole(WHOLE_WITHIN).unwrap();
    }

    /// The same for a cluster that went on without this node. One that hung finds itself apart from the others when it wakes up,
    /// and is left so by RabbitMQ at times: its operator starts it anew.
    pub fn until_rabbit_is_whole_again(&self, node: usize) {
        if let Err(why) = self.rabbit_is_whole(BY_ITSELF) {
            eprintln!("node {node} of RabbitMQ is started anew: {why}");
            self.rabbit[node].kill().unwrap();
            self.rabbit[node].restart().unwrap();
            self.until_rabbit_is_whole();
        }
    }

    fn rabbit_is_whole(&self, within: Duration) -> Result<(), String> {
        let all = self.rabbit.size();
        in_time(within, || (0..all).try_for_each(|node| self.rabbit_sees(node, all)))
    }

    /// Waits until this node of RabbitMQ sees so many of them.
    pub fn rabbit_runs(&self, asked: usize, nodes: usize) {
        eventually(&format!("{nodes} nodes of RabbitMQ run"), WHOLE_WITHIN, || self.rabbit_sees(asked, nodes));
    }

    fn rabbit_sees(&self, asked: usize, nodes: usize) -> Result<(), String> {
        match self.rabbit.running(asked) {
            Ok(running) if running == nodes => Ok(()),
            Ok(running) => Err(format!("node {asked} of RabbitMQ sees {running} of them")),
            Err(error) => Err(format!("{error:#}")),
        }
    }
}
