//! The network between the nodes of a cluster, a link for each pair and port.
//!
//! Each node has a name, and a list of names of its own (a hosts file) in which those of the others are addresses of links.
//! So it is known who speaks, though all are on one machine, and no right beyond a user's is needed.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use anyhow::Result;

use crate::link::{Link, Mend};

/// Which node speaks to which, from 0.
struct Way {
    from: usize,
    to: usize,
    link: Link,
}

/// What a node listens on for the others, on 127.0.0.1, and where they see it.
pub(crate) struct Port {
    pub(crate) seen: u16,
    pub(crate) real: u16,
    pub(crate) mend: Mend,
}

impl Port {
    /// Seen as what it is.
    pub(crate) fn plain(port: u16) -> Port {
        Port { seen: port, real: port, mend: Mend::Nothing }
    }
}

/// All links of a cluster.
pub(crate) struct Mesh {
    ways: Vec<Way>,
}

impl Mesh {
    /// Between nodes with these ports for each other.
    pub(crate) fn start(ports: &[Vec<Port>]) -> Result<Mesh> {
        let mut ways = Vec::new();
        for from in 0..ports.len() {
            for (to, ports) in ports.iter().enumerate().filter(|(to, _)| *to != from) {
                for port in ports {
                    let link = Link::start(SocketAddr::new(address(from, to), port.seen), port.real, port.mend)?;
                    ways.push(Way { from, to, link });
                }
            }
        }
        Ok(Mesh { ways })
    }

    /// Nothing goes to this node or comes from it; its clients still reach it.
    pub(crate) fn cut_off(&self, node: usize) {
        self.of(node).for_each(Link::cut);
    }

    pub(crate) fn heal(&self, node: usize) {
        self.of(node).for_each(Link::heal);
    }

    fn of(&self, node: usize) -> impl Iterator<Item = &Link> {
        self.ways.iter().filter(move |way| way.from == node || way.to == node).map(|way| &way.link)
    }
}

/// What a node is called.
pub(crate) fn name(node: usize) -> String {
    format!("tally-{}", node + 1)
}

/// Where a node finds another, or itself.
pub(crate) fn address(from: usize, to: usize) -> IpAddr {
    if from == to {
        return Ipv4Addr::LOCALHOST.into();
    }
    // As many as one byte holds.
    Ipv4Addr::new(127, 77, from as u8 + 1, to as u8 + 1).into()
}
