//! The partners' side from outside: real sockets, real TLS, real clients; the queue and the policies are played.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod play;
mod site;

mod access;
mod limits;
mod policies;
mod proxy;
mod queue;
mod shutdown;
