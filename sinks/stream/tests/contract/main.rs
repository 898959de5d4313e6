//! The contract of the stream's port, run by every implementation, and what each promises beyond it.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod embedded;
mod fixture;
mod kafka;
mod outage;
mod suite;
mod zombie;
