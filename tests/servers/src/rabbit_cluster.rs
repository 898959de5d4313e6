//! A real RabbitMQ cluster of three nodes, the smaller part of which pauses when the network parts it.

use std::fs;
use std::net::Ipv4Addr;
use std::ops::Index;
use std::process::Command;
use std::thread;

use anyhow::{Context, Result, anyhow};
use serde_json::Value;

use crate::link::Mend;
use crate::mesh::{self, Mesh, Port};
use crate::ports;
use crate::rabbit::{Node, RabbitMq, environment, fresh_cookie, write_files};
use crate::server::new_directory;

const NODES: usize = 3;
const NAMES: &str = "names";
/// Seconds after which a node that says nothing is taken for gone.
const NET_TICK: u32 = 8;

/// Three nodes, without TLS, for the broker's usual user `guest`.
pub struct RabbitCluster {
    nodes: Vec<RabbitMq>,
    mesh: Mesh,
}

/// What the nodes of one cluster share.
struct Shared {
    cookie: String,
    epmd: u16,
    nodes: Vec<Ports>,
}

/// The ports of one node.
#[derive(Clone, Copy)]
struct Ports {
    clients: u16,
    nodes: u16,
    /// Where the others see that; a node refuses to start when anybody listens on its own, at whatever address.
    seen: u16,
}

impl Ports {
    /// With the port mapper of all, which tells the others the port that they are to see.
    fn for_others(self, epmd: u16) -> Vec<Port> {
        let Self { nodes, seen, .. } = self;
        vec![
            Port { seen: epmd, real: epmd, mend: Mend::PortNamed(seen) },
            Port { seen, real: nodes, mend: Mend::Nothing },
        ]
    }
}

impl RabbitCluster {
    /// Starts the first, which the others join.
    pub fn start() -> Result<RabbitCluster> {
        let shared = Shared {
            cookie: fresh_cookie(),
            epmd: ports::free()?,
            nodes: (0..NODES)
                .map(|_| Ok(Ports { clients: ports::free()?, nodes: ports::free()?, seen: ports::free()? }))
                .collect::<Result<_>>()?,
        };
        let between: Vec<_> = shared.nodes.iter().map(|node| node.for_others(shared.epmd)).collect();
        let mesh = Mesh::start(&between)?;
        let mut nodes = vec![start(0, &shared)?];
        let others = thread::scope(|scope| {
            let starting: Vec<_> = (1..NODES)
                .map(|node| {
                    scope.spawn({
                        let shared = &shared;
                        move || start(node, shared)
                    })
                })
                .collect();
            let started =
                starting.into_iter().map(|node| node.join().map_err(|_| anyhow!("a starting thread panicked"))?);
            started.collect::<Result<Vec<RabbitMq>>>()
        })?;
        nodes.extend(others);
        Ok(RabbitCluster { nodes, mesh })
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

    /// The node at which a queue's leader is, as this one of them knows it.
    ///
    /// # Errors
    /// When there is no such queue, or the node cannot say.
    pub fn leader(&self, asked: usize, queue: &str) -> Result<usize> {
        // What the node itself knows: `list_queues` asks the queue, which does not answer while its nodes are parted.
        let look_up = format!("ra_leaderboard:lookup_leader(binary_to_atom(<<\"%2F_{queue}\">>, utf8)).");
        let told = self.nodes[asked].control(&["eval", &look_up])?;
        let at = (0..NODES).find(|node| told.contains(&format!("@{}'", mesh::name(*node))));
        at.with_context(|| format!("{queue} has no leader: {told}"))
    }

    /// How many nodes run, as this one of them knows it.
    ///
    /// # Errors
    /// When the node cannot say.
    pub fn running(&self, asked: usize) -> Result<usize> {
        let status = self.nodes[asked].control(&["cluster_status", "--formatter", "json"])?;
        let status: Value = serde_json::from_str(&status)?;
        status["running_nodes"].as_array().map(Vec::len).with_context(|| format!("no running nodes in {status}"))
    }
}

impl Index<usize> for RabbitCluster {
    type Output = RabbitMq;

    fn index(&self, node: usize) -> &RabbitMq {
        &self.nodes[node]
    }
}

fn start(node: usize, shared: &Shared) -> Result<RabbitMq> {
    let directory = new_directory("rabbitmq")?;
    let ports = shared.nodes[node];
    let mut environment = environment(&directory, &name(node), shared.epmd, ports.nodes);
    environment.push(("ERL_INETRC", directory.join(NAMES).display().to_string()));
    fs::write(directory.join(NAMES), hosts(node))?;
    write_files(&directory, &settings(ports.clients), &format!(",{{net_ticktime,{NET_TICK}}}"), &shared.cookie)?;
    RabbitMq::run(Node {
        directory,
        port: ports.clients,
        name: name(node),
        environment,
        epmd: (node == 0).then(|| Command::new("epmd")),
        certificates: None,
        credentials: None,
    })
}

/// They share a port mapper, so both halves are its own.
fn name(node: usize) -> String {
    format!("{0}@{0}", mesh::name(node))
}

/// What this node calls all of them, in Erlang's own form.
fn hosts(node: usize) -> String {
    let mut hosts = String::from("{lookup, [file, native]}.\n");
    for other in 0..NODES {
        let address = mesh::address(node, other).to_string().replace('.', ",");
        hosts.push_str(&format!("{{host, {{{address}}}, [\"{}\"]}}.\n", mesh::name(other)));
    }
    hosts
}

fn settings(port: u16) -> String {
    let mut settings = format!(
        "listeners.tcp.1 = {}:{port}\n\
         disk_free_limit.absolute = 50MB\n\
         cluster_partition_handling = pause_minority\n\
         cluster_formation.peer_discovery_backend = classic_config\n",
        Ipv4Addr::LOCALHOST
    );
    for node in 0..NODES {
        settings.push_str(&format!("cluster_formation.classic_config.nodes.{} = {}\n", node + 1, name(node)));
    }
    settings
}
