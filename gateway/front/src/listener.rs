//! A listener, and what its connections are served by: the partner behind a certificate is found once a connection.

use std::net::SocketAddr;
use std::sync::Arc;

use http::{Request, Response};
use rustls::{ServerConfig, ServerConnection};
use tallygate_serve::{ConnectionEvent, Exchange, Holder, Incoming, Service, speaks_http2};

use crate::access::Certificate;
use crate::access_line::Recorded;
use crate::connection::Connection;
use crate::invalid::InvalidOption;
use crate::metrics::ListenerLabels;
use crate::options::ListenerOptions;
use crate::shared::Shared;
use crate::{request, tls};

/// A listener but for its socket.
#[derive(Clone)]
pub(crate) struct Listener {
    index: usize,
    pub(crate) labels: Arc<str>,
    pub(crate) tls: Option<Arc<ServerConfig>>,
}

/// The partners' side as one listener's callers meet it.
pub(crate) struct PartnersSide {
    pub(crate) listener: Listener,
    pub(crate) shared: Arc<Shared>,
}

impl Listener {
    /// The error is by the key below `tls`.
    pub(crate) fn new(index: usize, options: &ListenerOptions) -> Result<Self, InvalidOption> {
        let tls = options.tls.as_ref().map(tls::server).transpose()?;
        Ok(Self { index, labels: options.name.as_str().into(), tls })
    }
}

impl Service for PartnersSide {
    type Connection = Connection;
    type Body = Recorded;

    fn connected(&self, peer: SocketAddr, tls: Option<&ServerConnection>) -> Option<Connection> {
        let chain = tls.and_then(|tls| tls.peer_certificates()).unwrap_or_default();
        let certificate = self.shared.partners.certificate(chain);
        let holder = match &certificate {
            Certificate::Of(partner) => Holder::Known(partner.clone()),
            _ => Holder::at(peer.ip()),
        };
        let bytes = self.shared.limits.serving().connection_bytes(tls.is_some_and(speaks_http2));
        let memory = self.shared.capacity.connection(&holder, bytes)?;
        Some(Connection { listener: self.listener.index, secure: tls.is_some(), certificate, _memory: memory })
    }

    async fn answer(&self, exchange: &Exchange<Connection>, request: Request<Incoming>) -> Response<Recorded> {
        request::serve(&self.shared, exchange, request).await
    }

    fn observe(&self, event: ConnectionEvent) {
        let metrics = &self.shared.metrics;
        let outcome = match event {
            ConnectionEvent::Opened => {
                metrics.connections_open.inc();
                return;
            }
            ConnectionEvent::Closed => {
                metrics.connections_open.dec();
                return;
            }
            ConnectionEvent::Accepted => "accepted",
            ConnectionEvent::Refused => "refused",
            ConnectionEvent::HandshakeFailed => "handshake",
            ConnectionEvent::Broken => "broken",
        };
        let labels = ListenerLabels { listener: self.listener.labels.clone(), outcome };
        metrics.connections.get_or_create(&labels).inc();
    }
}
