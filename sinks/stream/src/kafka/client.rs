//! How a client of Kafka is set up, what it says when something is wrong, and what that means for the caller.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::ClientContext;
use rdkafka::config::{ClientConfig, RDKafkaLogLevel};
use rdkafka::consumer::{BaseConsumer, ConsumerContext};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::DeliveryResult;
use rdkafka::producer::ProducerContext;

use super::options::KafkaOptions;
use crate::limits;
use crate::port::StreamError;

/// Listens to a client: keeps the last trouble it told of, so that an error can say more than "timed out".
#[derive(Clone, Default)]
pub(super) struct Trouble(Arc<Mutex<Option<String>>>);

impl Trouble {
    /// The stream is away, because of this error and what the client told before.
    pub(super) fn away(&self, what: &str, error: &KafkaError) -> StreamError {
        if let Some(code) = error.rdkafka_error_code().filter(|code| is_forbidden(*code)) {
            return StreamError::Refused(format!("{what}: {code}; the user needs that right"));
        }
        let told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let told = told.as_deref().map(|told| format!(" ({told})")).unwrap_or_default();
        StreamError::Away(format!("{what}: {}{told}", reason(error)))
    }
}

impl ClientContext for Trouble {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        match level {
            RDKafkaLogLevel::Emerg | RDKafkaLogLevel::Alert | RDKafkaLogLevel::Critical | RDKafkaLogLevel::Error => {
                tracing::warn!(target: "tallygate::kafka", facility, "{message}");
            }
            _ => tracing::debug!(target: "tallygate::kafka", facility, "{message}"),
        }
    }

    fn error(&self, error: KafkaError, told: &str) {
        tracing::debug!(target: "tallygate::kafka", %error, "{told}");
        // That all are down says less than why the one before was.
        if error.rdkafka_error_code() != Some(RDKafkaErrorCode::AllBrokersDown) {
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(told.to_owned());
        }
    }
}

impl ConsumerContext for Trouble {}

impl ProducerContext for Trouble {
    type DeliveryOpaque = ();

    // A transaction fails as a whole; its commit says so.
    fn delivery(&self, _: &DeliveryResult<'_>, (): ()) {}
}

/// Settings of a reader that belongs to the group's name without being one of its members, until it subscribes.
pub(super) fn consumer(options: &KafkaOptions) -> ClientConfig {
    let mut config = base(options, |config| {
        config.set("fetch.wait.max.ms", "100");
        // When it fetched enough ahead it looks again after this time; the default of a second would be a gap each time.
        config.set("fetch.queue.backoff.ms", "5");
        config.set("queued.max.messages.kbytes", limits::KAFKA_FETCH_AHEAD_KBYTES.to_string());
        config.set("session.timeout.ms", millis(limits::KAFKA_SESSION));
        config.set("heartbeat.interval.ms", millis(limits::KAFKA_SESSION / 4));
        config.set("max.poll.interval.ms", millis(limits::KAFKA_POLL_INTERVAL));
    });
    config.set("group.id", &options.group);
    config.set("enable.auto.commit", "false");
    config.set("enable.auto.offset.store", "false");
    config.set("auto.offset.reset", "error");
    config.set("allow.auto.create.topics", "false");
    config.set("partition.assignment.strategy", "range");
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
        config.set("request.timeout.ms", millis(limits::REQUEST));
        config.set("queue.buffering.max.kbytes", limits::KAFKA_APPENDING_KBYTES.to_string());
    });
    config.set("acks", "all");
    config.set("enable.idempotence", "true");
    config.set("message.timeout.ms", millis(limits::APPEND));
    config.set("message.max.bytes", limits::KAFKA_MESSAGE_BYTES.to_string());
    config
}

/// Settings of one who only asks.
pub(super) fn admin(options: &KafkaOptions) -> ClientConfig {
    base(options, |_| {})
}

/// Lets a client say what it has to say, for so long; one whose broker is away never ceases.
pub(super) fn listen(consumer: &BaseConsumer<Trouble>, patience: Duration) {
    let until = Instant::now() + patience;
    while Instant::now() < until {
        let _ = consumer.poll(until.saturating_duration_since(Instant::now()));
    }
}

/// What an error says, without the type that says it.
pub(super) fn reason(error: &KafkaError) -> String {
    match error {
        KafkaError::ClientConfig(_, told, ..) => told.clone(),
        KafkaError::Transaction(error) => error.string(),
        other => other.rdkafka_error_code().map_or_else(|| other.to_string(), |code| code.to_string()),
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
    config.set("socket.timeout.ms", millis(limits::REQUEST));
    config.set("socket.connection.setup.timeout.ms", millis(limits::REQUEST));
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

fn is_forbidden(code: RDKafkaErrorCode) -> bool {
    matches!(
        code,
        RDKafkaErrorCode::TopicAuthorizationFailed
            | RDKafkaErrorCode::GroupAuthorizationFailed
            | RDKafkaErrorCode::ClusterAuthorizationFailed
            | RDKafkaErrorCode::TransactionalIdAuthorizationFailed
    )
}

fn millis(duration: Duration) -> String {
    duration.as_millis().to_string()
}
