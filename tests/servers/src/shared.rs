//! One server of each kind for all tests of a process, started by the first that asks.
//!
//! A server that could not start fails at once for every later test, with the first one's error. A test that kills,
//! pauses or fills a server takes one of its own instead.

use std::sync::OnceLock;

use anyhow::{Result, anyhow};

use crate::{Cassandra, Kafka, RabbitMq};

type Shared<T> = OnceLock<Result<T, String>>;

static RABBIT: Shared<RabbitMq> = OnceLock::new();
static KAFKA: Shared<Kafka> = OnceLock::new();
static CASSANDRA: Shared<Cassandra> = OnceLock::new();

/// The process's RabbitMQ.
pub fn rabbit() -> Result<&'static RabbitMq> {
    get(&RABBIT, RabbitMq::start)
}

/// The process's Kafka.
pub fn kafka() -> Result<&'static Kafka> {
    get(&KAFKA, Kafka::start)
}

/// The process's Cassandra.
pub fn cassandra() -> Result<&'static Cassandra> {
    get(&CASSANDRA, Cassandra::start)
}

fn get<T>(shared: &'static Shared<T>, start: fn() -> Result<T>) -> Result<&'static T> {
    shared.get_or_init(|| start().map_err(|error| format!("{error:#}"))).as_ref().map_err(|error| anyhow!("{error}"))
}
