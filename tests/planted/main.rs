//! The tests must be able to fail: with a safeguard switched off, the audit of the whole line finds the sums wrong, and wrong
//! in the way that the safeguard is there against. What each needs of faults is in builds with the feature `faults` alone.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]
#![allow(unreachable_pub, reason = "the harness is written as a library would be")]

mod confirm;
mod deduplication;
mod early;
mod fence;
#[allow(dead_code, reason = "shared with the tests of the line, which need more of it")]
#[path = "../harness/mod.rs"]
mod harness;
