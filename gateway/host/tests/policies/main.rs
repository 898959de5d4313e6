//! The host with real components: the stock policies, and one that does all the wrong things.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs, reason = "tests")]
#![allow(clippy::disallowed_methods, reason = "a test may start what it waits for")]

mod activation;
mod advice;
mod artefacts;
mod context;
mod core;
mod fairness;
mod hostile;
mod hr_racun;
mod isolation;
mod large;
mod signature;
mod support;
mod world;
