//! The whole line, end to end: real processes, real servers, real clients, faults.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]
#![allow(unreachable_pub, reason = "the harness is written as a library would be")]

mod abuses;
mod any_order;
mod authors;
mod check;
mod clusters;
mod damaged;
mod faults;
mod fiscal;
mod formats;
#[allow(dead_code, reason = "shared with the tests that plant faults, which need other parts of it")]
#[path = "../harness/mod.rs"]
mod harness;
mod hostile;
mod line;
mod lost;
mod lost_on_servers;
mod policies;
mod power;
mod private;
mod readers;
mod rebalances;
mod relay;
mod rolling;
mod secure;
mod shipping;
mod sleeper;
mod standing;
mod unread;
