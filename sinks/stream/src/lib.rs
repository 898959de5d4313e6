//! The stream behind the queue: a port to an ordered, replayable, partitioned log, its contract, and its implementations.
#![warn(clippy::print_stdout, clippy::print_stderr)]
#![cfg_attr(
    not(feature = "kafka"),
    allow(dead_code, reason = "what the server's side alone uses stands beside the rest")
)]

mod embedded;
mod headers;
#[cfg(feature = "kafka")]
mod kafka;
mod limits;
mod metrics;
mod port;
mod records;
mod timeouts;

pub use embedded::{EmbeddedStream, EmbeddedStreamOptions};
pub use headers::{Headers, NewHeaders};
#[cfg(feature = "kafka")]
pub use kafka::{BadOption, KafkaOptions, KafkaStream};
pub use metrics::StreamMetrics;
pub use port::{
    Batch, Bounds, Committer, Event, FailedRecord, Flush, Follower, NewRecord, NotAppended, Retention, Start, Stream,
    StreamError, Subscription, Topic,
};
pub use records::Record;
