//! The operators' side: administration and the live page.
#![warn(clippy::print_stdout, clippy::print_stderr)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

pub mod limits;
pub mod metrics;

pub mod policies;
pub mod replays;
pub mod status;

mod live;

pub mod admin;
