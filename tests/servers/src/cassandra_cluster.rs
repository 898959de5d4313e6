//! A real Cassandra cluster of two nodes, at two addresses of this machine.

use std::ops::Index;

use anyhow::Result;

use crate::Options;
use crate::cassandra::{Cassandra, Place};

/// Two nodes, without TLS and password.
pub struct CassandraPair {
    nodes: [Cassandra; 2],
}

impl CassandraPair {
    /// Starts the first, which the other joins.
    pub fn start() -> Result<CassandraPair> {
        let first = Place::first()?;
        let second = first.second();
        let nodes = [Cassandra::run(&first, Options::default())?, Cassandra::run(&second, Options::default())?];
        nodes[0].wait_for_log(&second.is_up())?;
        nodes[1].wait_for_log(&first.is_up())?;
        Ok(CassandraPair { nodes })
    }

    /// Addresses and ports of CQL.
    pub fn contact_points(&self) -> Vec<String> {
        self.nodes.iter().map(Cassandra::contact_point).collect()
    }
}

impl Index<usize> for CassandraPair {
    type Output = Cassandra;

    fn index(&self, node: usize) -> &Cassandra {
        &self.nodes[node]
    }
}
