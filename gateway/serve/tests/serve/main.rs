//! Serving from outside: real sockets, real TLS, real clients.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod handshakes;
mod limits;
mod lines;
mod pipelining;
mod site;
mod stopping;
mod tower;
mod unread;
