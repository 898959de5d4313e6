//! Starts real RabbitMQ, Kafka and Cassandra servers for tests, each on free loopback ports in a directory of its own.
//!
//! ```no_run
//! # fn main() -> anyhow::Result<()> {
//! use tallygate_test_servers::{Kafka, shared};
//!
//! let brokers = shared::kafka()?.brokers(); // one for all tests of this process
//! let mine = Kafka::start()?; // one of my own, to be killed
//! mine.kill()?;
//! mine.restart()?; // same ports, same data
//! # Ok(())
//! # }
//! ```
//!
//! Nothing is left behind: a server ends when it is dropped, and also when the process that started it dies, in
//! whatever way (see `reaper`). `TALLYGATE_KEEP_SERVERS=1` keeps the directories, with the logs, for looking at.
//! `setup/install-servers` brings what is started here.

mod cassandra;
mod cassandra_cluster;
mod certs;
mod clock;
mod cql;
mod java;
mod kafka;
mod kafka_cluster;
mod link;
mod mesh;
mod ports;
mod rabbit;
mod rabbit_cluster;
mod reaper;
mod server;
pub mod shared;

pub use cassandra::Cassandra;
pub use cassandra_cluster::CassandraPair;
pub use clock::days_off;
pub use java::java_with;
pub use kafka::Kafka;
pub use kafka_cluster::KafkaCluster;
pub use ports::free as free_port;
pub use rabbit::RabbitMq;
pub use rabbit_cluster::RabbitCluster;
pub use server::Server;

/// What a server asks of its clients beyond an address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// The clients' port speaks TLS only; [`Server::ca`] is the file to trust.
    pub tls: bool,
    /// Clients must log in, with [`Server::credentials`].
    pub password: bool,
}

impl Options {
    /// TLS and a password.
    pub const SECURE: Options = Options { tls: true, password: true };
}

/// A user that a server started with [`Options::password`] knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// The user's name.
    pub user: &'static str,
    /// The user's password.
    pub password: &'static str,
}
