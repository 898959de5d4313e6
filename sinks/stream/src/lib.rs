//! The stream behind the queue: a port to an ordered, replayable, partitioned log, its contract, and its implementations.

mod port;

pub use port::{
    Batch, Bounds, Committed, Committer, Event, Flush, Follower, NewRecord, Planner, Record, Start, Stream, StreamError, Subscription,
    Topic,
};
