//! The queue between the gateway and the shipper: a port, its contract, and its implementations.
#![warn(clippy::print_stdout, clippy::print_stderr)]
#![cfg_attr(
    not(feature = "amqp"),
    allow(dead_code, reason = "what the server's side alone uses stands beside the rest")
)]

mod port;

#[cfg(feature = "amqp")]
mod amqp;
mod embedded;
pub mod limits;
pub mod timeouts;

#[cfg(feature = "amqp")]
pub use amqp::{AmqpOptions, AmqpQueue, BadOption};
pub use embedded::EmbeddedQueue;
pub use port::{Consumer, Delivery, Queue, QueueError, Tag};
