//! The console over real TLS, with a store and a stream that do as they are told; the page in a real browser.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod browser;
mod log;
mod site;
mod store;

mod dead_letters;
mod events;
mod login;
mod page;
mod policies;
mod reconcile;
mod sums;
