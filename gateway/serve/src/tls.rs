//! The TLS of a listener: the protocols that it offers, and its handshake, full or resumed.

use std::io;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::server::Acceptor;
use tokio::net::TcpStream;
use tokio_rustls::LazyConfigAcceptor;
use tokio_rustls::server::TlsStream;

use crate::tickets::Tickets;

/// HTTP/2 as ALPN names it.
pub(crate) const H2: &[u8] = b"h2";

pub(crate) struct Tls {
    config: Arc<ServerConfig>,
    tickets: Arc<Tickets>,
}

impl Tls {
    /// A listener's TLS, of a configuration whose ALPN and resumption do not matter.
    ///
    /// # Errors
    /// When the system gives no randomness.
    pub(crate) fn new(config: Arc<ServerConfig>) -> Result<Self, rustls::Error> {
        let mut config = Arc::unwrap_or_clone(config);
        config.alpn_protocols = vec![H2.to_vec(), b"http/1.1".to_vec()];
        let tickets = Tickets::new()?;
        tickets.serve(&mut config);
        Ok(Self { config: Arc::new(config), tickets })
    }

    /// Shakes hands.
    ///
    /// # Errors
    /// When the other side is gone, or what it sends is no handshake that this side agrees to.
    pub(crate) async fn accept(&self, stream: TcpStream) -> io::Result<TlsStream<TcpStream>> {
        let hello = LazyConfigAcceptor::new(Acceptor::default(), stream).await?;
        hello.into_stream_with(self.config.clone(), |connection| self.tickets.date(connection)).await
    }
}
