//! Folds the log into daily sums.
//!
//! One member of those who share the log's partitions. Of each partition it holds a fold; every few milliseconds it writes
//! what changed, in the order of rule 11: rows to the store of sums, then rows, dead letters and positions in one commit to
//! the stream, then the identities to the local state. Whatever dies in between, the next owner ends with the same rows.
#![warn(clippy::print_stdout, clippy::print_stderr)]
#![cfg_attr(test, allow(clippy::disallowed_methods, reason = "a test may start what it waits for"))]
#![cfg_attr(test, allow(clippy::print_stdout, clippy::print_stderr, reason = "a test tells which seed it is at"))]

mod aggregator;
mod backoff;
mod base;
pub mod by_hand;
mod cadence;
mod checkpoint;
mod clock;
mod compare;
mod ends;
mod failure;
#[cfg(feature = "faults")]
mod faults;
mod fingerprint;
mod flush;
mod kept;
pub mod limits;
mod local_state;
mod membership;
mod metrics;
mod news;
mod partition;
mod parts;
mod probe;
mod scan;
mod store_away;
mod teller;
pub mod timeouts;
mod warm_up;

#[cfg(test)]
mod tests;

pub use aggregator::{Aggregator, AggregatorError, AggregatorOptions, Handle, retention};
pub use checkpoint::generation_of_log;
pub use clock::WallClock;
#[cfg(feature = "faults")]
pub use faults::Faults;
pub use metrics::AggregatorMetrics;
