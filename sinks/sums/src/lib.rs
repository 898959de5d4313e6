//! The store of daily sums: a port, its contract, and its implementations.
#![warn(clippy::print_stdout, clippy::print_stderr)]
#![cfg_attr(
    not(feature = "cassandra"),
    allow(dead_code, reason = "what the server's side alone uses stands beside the rest")
)]

mod port;
mod settle;

#[cfg(feature = "cassandra")]
mod cassandra;
mod embedded;
mod embedded_file;
pub mod limits;
pub mod timeouts;

#[cfg(feature = "cassandra")]
pub use cassandra::{BadOption, Cassandra, CassandraOptions, Consistency, Credentials};
pub use embedded::{EmbeddedSums, EmbeddedSumsOptions};
pub use port::{Notices, Sums, SumsError};
pub use settle::{Foreign, SettleError, settle};
