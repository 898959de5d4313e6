//! Reading beside running processes: the sums, the dead letters, and the proof that nothing is lost. It needs no HTTP.
#![warn(clippy::print_stdout, clippy::print_stderr)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

pub mod limits;
mod living;

pub mod clock;
pub mod text;

mod scan;

pub mod dead_letters;
pub mod ledger;
pub mod reconcile;
