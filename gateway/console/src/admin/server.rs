//! Accepts connections, speaks TLS, and serves HTTP/1.1 or HTTP/2 as the client chose.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::Router;
use http::Request;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::{Service as _, service_fn};
use hyper_util::service::TowerToHyperService;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulConnection;
use rustls::ServerConfig;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;

use super::credentials::Peer;
use super::patient::Patient;
use super::shared::Shared;
use crate::limits::{CONNECTIONS, HANDSHAKE_TIMEOUT, HEAD_BYTES, HEAD_TIMEOUT, IDLE_TIMEOUT, STOP_TIMEOUT, WRITE_TIMEOUT};
use crate::metrics::Counted;

/// The pause after the system refused a connection, for example for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves until it is to stop; then lets what is in flight finish.
pub(super) async fn serve(listener: TcpListener, tls: Arc<ServerConfig>, router: Router, shared: Arc<Shared>) {
    let mut tls = ServerConfig::clone(&tls);
    tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let acceptor = TlsAcceptor::from(Arc::new(tls));
    let permits = Arc::new(Semaphore::new(CONNECTIONS));
    let mut connections = JoinSet::new();
    loop {
        let permit = tokio::select! {
            () = shared.stop.cancelled() => break,
            Some(ended) = connections.join_next() => {
                notice(ended);
                continue;
            }
            permit = permits.clone().acquire_owned() => permit,
        };
        let Ok(permit) = permit else { break };
        let accepted = tokio::select! {
            () = shared.stop.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((tcp, peer)) => {
                let (acceptor, router, shared) = (acceptor.clone(), router.clone(), shared.clone());
                connections.spawn(async move {
                    let _permit = permit;
                    let _counted = Counted::one(&shared.metrics.connections);
                    connection(tcp, peer, acceptor, router, &shared).await;
                });
            }
            Err(error) => {
                tracing::warn!(%error, "the console could not accept a connection");
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener);
    let all = async {
        while let Some(ended) = connections.join_next().await {
            notice(ended);
        }
    };
    // What has not finished by then is dropped with the set.
    let _ = timeout(STOP_TIMEOUT, all).await;
}

async fn connection(tcp: TcpStream, peer: SocketAddr, acceptor: TlsAcceptor, router: Router, shared: &Shared) {
    // Changes are small and are to be seen at once.
    let _ = tcp.set_nodelay(true);
    let stream = match timeout(HANDSHAKE_TIMEOUT, acceptor.accept(Patient::new(tcp, WRITE_TIMEOUT))).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => {
            tracing::debug!(%peer, %error, "a TLS handshake failed");
            return;
        }
        Err(_) => return,
    };
    let http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
    let traffic = Traffic::default();
    let service = {
        let (router, traffic) = (TowerToHyperService::new(router), traffic.clone());
        service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(Peer(peer.ip()));
            let (response, open) = (router.call(request), traffic.begin());
            async move {
                let response = response.await?;
                // An answer is under way until its body is through.
                let until_through = response.map(|body| {
                    let held = move |frame| {
                        let _ = &open;
                        frame
                    };
                    body.map_frame(held)
                });
                Ok::<_, Infallible>(until_through)
            }
        })
    };
    let over = async {
        tokio::select! {
            () = shared.stop.cancelled() => {}
            () = traffic.idle() => {}
        }
    };
    let io = TokioIo::new(stream);
    let served = if http2 {
        let connection = http2::Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            .max_header_list_size(HEAD_BYTES as u32)
            .max_concurrent_streams(64)
            .keep_alive_interval(HEAD_TIMEOUT)
            .keep_alive_timeout(HEAD_TIMEOUT)
            .serve_connection(io, service);
        drive(connection, over).await
    } else {
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_TIMEOUT)
            .max_buf_size(HEAD_BYTES)
            .serve_connection(io, service);
        drive(connection, over).await
    };
    if let Err(error) = served {
        tracing::debug!(%peer, %error, "a connection ended early");
    }
}

/// Drives a connection until it ends; when it is `over`, lets it end what it is about.
async fn drive<C: GracefulConnection>(connection: C, over: impl Future<Output = ()>) -> Result<(), C::Error> {
    let mut connection = pin!(connection);
    tokio::select! {
        served = connection.as_mut() => return served,
        () = over => connection.as_mut().graceful_shutdown(),
    }
    connection.await
}

/// What a connection is being used for.
#[derive(Clone, Default)]
struct Traffic {
    /// Held by each request until its answer is through.
    open: Arc<()>,
    begun: Arc<AtomicU64>,
}

impl Traffic {
    fn begin(&self) -> Arc<()> {
        self.begun.fetch_add(1, Ordering::Relaxed);
        self.open.clone()
    }

    /// Ends once there has been no request for a while.
    async fn idle(&self) {
        // This one's own, and the service's.
        const AT_REST: usize = 2;
        loop {
            let before = self.begun.load(Ordering::Relaxed);
            sleep(IDLE_TIMEOUT).await;
            if self.begun.load(Ordering::Relaxed) == before && Arc::strong_count(&self.open) <= AT_REST {
                return;
            }
        }
    }
}

fn notice(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended {
        tracing::error!(%error, "a connection's task died");
    }
}
