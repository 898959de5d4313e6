//! A server: its listeners, and their orderly end.

use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustls::ServerConfig;
use socket2::SockRef;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::handshakes::Handshakes;
use crate::limits::{BACKLOG, HANDSHAKES, Limits};
use crate::listener::{Listener, failed_handshakes, listen};
use crate::seats::Seats;
use crate::service::Service;
use crate::tls::Tls;

/// Some listeners that share their limits and end together.
pub struct Server {
    limits: Arc<Limits>,
    connections: Arc<Seats>,
    handshakes: Arc<Handshakes>,
    stopping: CancellationToken,
    all_cut_off: Arc<AtomicBool>,
    listeners: JoinSet<()>,
}

/// A listener ended that should not have.
#[derive(Debug, thiserror::Error)]
#[error("a listener ended: {0}")]
pub struct Ended(pub String);

impl Server {
    /// A server without listeners.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            connections: Seats::new(limits.connections),
            handshakes: Arc::new(Handshakes::new(HANDSHAKES)),
            limits: Arc::new(limits),
            stopping: CancellationToken::new(),
            all_cut_off: Arc::default(),
            listeners: JoinSet::new(),
        }
    }

    /// Begins to accept on a socket. With `tls`, whose ALPN and resumption are set here, callers choose HTTP/2 or HTTP/1.1.
    /// The name is for the log. To be called within a runtime.
    ///
    /// # Errors
    /// When the socket cannot be used, or the system gives no randomness.
    pub fn listen<S: Service>(
        &mut self,
        name: &str,
        socket: TcpListener,
        tls: Option<Arc<ServerConfig>>,
        service: S,
    ) -> io::Result<()> {
        // Whoever made it may have let fewer wait.
        SockRef::from(&socket).listen(BACKLOG)?;
        socket.set_nonblocking(true)?;
        let socket = tokio::net::TcpListener::from_std(socket)?;
        let listener = Listener {
            name: name.to_owned(),
            tls: tls.map(Tls::new).transpose().map_err(io::Error::other)?,
            service: Arc::new(service),
            limits: self.limits.clone(),
            connections: self.connections.clone(),
            handshakes: self.handshakes.clone(),
            stopping: self.stopping.clone(),
            all_cut_off: self.all_cut_off.clone(),
            failed_handshakes: failed_handshakes(),
        };
        self.listeners.spawn(listen(socket, listener));
        Ok(())
    }

    /// Serves until `shutdown` is ready; then stops accepting, lets what is in flight end for at most
    /// [`Limits::shutdown_time`], and cuts off the rest. Dropped, it cuts off everything at once.
    ///
    /// # Errors
    /// When a listener ends by itself; the others are stopped in the same way then.
    pub async fn run(mut self, shutdown: impl Future<Output = ()>) -> Result<(), Ended> {
        let ended = tokio::select! {
            () = shutdown => None,
            Some(ended) = self.listeners.join_next(), if !self.listeners.is_empty() => Some(ended),
        };
        self.stopping.cancel();
        let rest = async { while self.listeners.join_next().await.is_some() {} };
        if tokio::time::timeout(self.limits.shutdown_time, rest).await.is_err() {
            tracing::warn!("requests were still in flight at the deadline and are cut off");
        }
        self.all_cut_off.store(true, Ordering::Relaxed);
        self.listeners.shutdown().await;
        match ended {
            None => Ok(()),
            Some(Ok(())) => Err(Ended("it returned".to_owned())),
            Some(Err(error)) => Err(Ended(error.to_string())),
        }
    }
}
