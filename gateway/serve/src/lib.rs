//! One way to serve HTTP: connections accepted within bounds, TLS, HTTP/1.1 and HTTP/2, slow clients let go of, an orderly
//! end.
//!
//! It knows nothing of what is served. A [`Service`] answers requests; a [`Server`] brings it connections:
//!
//! ```no_run
//! # use std::net::SocketAddr;
//! # use http::{Request, Response};
//! # use rustls::ServerConnection;
//! use tallygate_serve::{Exchange, Incoming, Limits, Server, Service};
//!
//! struct Hello;
//!
//! impl Service for Hello {
//!     /// What is kept of a connection; here nothing.
//!     type Connection = ();
//!     type Body = String;
//!
//!     fn connected(&self, _peer: SocketAddr, _tls: Option<&ServerConnection>) -> Option<()> {
//!         Some(())
//!     }
//!
//!     async fn answer(&self, exchange: &Exchange<()>, _: Request<Incoming>) -> Response<String> {
//!         Response::new(format!("hello, {}\n", exchange.peer()))
//!     }
//! }
//!
//! # async fn run(shutdown: impl Future<Output = ()>) -> Result<(), Box<dyn std::error::Error>> {
//! let mut server = Server::new(Limits::default());
//! server.listen("hello", std::net::TcpListener::bind("127.0.0.1:0")?, None, Hello)?;
//! server.run(shutdown).await?;
//! # Ok(())
//! # }
//! ```
//!
//! A [`tower_service::Service`], such as an axum `Router`, is served as [`Tower`].
//!
//! What holds for each connection:
//!
//! - Of the connections at one time, and of the handshakes, each address has its [share](Shares). Where all connections are taken,
//!   one that never sent a whole request, or else one that has long been idle, gives way to an address that has none.
//! - With TLS, the handshake has its time, and ALPN chooses HTTP/2 or HTTP/1.1. Without TLS it is HTTP/1.1.
//! - A client that comes back resumes its TLS session by a ticket, for at most [`limits::TICKET_TIME`] from its full handshake
//!   and at the same listener. Nothing is taken of it before the handshake has ended (no early data).
//! - A request's head has its size, also while it is still coming, and its time, counted from its first byte.
//! - A request of HTTP/1.1 whose end is not certain is a [`Doubt`] for the service to refuse; nothing is read behind it.
//! - A caller of HTTP/2 that begins without TLS is told to use HTTP/1.1.
//! - The rest of a body that nobody reads is read away for a while, so that its caller sees the answer.
//! - A reader that takes nothing of a reply that is ready for it, or takes it at a crawl, is let go of.
//! - Over HTTP/1.1, a caller that ends its side behind a whole request gets its answer within
//!   [`limits::HALF_CLOSED_TIME`].
//! - A connection of HTTP/1.1 that waits for its caller, since its handshake or for [`limits::SETTLED_TIME`], holds no buffers.
//! - A connection without a request in progress is asked to end after its idle time, and let go of somewhat later. A
//!   request is in progress until [`Service::answer`] is done, and longer if its body is an [`Exchange::stream`] or an
//!   [`Exchange::whole`].
//! - When the server is told to stop, connections end after what is in flight. What has not ended by
//!   [`Limits::shutdown_time`] is cut off: no request outlives its connection, on HTTP/2 too.
//! - A handshake that failed is a line of the log, with its peer and why; of many, [`limits::FAILED_HANDSHAKE_LINES`] at
//!   once and one more a second, and a line that says how many were left out. What callers do later is none above debug.
#![warn(clippy::print_stdout, clippy::print_stderr)]

mod activity;
mod answer;
mod connection;
mod drive;
mod exchange;
mod handshakes;
mod heads;
mod http1;
mod incoming;
pub mod limits;
mod line_limit;
mod listener;
mod parts;
mod seats;
mod server;
mod service;
mod shares;
mod streamed;
mod streams;
mod tickets;
mod tls;
mod tower;
mod watched;
mod whole;

pub use exchange::{CutOff, Exchange};
pub use heads::Doubt;
pub use incoming::Incoming;
pub use limits::Limits;
pub use line_limit::LineLimit;
pub use server::{Ended, Server};
pub use service::{ConnectionEvent, Service};
pub use shares::{Holder, Share, Shares, Short};
pub use streamed::Streamed;
pub use tower::{Peer, Tower};
pub use whole::Whole;

/// Whether a connection with this TLS speaks HTTP/2.
#[must_use]
pub fn speaks_http2(tls: &rustls::ServerConnection) -> bool {
    tls.alpn_protocol() == Some(tls::H2)
}
