//! Where the configuration becomes parts: a file for each port, each the only place that names its backends.

mod queue;
mod stream;
mod sums;

pub use queue::{queue, queue_depth};
pub(crate) use stream::made_partitions;
pub use stream::{read_stream, stream};
pub use sums::{read_sums, sums};
