//! A listener: accepts connections, shakes hands, and drives each one in a task that it keeps an eye on.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::access::Certificate;
use crate::connection::{Connection, Watched, drive};
use crate::front::Gate;
use crate::limits::{ACCEPT_REST, HEADERS, Limits, STREAM_SEND_BYTES, STREAMS};
use crate::metrics::ListenerLabels;
use crate::options::ListenerOptions;
use crate::{request, tls};

/// A listener but for its socket.
pub(crate) struct Listener {
    place: usize,
    pub(crate) labels: Arc<str>,
    tls: Option<Arc<ServerConfig>>,
}

/// Runs the requests of an HTTP/2 connection side by side, and knows when the last one has ended.
#[derive(Clone)]
struct Streams(TaskTracker);

impl Listener {
    pub(crate) fn new(place: usize, options: &ListenerOptions) -> Result<Self, String> {
        let tls = options.tls.as_ref().map(tls::server).transpose()?;
        Ok(Self { place, labels: options.name.as_str().into(), tls })
    }

    fn count(&self, gate: &Gate, outcome: &'static str) {
        let labels = ListenerLabels { listener: self.labels.clone(), outcome };
        gate.metrics.connections.get_or_create(&labels).inc();
    }
}

/// Accepts until `stopping`, then waits until every connection has ended.
pub(crate) async fn listen(socket: TcpListener, listener: Arc<Listener>, gate: Arc<Gate>, stopping: CancellationToken) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            biased;
            () = stopping.cancelled() => break,
            Some(ended) = connections.join_next(), if !connections.is_empty() => notice(ended),
            accepted = socket.accept() => match accepted {
                Err(error) => rest(&listener, &error).await,
                Ok((stream, peer)) => match gate.connections.clone().try_acquire_owned() {
                    Err(_) => listener.count(&gate, "refused"),
                    Ok(permit) => {
                        let (listener, gate) = (listener.clone(), gate.clone());
                        let stopping = stopping.clone();
                        connections.spawn(async move {
                            gate.metrics.connections_open.inc();
                            let _open = Open(&gate);
                            attend(stream, peer, &listener, &gate, &stopping).await;
                            drop(permit);
                        });
                    }
                },
            },
        }
    }
    drop(socket);
    while let Some(ended) = connections.join_next().await {
        notice(ended);
    }
}

struct Open<'a>(&'a Gate);

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.0.metrics.connections_open.dec();
    }
}

/// One connection, from its handshake to its end.
async fn attend(
    stream: TcpStream,
    peer: SocketAddr,
    listener: &Listener,
    gate: &Arc<Gate>,
    stopping: &CancellationToken,
) {
    // Replies are written whole; waiting to gather more would only delay them.
    let _ = stream.set_nodelay(true);
    let Some(config) = &listener.tls else {
        listener.count(gate, "accepted");
        let state = Connection::new(peer, listener.place, false, Certificate::None);
        return speak(stream, false, state, listener, gate, stopping).await;
    };
    let shake = TlsAcceptor::from(config.clone()).accept(stream);
    let shaken = tokio::select! {
        biased;
        () = stopping.cancelled() => return,
        shaken = tokio::time::timeout(gate.limits.handshake_time, shake) => shaken,
    };
    let stream = match shaken {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => return handshake_failed(gate, listener, peer, &error),
        Err(_) => {
            let slow = io::Error::new(io::ErrorKind::TimedOut, "it took too long");
            return handshake_failed(gate, listener, peer, &slow);
        }
    };
    listener.count(gate, "accepted");
    let session = stream.get_ref().1;
    let certificate = match session.peer_certificates().and_then(<[_]>::first) {
        None => Certificate::None,
        Some(certificate) => gate.partners.certificate(certificate),
    };
    let h2 = session.alpn_protocol() == Some(tls::H2);
    let state = Connection::new(peer, listener.place, true, certificate);
    speak(stream, h2, state, listener, gate, stopping).await;
}

async fn speak<S>(
    stream: S,
    h2: bool,
    state: Arc<Connection>,
    listener: &Listener,
    gate: &Arc<Gate>,
    stopping: &CancellationToken,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let io = TokioIo::new(Watched::new(stream, state.clone()));
    let service = service_fn({
        let (gate, state) = (gate.clone(), state.clone());
        move |request| request::serve(gate.clone(), state.clone(), request)
    });
    let limits = &gate.limits;
    let ended = if h2 {
        state.set_multiplexed();
        let streams = TaskTracker::new();
        let connection = http2(limits, &streams).serve_connection(io, service);
        let ended = drive(connection, &state, limits, stopping).await;
        streams.close();
        streams.wait().await;
        ended
    } else {
        let connection = http1(limits).serve_connection(io, service);
        drive(connection, &state, limits, stopping).await
    };
    match ended {
        Ok(Ok(())) => {}
        Ok(Err(error)) => {
            listener.count(gate, "broken");
            tracing::debug!(listener = %listener.labels, peer = %state.peer, "connection ended: {error}");
        }
        Err(cut) => {
            listener.count(gate, "broken");
            tracing::debug!(listener = %listener.labels, peer = %state.peer, ?cut, "connection cut off");
        }
    }
}

fn http1(limits: &Limits) -> http1::Builder {
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        // The connection's own watch counts a head's time from its first byte, at no timer a request.
        .header_read_timeout(None)
        .max_headers(HEADERS)
        .max_header_size(limits.header_bytes)
        .pipeline_flush(false);
    builder
}

fn http2(limits: &Limits, streams: &TaskTracker) -> http2::Builder<Streams> {
    let mut builder = http2::Builder::new(Streams(streams.clone()));
    builder
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS)
        .max_header_list_size(u32::try_from(limits.header_bytes).unwrap_or(u32::MAX))
        .max_send_buf_size(STREAM_SEND_BYTES)
        .keep_alive_interval(Some(limits.idle_time / 2))
        .keep_alive_timeout(limits.stalled_time);
    builder
}

impl<F> hyper::rt::Executor<F> for Streams
where
    F: Future<Output = ()> + Send + 'static,
{
    fn execute(&self, stream: F) {
        self.0.spawn(stream);
    }
}

fn handshake_failed(gate: &Gate, listener: &Listener, peer: SocketAddr, error: &io::Error) {
    listener.count(gate, "handshake");
    tracing::debug!(listener = %listener.labels, %peer, "handshake failed: {error}");
}

fn notice(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended {
        tracing::error!("a connection's task failed: {error}");
    }
}

/// A connection that was gone before it was accepted says nothing of the next one; anything else is a want of the system's.
async fn rest(listener: &Listener, error: &io::Error) {
    use io::ErrorKind::{ConnectionAborted, ConnectionReset};
    if !matches!(error.kind(), ConnectionAborted | ConnectionReset) {
        tracing::warn!(listener = %listener.labels, "cannot accept: {error}");
        tokio::time::sleep(ACCEPT_REST).await;
    }
}
