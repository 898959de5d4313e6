//! Serving from outside: real sockets, real TLS, real clients.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod limits;
mod site;
mod stopping;
mod tower;
