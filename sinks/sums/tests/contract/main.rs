//! Every store of sums against the port's contract, real servers included.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod cassandra;
mod embedded;
mod pair;
mod suite;
