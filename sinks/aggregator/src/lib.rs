//! Folds the log into daily sums.
//!
//! One member of those who share the log's partitions. Of each partition it holds a fold; every few milliseconds it writes
//! what changed, in the order of rule 11: rows to the store of sums, then rows, dead letters and positions in one commit to
//! the stream, then the identities to the local state. Whatever dies in between, the next owner ends with the same rows.

mod aggregator;
mod backoff;
mod day_rows;
mod flush;
pub mod limits;
mod local_state;
mod membership;
mod metrics;
mod note;
mod partition;
mod planner;
mod probe;
mod tail;

#[cfg(test)]
mod tests;

pub use aggregator::{Aggregator, AggregatorError, AggregatorOptions, Handle, retention_days};
pub use metrics::AggregatorMetrics;
#[cfg(feature = "faults")]
pub use partition::Faults;
