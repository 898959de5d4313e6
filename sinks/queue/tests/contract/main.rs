//! The contract of the queue's port, run by every implementation, and what each promises beyond it.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod amqp;
mod embedded;
mod large;
mod suite;
