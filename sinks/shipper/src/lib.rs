//! Moves messages from the queue into the stream, each at least once: a message is acknowledged only after all its
//! records are durable (rule 5).
#![warn(clippy::print_stdout, clippy::print_stderr)]

mod acknowledging;
mod appender;
mod backlog;
mod backoff;
mod flight;
mod held;
mod held_up;
pub mod limits;
mod message;
mod metrics;
mod pace;
mod parked;
mod records;
mod session;
mod shipper;
pub mod timeouts;

#[cfg(test)]
mod tests;

pub use backlog::watch_backlog;
pub use metrics::ShipperMetrics;
pub use shipper::{Queues, Shipper, ShipperOptions};
