//! Reading, with a store and a stream that do as they are told.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod letters;
mod log;
mod store;
mod world;

mod dead_letters;
mod ledger;
mod newest;
mod outside;
mod reconcile;
mod sums;
mod transit;
