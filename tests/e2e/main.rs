//! The whole line, end to end: real processes, real servers, real clients, faults.
#![allow(clippy::unwrap_used, clippy::expect_used, unreachable_pub, reason = "a test may panic, and nobody uses it from outside")]

mod faults;
mod fiscal;
mod harness;
mod line;
mod planted;
mod policies;
mod readers;
mod secure;
