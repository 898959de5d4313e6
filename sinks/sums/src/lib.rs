//! The store of daily sums: a port, its contract, and its implementations.

mod port;
mod settle;

mod cassandra;
mod embedded;
pub mod limits;

pub use cassandra::{BadOption, Cassandra, CassandraOptions, CassandraTls, Consistency, Credentials};
pub use embedded::{EmbeddedOptions, EmbeddedSums};
pub use port::{Sums, SumsError};
pub use settle::{SettleError, settle};
