//! What a server is given to serve.

use std::error::Error;
use std::net::SocketAddr;

use http::{Request, Response};
use http_body::Body;
use rustls::ServerConnection;

use crate::exchange::Exchange;
use crate::incoming::Incoming;

/// Answers the requests of a listener.
pub trait Service: Send + Sync + 'static {
    /// What is kept of a connection for as long as it lasts, such as who its client certificate says calls.
    type Connection: Send + Sync + 'static;
    /// The body of a response.
    type Body: Body<Data: Send, Error: Into<Box<dyn Error + Send + Sync>>> + Send + Unpin + 'static;

    /// A connection stands: its hand is shaken where it has TLS. Called once, before its first request. None: it is closed.
    fn connected(&self, peer: SocketAddr, tls: Option<&ServerConnection>) -> Option<Self::Connection>;

    /// Answers one request, or refuses it where there is a [doubt](Exchange::doubt) about it. Dropped where the caller goes away, or the server's time to stop is over.
    fn answer(
        &self,
        exchange: &Exchange<Self::Connection>,
        request: Request<Incoming>,
    ) -> impl Future<Output = Response<Self::Body>> + Send;

    /// Something happened to a connection; for counting. Called often, so it must be quick.
    fn observe(&self, event: ConnectionEvent) {
        let _ = event;
    }
}

/// What becomes of a connection. Either it is refused, or it opens, later closes, and does one of the others between, or is
/// refused then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConnectionEvent {
    /// It was closed at once, since as many are open as may be, or the service did not want it.
    Refused,
    /// It counts among those open.
    Opened,
    /// It can carry requests.
    Accepted,
    /// Its TLS handshake failed or took too long.
    HandshakeFailed,
    /// An error or a timeout ended it.
    Broken,
    /// It no longer counts among those open.
    Closed,
}
