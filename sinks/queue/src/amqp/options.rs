//! What the operator chooses of RabbitMQ.

use std::time::Duration;

use tallygate_tls::TlsFiles;

use crate::timeouts;

/// What the name of a queue for messages that are put aside ends with.
const PARKED: &str = ".parked";

/// Where the queue is, and how long to wait for it.
#[derive(Clone, Debug)]
pub struct AmqpOptions {
    /// `amqp://user:password@host:port/vhost`, or `amqps://…` for TLS; `?heartbeat=` and `?auth_mechanism=external` count.
    pub url: String,
    /// The queue's name, at most 255 bytes. It is declared when it is missing.
    pub queue: String,
    /// What TLS needs beyond the system's roots.
    pub tls: TlsFiles,
    /// Takes a queue also that may lose acknowledged messages, with a warning.
    pub allow_unsafe: bool,
    /// How long the server may take to confirm a message.
    pub confirm_timeout: Duration,
}

impl AmqpOptions {
    /// The queue beside this one for messages that are put aside, by its name and `.parked`.
    #[must_use]
    pub fn parked(&self) -> Self {
        Self { queue: format!("{}{PARKED}", self.queue), ..self.clone() }
    }

    /// A queue at this URL, with the usual limits.
    pub fn new(url: impl Into<String>, queue: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            queue: queue.into(),
            tls: TlsFiles::default(),
            allow_unsafe: false,
            confirm_timeout: timeouts::CONFIRM,
        }
    }
}
