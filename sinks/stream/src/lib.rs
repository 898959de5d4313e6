//! The stream behind the queue: a port to an ordered, replayable, partitioned log, its contract, and its implementations.

mod embedded;
mod kafka;
mod limits;
mod metrics;
mod port;
mod records;
mod timeouts;

pub use embedded::{EmbeddedStream, EmbeddedStreamOptions};
pub use kafka::{BadOption, KafkaOptions, KafkaStream};
pub use metrics::StreamMetrics;
pub use port::{
    Batch, Bounds, Committed, Committer, Event, Flush, Follower, NewRecord, Planner, Start, Stream, StreamError,
    Subscription, Topic,
};
pub use records::{Headers, Record};
