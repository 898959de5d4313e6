//! The server and the queue: how a connection is made, up to the declared queue.

use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, Once, PoisonError};
use std::time::Duration;

use async_rs::util::RuntimeParts;
use async_rs::{Runtime, Tokio};
use lapin::options::QueueDeclareOptions;
use lapin::types::{AMQPValue, FieldTable, ShortString};
use lapin::uri::{AMQPScheme, AMQPUri};
use lapin::{AsyncTcpStream, Connection, ConnectionProperties, Error, ErrorKind, Queue};
use rustls::ClientConfig;
use tokio::time::timeout;

use super::bad_option::BadOption;
use super::gate::Gate;
use super::options::AmqpOptions;
use super::socket::{Socket, Sockets};
use crate::port::QueueError;
use crate::{limits, timeouts};

/// The server's code for a queue that exists with other arguments (`PRECONDITION_FAILED`).
const UNLIKE: u16 = 406;

/// The server and the queue, checked and read.
pub(super) struct Target {
    uri: AMQPUri,
    tls: Option<Arc<ClientConfig>>,
    pub(super) queue: ShortString,
    pub(super) confirm_timeout: Duration,
    allow_unsafe: bool,
    /// Told once, not with each connection.
    unsafety_told: Once,
}

impl AmqpOptions {
    /// Checks the options and the files they name; connects to nothing.
    ///
    /// # Errors
    /// The first option that cannot work.
    pub fn check(&self) -> Result<(), BadOption> {
        Target::new(self.clone()).map(drop)
    }
}

impl Target {
    pub(super) fn new(options: AmqpOptions) -> Result<Self, BadOption> {
        let bad = |option, problem| BadOption { option, problem };
        // The URL is never repeated in the error: it may hold a password.
        let mut uri: AMQPUri = options.url.parse().map_err(|e| {
            bad("url", format!("the URL is not right ({e}), amqp://user:password@host:5672/%2f would be"))
        })?;
        if options.queue.is_empty() || options.queue.len() > limits::QUEUE_NAME_BYTES {
            let bytes = options.queue.len();
            return Err(bad("queue", format!("the queue's name has {bytes} bytes, 1 to 255 would be right")));
        }
        let tls = match uri.scheme {
            AMQPScheme::AMQPS => {
                Some(Arc::new(options.tls.client_config().map_err(|error| bad("tls", error.to_string()))?))
            }
            AMQPScheme::AMQP if options.tls != Default::default() => {
                let wrong = "TLS files are given, but the URL begins with amqp://, amqps:// would be right";
                return Err(bad("tls", wrong.to_owned()));
            }
            AMQPScheme::AMQP => None,
        };
        uri.query.heartbeat.get_or_insert(timeouts::HEARTBEAT_SECONDS);
        Ok(Self {
            uri,
            tls,
            queue: ShortString::from(options.queue),
            confirm_timeout: options.confirm_timeout,
            allow_unsafe: options.allow_unsafe,
            unsafety_told: Once::new(),
        })
    }

    /// Connects and declares the queue, within [`timeouts::CONNECT`]; what it reads is bounded by the gate, where there is one.
    pub(super) async fn connect(&self, purpose: &str, gate: Option<Gate>) -> Result<Connection, QueueError> {
        match timeout(timeouts::CONNECT, self.connect_and_declare(purpose, gate)).await {
            Ok(connected) => connected,
            Err(_) => Err(QueueError::Away(format!("{self} does not answer within {:?}", timeouts::CONNECT))),
        }
    }

    /// What the library says, as the port says it.
    pub(super) fn explain(&self, error: &Error) -> QueueError {
        let ErrorKind::ProtocolError(refusal) = error.kind() else {
            return QueueError::Away(format!("{self}: {error}"));
        };
        let said = refusal.get_message();
        match refusal.get_id() {
            UNLIKE => QueueError::Refused(format!(
                "{self}: the queue exists with other arguments ({said}) and may lose messages; a durable quorum queue would be \
                 right, from RabbitMQ 4.0 on with x-delivery-limit -1 and before without one, and with nothing else: delete \
                 it, name another, or take the loss with queue.allow_unsafe = true"
            )),
            403 | 405 | 530 => QueueError::Refused(format!("{self}: {said}")),
            _ => QueueError::Away(format!("{self}: {said}")),
        }
    }

    async fn connect_and_declare(&self, purpose: &str, gate: Option<Gate>) -> Result<Connection, QueueError> {
        let lost = |e: io::Error| QueueError::Away(format!("{self}: {e}"));
        let authority = &self.uri.authority;
        let (socket, greeting) =
            Socket::connect(&authority.host, authority.port, self.tls.clone(), gate).await.map_err(lost)?;
        let kit = RuntimeParts::new(Tokio::current(), Sockets(Tokio::current()));
        let socket = Mutex::new(Some(socket));
        let hand_over = async move |_, _| match socket.lock().unwrap_or_else(PoisonError::into_inner).take() {
            Some(socket) => Ok(AsyncTcpStream::Plain(socket)),
            None => Err(io::Error::from(io::ErrorKind::NotConnected).into()),
        };
        let properties = ConnectionProperties::default().with_connection_name(format!("tallygate {purpose}").into());
        let connection = Connection::connector(self.uri.clone(), Runtime::new(kit), hand_over, properties)
            .await
            .map_err(|e| self.explain(&e))?;
        let version = greeting.get().map_or("", String::as_str);
        tracing::debug!(server = %self, version, purpose, "connected");
        self.declare(&connection, version).await?;
        Ok(connection)
    }

    async fn declare(&self, connection: &Connection, version: &str) -> Result<Queue, QueueError> {
        let channel = connection.create_channel().await.map_err(|e| self.explain(&e))?;
        let options = QueueDeclareOptions { durable: true, ..QueueDeclareOptions::default() };
        let declared = channel.queue_declare(self.queue.clone(), options, arguments(version)).await;
        match declared {
            Err(error) if self.allow_unsafe && is_unlike(&error) => {
                let refusal = self.explain(&error);
                self.unsafety_told.call_once(|| tracing::warn!(%refusal, "taken as it is, as queue.allow_unsafe says"));
                // The refusal closed the channel.
                let channel = connection.create_channel().await.map_err(|e| self.explain(&e))?;
                let passive = QueueDeclareOptions { passive: true, ..options };
                let there = channel.queue_declare(self.queue.clone(), passive, FieldTable::default()).await;
                there.map_err(|e| self.explain(&e))
            }
            declared => declared.map_err(|e| self.explain(&e)),
        }
    }
}

fn is_unlike(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::ProtocolError(refusal) if refusal.get_id() == UNLIKE)
}

/// The server, as errors name it: without the password.
impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let authority = &self.uri.authority;
        write!(f, "RabbitMQ at {}:{}, queue {}", authority.host, authority.port, self.queue)
    }
}

/// A quorum queue whose messages are delivered however often they come back.
///
/// From 4.0 on that must be said, because the default is 20 times; before, it is the default, and -1 would drop a message
/// at its first return.
fn arguments(version: &str) -> FieldTable {
    let mut arguments = FieldTable::default();
    arguments.insert("x-queue-type".into(), AMQPValue::LongString("quorum".into()));
    let major = version.split('.').next().and_then(|major| major.parse::<u32>().ok());
    if major.is_some_and(|major| major >= 4) {
        arguments.insert("x-delivery-limit".into(), AMQPValue::LongInt(-1));
    }
    arguments
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn refusal(url: &str, change: impl FnOnce(&mut AmqpOptions)) -> String {
        let mut options = AmqpOptions::new(url, "q");
        change(&mut options);
        Target::new(options).err().unwrap().to_string()
    }

    #[test]
    fn the_delivery_limit_is_lifted_from_4_0_on_and_not_named_before() {
        for (version, limited) in [("3.10.8", false), ("3.13.7", false), ("", false), ("4.0.0", true), ("4.1.2", true)]
        {
            let arguments = arguments(version);
            assert_eq!(arguments.contains_key("x-delivery-limit"), limited, "{version}");
            assert!(arguments.contains_key("x-queue-type"));
        }
    }

    #[test]
    fn says_what_is_wrong_with_its_options_and_never_the_password() {
        let message = refusal("http://guest:secret@host/", |_| {});
        assert!(message.contains("amqp://") && !message.contains("secret"), "{message}");
        assert!(refusal("amqp://h", |o| o.queue = "q".repeat(256)).contains("256 bytes"));
        assert!(refusal("amqp://h", |o| o.tls.ca = Some("ca.pem".into())).contains("amqps://"));
        assert!(refusal("amqps://h", |o| o.tls.ca = Some("/nowhere/ca.pem".into())).contains("/nowhere/ca.pem"));
        assert!(refusal("amqps://h", |o| o.tls.key = Some("key.pem".into())).contains("go together"));
    }
}
