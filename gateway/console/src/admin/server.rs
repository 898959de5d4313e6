//! The server under the routes: its limits, and the count of its connections.

use std::io;
use std::net::TcpListener;
use std::sync::Arc;

use axum::Router;
use rustls::ServerConfig;
use tallygate_serve::{ConnectionEvent, Limits, Server, Tower};

use crate::limits::{
    CONNECTIONS, HANDSHAKE_TIMEOUT, HEAD_BYTES, HEAD_TIMEOUT, IDLE_TIMEOUT, STOP_TIMEOUT, WRITE_TIMEOUT,
};
use crate::metrics::Metrics;

/// A server of these routes that has begun to accept.
pub(super) fn listen(
    listener: TcpListener,
    tls: Arc<ServerConfig>,
    router: Router,
    metrics: &Metrics,
) -> io::Result<Server> {
    let mut server = Server::new(Limits {
        connections: CONNECTIONS,
        header_bytes: HEAD_BYTES,
        handshake_time: HANDSHAKE_TIMEOUT,
        header_time: HEAD_TIMEOUT,
        idle_time: IDLE_TIMEOUT,
        stalled_time: WRITE_TIMEOUT,
        shutdown_time: STOP_TIMEOUT,
    });
    let open = metrics.connections.clone();
    let counted = move |event| match event {
        ConnectionEvent::Opened => {
            open.inc();
        }
        ConnectionEvent::Closed => {
            open.dec();
        }
        _ => {}
    };
    server.listen("admin", listener, Some(tls), Tower::new(router).observed(counted))?;
    Ok(server)
}
