//! The console over real TLS, with a store and a stream that do as they are told; the page in a real browser.
#![allow(clippy::unwrap_used, clippy::expect_used)]
#![allow(clippy::disallowed_methods, reason = "a test may start what it waits for")]

mod browser;
#[path = "../../../reading/tests/reading/letters.rs"]
mod letters;
#[path = "../../../serve/tests/serve/lines.rs"]
mod lines;
#[path = "../../../reading/tests/reading/log.rs"]
#[expect(dead_code, reason = "the tests of reading use what is left")]
mod log;
mod site;
#[path = "../../../reading/tests/reading/store.rs"]
mod store;

mod audit;
mod dead_letters;
mod events;
mod http2;
mod limits;
mod login;
mod openapi;
mod page;
mod policies;
mod replays;
mod roles;
mod sums;
