//! The nodes of clusters are killed, hung and cut off from each other, and find together again.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use tallygate_test_servers::{CassandraPair, KafkaCluster, RabbitCluster};

const TOPICS: &str = "org.apache.kafka.tools.TopicCommand";
/// A tool that asks the node that was cut off learns of it after 20 s only, and may do so several times.
const WITHIN: Duration = Duration::from_secs(180);

#[test]
fn a_kafka_cluster_goes_on_without_the_node_that_led_and_takes_it_back() -> Result<()> {
    let kafka = KafkaCluster::start()?;
    kafka[0].tool(TOPICS, &["--create", "--topic", "kept", "--partitions", "1"])?;
    let first = kafka.leader(0, "kept", 0)?;
    let other = (first + 1) % kafka.size();
    kafka.cut_off(first);
    until("another leads", || Ok(kafka.leader(other, "kept", 0)? != first))?;
    kafka.heal(first);
    until("all copies are in sync", || Ok(kafka.under_replicated(other)? == 0))?;
    let second = kafka.leader(other, "kept", 0)?;
    let other = (second + 1) % kafka.size();
    kafka[second].kill()?;
    until("another leads", || Ok(kafka.leader(other, "kept", 0)? != second))?;
    kafka[second].restart()?;
    until("all copies are in sync", || Ok(kafka.under_replicated(other)? == 0))
}

#[test]
fn a_rabbitmq_cluster_goes_on_without_the_node_that_led_and_takes_it_back() -> Result<()> {
    let rabbit = RabbitCluster::start()?;
    ensure!(rabbit.running(0)? == 3);
    rabbit.cut_off(2);
    until("the others miss it", || Ok(rabbit.running(0)? == 2))?;
    until("it pauses", || Ok(rabbit[2].control(&["list_vhosts"]).is_err()))?;
    rabbit.heal(2);
    until("all run", || Ok((0..3).all(|node| rabbit.running(node).unwrap_or(0) == 3)))?;
    rabbit[0].kill()?;
    until("the others miss it", || Ok(rabbit.running(1)? == 2))?;
    rabbit[0].restart()?;
    until("all run", || Ok((0..3).all(|node| rabbit.running(node).unwrap_or(0) == 3)))
}

#[test]
fn a_row_on_two_cassandra_nodes_outlives_one_of_them() -> Result<()> {
    let cassandra = CassandraPair::start()?;
    for statement in [
        "CREATE KEYSPACE k WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 2}",
        "CREATE TABLE k.t (id int PRIMARY KEY, word text)",
    ] {
        cassandra[0].cql(statement)?;
    }
    let insert = |node: usize| cassandra[node].cql("INSERT INTO k.t (id, word) VALUES (1, 'kept')").map(|()| true);
    until("both know the table", || insert(1))?;
    cassandra[0].kill()?;
    until("the other takes a row", || insert(1))?;
    cassandra[0].restart()?;
    until("the one that was killed takes a row", || insert(0))
}

fn until(what: &str, mut is_so: impl FnMut() -> Result<bool>) -> Result<()> {
    let began = Instant::now();
    loop {
        let now = is_so();
        if matches!(now, Ok(true)) {
            eprintln!("{what} after {:?}", began.elapsed());
            return Ok(());
        }
        ensure!(began.elapsed() < WITHIN, "{what}: not within {WITHIN:?}: {now:?}");
        thread::sleep(Duration::from_millis(200));
    }
}
