//! The partners' side from outside: real sockets, real TLS, real clients; the queue and the policies are played.
#![allow(clippy::unwrap_used, clippy::expect_used)]
#![allow(clippy::disallowed_methods, reason = "a test may start what it waits for")]

#[path = "../../../serve/tests/serve/lines.rs"]
mod lines;

mod authority;
mod pipe;
mod play;
mod scrape;
mod site;

mod access;
mod access_line;
mod artefacts;
mod callers;
mod cors;
mod framing;
mod hanging;
mod heads;
mod limits;
mod manners;
mod options;
mod policies;
mod proxy;
mod queue;
mod refusals;
mod relay;
mod replies;
mod responses;
mod resumption;
mod shares;
mod shutdown;
mod upstreams;
