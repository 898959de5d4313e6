//! The store of daily sums: a port, its contract, and its implementations.

mod port;

pub use port::{Sums, SumsError};
