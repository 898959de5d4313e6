//! Where the configuration becomes parts: a file for each port, each the only place that names its backends.

mod later;
mod queue;
mod stream;
mod sums;

pub(crate) use queue::{parked_later, queue_later};
pub use queue::{queue, queue_depth};
pub(crate) use stream::{made_partitions, stream_later};
pub use stream::{read_stream, stream};
pub(crate) use sums::sums_later;
pub use sums::{read_sums, sums};
