//! The store of daily sums: a port, its contract, and its implementations.

mod port;
mod settle;

mod cassandra;
mod embedded;
pub mod limits;
pub mod timeouts;

pub use cassandra::{BadOption, Cassandra, CassandraOptions, Consistency, Credentials};
pub use embedded::{EmbeddedSums, EmbeddedSumsOptions};
pub use port::{Sums, SumsError};
pub use settle::{SettleError, settle};
