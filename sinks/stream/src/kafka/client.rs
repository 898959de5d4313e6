//! How a client of Kafka is set up.

use std::time::{Duration, Instant};

use rdkafka::config::{ClientConfig, RDKafkaLogLevel};
use rdkafka::consumer::BaseConsumer;

use super::client_errors::ClientErrors;
use super::options::KafkaOptions;
use crate::port::StreamError;
use crate::{limits, timeouts};

/// Settings of a reader that belongs to the group's name without being one of its members, until it subscribes.
pub(super) fn consumer(options: &KafkaOptions) -> ClientConfig {
    let mut config = base(options, |config| {
        config.set("fetch.wait.max.ms", "100");
        // When it fetched enough ahead it looks again after this time; the default of a second would be a gap each time.
        config.set("fetch.queue.backoff.ms", "5");
        config.set("queued.max.messages.kbytes", limits::KAFKA_FETCH_AHEAD_KBYTES.to_string());
        config.set("session.timeout.ms", millis(timeouts::KAFKA_SESSION));
        config.set("heartbeat.interval.ms", millis(timeouts::KAFKA_HEARTBEAT));
        config.set("max.poll.interval.ms", millis(timeouts::KAFKA_POLL_INTERVAL));
    });
    config.set("group.id", &options.group);
    config.set("enable.auto.commit", "false");
    config.set("enable.auto.offset.store", "false");
    config.set("auto.offset.reset", "error");
    config.set("allow.auto.create.topics", "false");
    config.set("partition.assignment.strategy", "cooperative-sticky");
    // Of the positions too: fetching them waits until no transaction is open that may still move them.
    config.set("isolation.level", "read_committed");
    config
}

/// Settings of a writer; a record is durable when all in-sync replicas have it.
pub(super) fn producer(options: &KafkaOptions) -> ClientConfig {
    let mut config = base(options, |config| {
        config.set("linger.ms", "2");
        config.set("compression.type", "none");
        // The default of 100 ms is paid several times in each transaction.
        config.set("retry.backoff.ms", "5");
        config.set("request.timeout.ms", millis(timeouts::REQUEST));
        config.set("queue.buffering.max.kbytes", limits::KAFKA_APPENDING_KBYTES.to_string());
    });
    config.set("acks", "all");
    config.set("enable.idempotence", "true");
    config.set("message.timeout.ms", millis(timeouts::APPEND));
    config.set("message.max.bytes", limits::KAFKA_MESSAGE_BYTES.to_string());
    config
}

/// Settings of a writer whose records go to the broker one by one, so that none is refused for its company.
pub(super) fn lone_producer(options: &KafkaOptions) -> ClientConfig {
    let mut config = producer(options);
    config.set("batch.num.messages", "1");
    config.set("linger.ms", "0");
    config
}

/// Settings of one who only asks.
pub(super) fn admin(options: &KafkaOptions) -> ClientConfig {
    base(options, |_| {})
}

/// Lets a client say what it has to say, for so long; one whose broker is away never ceases.
pub(super) fn listen(consumer: &BaseConsumer<ClientErrors>, patience: Duration) {
    let until = Instant::now() + patience;
    while Instant::now() < until {
        let _ = consumer.poll(until.saturating_duration_since(Instant::now()));
    }
}

/// Waits for what blocks, away from the runtime's own threads.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StreamError> + Send + 'static,
) -> Result<T, StreamError> {
    let stopped = |error| StreamError::Away(format!("the call was stopped: {error}"));
    tokio::task::spawn_blocking(work).await.map_err(stopped)?
}

fn base(options: &KafkaOptions, defaults: impl FnOnce(&mut ClientConfig)) -> ClientConfig {
    let mut config = ClientConfig::new();
    config.set_log_level(RDKafkaLogLevel::Notice);
    config.set("client.id", "tallygate");
    config.set("socket.timeout.ms", millis(timeouts::REQUEST));
    config.set("socket.connection.setup.timeout.ms", millis(timeouts::REQUEST));
    config.set("socket.nagle.disable", "true");
    config.set("reconnect.backoff.ms", "50");
    config.set("reconnect.backoff.max.ms", "1000");
    defaults(&mut config);
    for (name, value) in &options.properties {
        config.set(name, value);
    }
    config.set("bootstrap.servers", options.brokers.join(","));
    config
}

fn millis(duration: Duration) -> String {
    duration.as_millis().to_string()
}
