//! The contract of the stream's port, run by every implementation, and what each promises beyond it.
#![allow(clippy::unwrap_used, clippy::expect_used)]
#![allow(clippy::disallowed_methods, reason = "a test may start what it waits for")]

mod cluster;
mod embedded;
mod fixture;
mod kafka;
mod outage;
mod producer;
mod refusals;
mod sharing;
mod suite;
mod uncommitted;
mod zombie;
