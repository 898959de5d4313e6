//! A listener: accepts connections, shakes hands, and drives each one in a task that it keeps an eye on.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use http::header::CONNECTION;
use http::{HeaderValue, Request};
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use rustls::ServerConnection;
use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinError, JoinSet};
use tokio::time::MissedTickBehavior;
use tokio_rustls::server::TlsStream;
use tokio_util::sync::CancellationToken;

use crate::activity::Activity;
use crate::answer::{Answer, Unwritten};
use crate::connection::Connection;
use crate::drive::drive;
use crate::exchange::Exchange;
use crate::handshakes::Handshakes;
use crate::http1::Http1;
use crate::incoming::{Incoming, Unread};
use crate::limits::{
    ACCEPT_PAUSE, FAILED_HANDSHAKE_LINES, FAILED_HANDSHAKE_PAUSE, HANDSHAKE_PART, Limits, STREAM_SEND_BYTES, STREAMS,
    UNSENT_BYTES, WINDOW_BYTES,
};
use crate::line_limit::LineLimit;
use crate::parts::Task;
use crate::seats::{Seat, Seats};
use crate::service::{ConnectionEvent, Service};
use crate::shares::Holder;
use crate::speaks_http2;
use crate::streams::{Starter, Streams};
use crate::tls::Tls;
use crate::watched::Watched;

/// A listener but for its socket.
pub(crate) struct Listener<S> {
    pub(crate) name: String,
    pub(crate) tls: Option<Tls>,
    pub(crate) service: Arc<S>,
    pub(crate) limits: Arc<Limits>,
    /// The connections of all listeners of a server.
    pub(crate) connections: Arc<Seats>,
    pub(crate) handshakes: Arc<Handshakes>,
    pub(crate) stopping: CancellationToken,
    /// Set before what is still open at the server's deadline is cut off.
    pub(crate) all_cut_off: Arc<AtomicBool>,
    /// Of the lines about handshakes that failed.
    pub(crate) failed_handshakes: LineLimit,
}

/// Counts a connection among those open for as long as it lives.
struct Open<'a, S: Service>(&'a S);

/// Accepts until told to stop, then waits until every connection has ended.
pub(crate) async fn listen<S: Service>(socket: TcpListener, listener: Listener<S>) {
    let listener = Arc::new(listener);
    let mut connections = JoinSet::new();
    let mut pauses = tokio::time::interval(FAILED_HANDSHAKE_PAUSE);
    pauses.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            biased;
            () = listener.stopping.cancelled() => break,
            Some(ended) = connections.join_next(), if !connections.is_empty() => notice(ended),
            _ = pauses.tick() => listener.tell_left_out(),
            accepted = socket.accept() => match accepted {
                Err(error) => pause(&listener.name, &error).await,
                Ok((stream, peer)) => match listener.connections.take(&Holder::at(peer.ip())) {
                    Err(_) => listener.service.observe(ConnectionEvent::Refused),
                    Ok(seat) => {
                        let listener = listener.clone();
                        connections.spawn(async move {
                            let _open = Open::new(&*listener.service);
                            tokio::select! {
                                biased;
                                () = seat.gives_way() => listener.gave_way(&seat),
                                () = listener.attend(stream, peer, &seat) => {}
                            }
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
    listener.tell_left_out();
}

/// The limit of the lines about handshakes that failed at one listener.
pub(crate) fn failed_handshakes() -> LineLimit {
    LineLimit::new(FAILED_HANDSHAKE_LINES, FAILED_HANDSHAKE_PAUSE, Instant::now())
}

impl<S: Service> Listener<S> {
    /// One connection, from its handshake to its end.
    async fn attend(&self, stream: TcpStream, peer: SocketAddr, seat: &Seat) {
        // Replies are written whole; waiting to gather more would only delay them.
        let _ = stream.set_nodelay(true);
        let _ = SockRef::from(&stream).set_tcp_notsent_lowat(UNSENT_BYTES);
        let Some(tls) = &self.tls else {
            let Some(own) = self.connected(peer, None) else { return };
            return self.speak(stream, false, peer, own, seat).await;
        };
        // What a handshake needs is large, and over before the connection begins to wait.
        let Some(stream) = Box::pin(self.shake_hands(tls, stream, peer)).await else { return };
        let session = stream.get_ref().1;
        let h2 = speaks_http2(session);
        let Some(own) = self.connected(peer, Some(session)) else { return };
        self.speak(stream, h2, peer, own, seat).await;
    }

    /// None where it fails, or the server stops.
    async fn shake_hands(&self, tls: &Tls, stream: TcpStream, peer: SocketAddr) -> Option<Box<TlsStream<TcpStream>>> {
        let handshake = async {
            // Whoever says nothing keeps no place from those who do.
            stream.readable().await?;
            let place = self.handshakes.place(&Holder::at(peer.ip())).await;
            let mut shaken = pin!(tls.accept(stream));
            match tokio::time::timeout(self.limits.handshake_time / HANDSHAKE_PART, &mut shaken).await {
                Ok(shaken) => shaken,
                Err(_) => {
                    drop(place);
                    shaken.await
                }
            }
        };
        let shaken = tokio::select! {
            biased;
            () = self.stopping.cancelled() => return None,
            shaken = tokio::time::timeout(self.limits.handshake_time, handshake) => shaken,
        };
        let failed = match shaken {
            Ok(Ok(stream)) => return Some(Box::new(stream)),
            Ok(Err(error)) => error,
            Err(_) => io::Error::new(io::ErrorKind::TimedOut, "it took too long"),
        };
        self.handshake_failed(peer, &failed);
        None
    }

    fn connected(&self, peer: SocketAddr, tls: Option<&ServerConnection>) -> Option<S::Connection> {
        let own = self.service.connected(peer, tls);
        let wanted = if own.is_some() { ConnectionEvent::Accepted } else { ConnectionEvent::Refused };
        self.service.observe(wanted);
        own
    }

    async fn speak<I>(&self, stream: I, h2: bool, peer: SocketAddr, own: S::Connection, seat: &Seat)
    where
        I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let activity = Activity::new(h2, self.all_cut_off.clone());
        seat.speaks(activity.clone());
        let connection = Arc::new(Connection { peer, own, activity });
        let task = Task::new();
        let streams = h2.then(|| Streams::of(&task));
        let (leaving, unread) = (self.stopping.child_token(), Unread::default());
        let service = service_fn({
            let (service, connection) = (self.service.clone(), connection.clone());
            let (starter, leaving) = (streams.as_ref().map(Streams::starter), leaving.clone());
            move |request: Request<hyper::body::Incoming>| {
                let (service, exchange) = (service.clone(), Exchange::begin(&connection));
                let pipelined = connection.activity.is_pipelined();
                let asked = h2.then(|| request.method().clone());
                let request = request.map(|body| Incoming::new(body, starter.as_ref(), &leaving, &unread));
                let unread = unread.clone();
                async move {
                    // The next request of a connection is answered in the same go otherwise, before any other connection's.
                    if pipelined {
                        tokio::task::yield_now().await;
                    }
                    let ended = request.body().answered();
                    let response = service.answer(&exchange, request).await;
                    let is_open =
                        exchange.doubt().is_none() && unread.is_read_away(|| exchange.has_whole_request()).await;
                    let mut response = match &asked {
                        Some(method) => Answer::over_http2(response, method, ended()),
                        None => Answer::over_http1(response, Unwritten(exchange.into_connection())),
                    };
                    if !is_open {
                        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
                    }
                    Ok::<_, Infallible>(response)
                }
            }
        });
        let (limits, activity) = (&self.limits, &connection.activity);
        let ended = if let Some(streams) = streams {
            let io = TokioIo::new(Watched::new(stream, activity.clone()));
            let connection = http2(limits, streams.starter()).serve_connection(io, service);
            drive(task, Box::pin(connection), Some(streams), activity, limits, &leaving).await
        } else {
            let connection = Http1::new(stream, activity.clone(), service, limits);
            drive(task, connection, None, activity, limits, &leaving).await
        };
        match ended {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                self.service.observe(ConnectionEvent::Broken);
                tracing::debug!(listener = %self.name, %peer, "connection ended: {error}");
            }
            Err(timeout) => {
                self.service.observe(ConnectionEvent::Broken);
                tracing::debug!(listener = %self.name, %peer, ?timeout, "connection cut off");
            }
        }
    }

    /// A connection ends before its time, since others need its place.
    fn gave_way(&self, seat: &Seat) {
        let event = if seat.is_connected() { ConnectionEvent::Broken } else { ConnectionEvent::Refused };
        self.service.observe(event);
    }

    fn handshake_failed(&self, peer: SocketAddr, error: &io::Error) {
        self.service.observe(ConnectionEvent::HandshakeFailed);
        if self.failed_handshakes.allows(Instant::now()) {
            tracing::info!(listener = %self.name, %peer, "handshake failed: {error}");
        }
    }

    fn tell_left_out(&self) {
        match self.failed_handshakes.take_left_out() {
            0 => {}
            left_out => {
                tracing::info!(listener = %self.name, left_out, "more handshakes failed than are told one by one")
            }
        }
    }
}

impl<'a, S: Service> Open<'a, S> {
    fn new(service: &'a S) -> Self {
        service.observe(ConnectionEvent::Opened);
        Self(service)
    }
}

impl<S: Service> Drop for Open<'_, S> {
    fn drop(&mut self) {
        self.0.observe(ConnectionEvent::Closed);
    }
}

fn http2(limits: &Limits, starter: Starter) -> http2::Builder<Starter> {
    let mut builder = http2::Builder::new(starter);
    builder
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS)
        .initial_stream_window_size(WINDOW_BYTES)
        .initial_connection_window_size(WINDOW_BYTES)
        .max_header_list_size(u32::try_from(limits.header_bytes).unwrap_or(u32::MAX))
        .max_send_buf_size(STREAM_SEND_BYTES)
        .keep_alive_interval(Some(limits.idle_time / 2))
        .keep_alive_timeout(limits.stalled_time);
    builder
}

fn notice(ended: Result<(), JoinError>) {
    if let Err(error) = ended {
        tracing::error!("a connection's task failed: {error}");
    }
}

/// A connection that was gone before it was accepted says nothing of the next one; anything else is a want of the system's.
async fn pause(listener: &str, error: &io::Error) {
    use io::ErrorKind::{ConnectionAborted, ConnectionReset};
    if !matches!(error.kind(), ConnectionAborted | ConnectionReset) {
        tracing::warn!(%listener, "cannot accept: {error}");
        tokio::time::sleep(ACCEPT_PAUSE).await;
    }
}
