//! The queue between the gateway and the shipper: a port, its contract, and its implementations.

mod port;

mod amqp;
mod embedded;
pub mod limits;
pub mod timeouts;

pub use amqp::{AmqpOptions, AmqpQueue, BadOption};
pub use embedded::EmbeddedQueue;
pub use port::{Consumer, Delivery, Queue, QueueError, Tag};
