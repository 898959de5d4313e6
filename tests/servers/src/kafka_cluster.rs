//! A real Kafka cluster: three nodes in KRaft mode, each broker and controller at once, three copies of everything.

use std::fmt::Write;
use std::fs;
use std::net::Ipv4Addr;
use std::ops::Index;
use std::path::Path;
use std::thread;

use anyhow::{Context, Result, anyhow};

use crate::java::jars;
use crate::kafka::{Kafka, PROPERTIES};
use crate::mesh::{self, Mesh, Port};
use crate::ports;
use crate::server::new_directory;

const NODES: usize = 3;
const HEAP: &str = "-Xmx448m";
/// Of the tools, which may meet a node that is cut off.
const PATIENCE: &str = "tools.properties";
const HOSTS: &str = "hosts";

/// Three nodes, without TLS and password. Two in-sync replicas are the least that a record needs.
pub struct KafkaCluster {
    nodes: Vec<Kafka>,
    mesh: Mesh,
}

/// The ports of one node.
struct Ports {
    clients: u16,
    brokers: u16,
    controllers: u16,
}

impl KafkaCluster {
    /// Starts all three; none is ready before two are there.
    pub fn start() -> Result<KafkaCluster> {
        let jars = jars("kafka")?;
        let ports = (0..NODES)
            .map(|_| Ok(Ports { clients: ports::free()?, brokers: ports::free()?, controllers: ports::free()? }))
            .collect::<Result<Vec<Ports>>>()?;
        let between: Vec<_> =
            ports.iter().map(|node| vec![Port::plain(node.brokers), Port::plain(node.controllers)]).collect();
        let mesh = Mesh::start(&between)?;
        let nodes = thread::scope(|scope| {
            let start = |node: usize| {
                let (jars, ports) = (jars.clone(), &ports);
                scope.spawn(move || {
                    let directory = new_directory("kafka")?;
                    fs::write(directory.join(PROPERTIES), settings(&directory, node, ports)?)?;
                    fs::write(directory.join(HOSTS), hosts(node)?)?;
                    let hosts = format!("-Djdk.net.hosts.file={}", directory.join(HOSTS).display());
                    Kafka::run(jars, directory, ports[node].clients, &[HEAP, &hosts], None, None)
                })
            };
            let starting: Vec<_> = (0..NODES).map(start).collect();
            let started =
                starting.into_iter().map(|node| node.join().map_err(|_| anyhow!("a starting thread panicked"))?);
            started.collect::<Result<Vec<Kafka>>>()
        })?;
        Ok(KafkaCluster { nodes, mesh })
    }

    /// `bootstrap.servers`, all of them.
    pub fn brokers(&self) -> Vec<String> {
        self.nodes.iter().map(Kafka::brokers).collect()
    }

    /// How many nodes there are.
    pub fn size(&self) -> usize {
        self.nodes.len()
    }

    /// The node cannot speak to the others any more, nor they to it; clients reach them all.
    pub fn cut_off(&self, node: usize) {
        self.mesh.cut_off(node);
    }

    /// Ends [`cut_off`](Self::cut_off).
    pub fn heal(&self, node: usize) {
        self.mesh.heal(node);
    }

    /// The node that leads a partition, as this one of them knows it.
    ///
    /// # Errors
    /// When it has no leader, or the node cannot say.
    pub fn leader(&self, asked: usize, topic: &str, partition: u32) -> Result<usize> {
        let described = self.described(asked, &["--topic", topic])?;
        let line = described.lines().find(|line| line.contains(&format!("Partition: {partition}\t")));
        let line = line.with_context(|| format!("{topic} has no partition {partition}: {described}"))?;
        let leader = line.split("Leader: ").nth(1).and_then(|rest| rest.split_whitespace().next()?.parse().ok());
        let leader: usize = leader.with_context(|| format!("no leader in {line}"))?;
        leader.checked_sub(1).with_context(|| format!("no leader in {line}"))
    }

    /// How many partitions of these topics have a copy that is not in sync, as this node knows it.
    ///
    /// # Errors
    /// When the node cannot say.
    pub fn under_replicated(&self, asked: usize) -> Result<usize> {
        let described = self.described(asked, &["--under-replicated-partitions"])?;
        Ok(described.lines().filter(|line| line.contains("Partition: ")).count())
    }

    fn described(&self, asked: usize, what: &[&str]) -> Result<String> {
        let patience = self.nodes[asked].directory().join(PATIENCE);
        fs::write(&patience, "default.api.timeout.ms=20000\nrequest.timeout.ms=6000\n")?;
        let patience = patience.display().to_string();
        let arguments = [&["--describe", "--command-config", &patience], what].concat();
        self.nodes[asked].tool(TOPICS, &arguments)
    }
}

const TOPICS: &str = "org.apache.kafka.tools.TopicCommand";

impl Index<usize> for KafkaCluster {
    type Output = Kafka;

    fn index(&self, node: usize) -> &Kafka {
        &self.nodes[node]
    }
}

/// What this node calls all of them.
fn hosts(node: usize) -> Result<String> {
    let mut hosts = String::from("127.0.0.1 localhost\n");
    for other in 0..NODES {
        writeln!(hosts, "{} {}", mesh::address(node, other), mesh::name(other))?;
    }
    Ok(hosts)
}

/// A copy is out of sync, and a node without the quorum gone, after some seconds: a test waits for it.
fn settings(directory: &Path, node: usize, ports: &[Ports]) -> Result<String> {
    let voters: Vec<String> = ports
        .iter()
        .enumerate()
        .map(|(node, ports)| format!("{}@{}:{}", node + 1, mesh::name(node), ports.controllers))
        .collect();
    let Ports { clients, brokers, controllers } = ports.get(node).context("no such node")?;
    Ok(format!(
        "process.roles=broker,controller\n\
         node.id={id}\n\
         controller.quorum.voters={voters}\n\
         listeners=CLIENTS://{local}:{clients},BROKERS://{local}:{brokers},CONTROLLER://{local}:{controllers}\n\
         advertised.listeners=CLIENTS://{local}:{clients},BROKERS://{name}:{brokers},CONTROLLER://{name}:{controllers}\n\
         listener.security.protocol.map=CLIENTS:PLAINTEXT,BROKERS:PLAINTEXT,CONTROLLER:PLAINTEXT\n\
         inter.broker.listener.name=BROKERS\n\
         controller.listener.names=CONTROLLER\n\
         log.dirs={data}\n\
         auto.create.topics.enable=false\n\
         default.replication.factor=3\n\
         min.insync.replicas=2\n\
         offsets.topic.replication.factor=3\n\
         offsets.topic.num.partitions=4\n\
         transaction.state.log.replication.factor=3\n\
         transaction.state.log.min.isr=2\n\
         transaction.state.log.num.partitions=4\n\
         share.coordinator.state.topic.replication.factor=3\n\
         share.coordinator.state.topic.min.isr=2\n\
         group.initial.rebalance.delay.ms=0\n\
         replica.lag.time.max.ms=5000\n\
         broker.session.timeout.ms=6000\n\
         broker.heartbeat.interval.ms=1000\n\
         num.network.threads=2\n\
         num.io.threads=4\n\
         log.cleaner.dedupe.buffer.size=16777216\n",
        id = node + 1,
        voters = voters.join(","),
        local = Ipv4Addr::LOCALHOST,
        name = mesh::name(node),
        data = directory.join("data").display(),
    ))
}
