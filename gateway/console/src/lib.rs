//! The operators' side: administration, the live page, and what reads the sums.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

pub mod limits;
pub mod metrics;

mod clock;
mod scan;
mod text;

pub mod dead_letters;
pub mod ledger;
pub mod policies;
pub mod reconcile;
pub mod status;

mod live;

pub mod admin;
