//! The queue between the gateway and the shipper: a port, its contract, and its implementations.

mod port;

pub use port::{Consumer, Delivery, Queue, QueueError, Tag};
