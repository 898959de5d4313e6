//! One connection: what is known of its caller, what it is doing, and when it has stalled for too long.

use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use hyper_util::server::graceful::GracefulConnection;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_util::sync::CancellationToken;

use crate::access::Certificate;
use crate::limits::{LOOK, Limits};

/// A connection, as its requests and its driver share it.
pub(crate) struct Connection {
    pub(crate) peer: SocketAddr,
    /// The listener's place.
    pub(crate) listener: usize,
    pub(crate) secure: bool,
    pub(crate) certificate: Certificate,
    born: Instant,
    requests: AtomicUsize,
    /// HTTP/2 tells requests apart by itself; bytes between them may be anything.
    multiplexed: AtomicBool,
    /// When the last request ended. This and the other times are in milliseconds since the connection's birth, plus 1; 0
    /// is never.
    quiet: AtomicU64,
    /// When the head that is being received began.
    head: AtomicU64,
    /// Since when the caller has taken nothing of what is written.
    blocked: AtomicU64,
    pulls: Mutex<Vec<Weak<Pull>>>,
}

/// A request in progress on a connection; dropped when its reply is out of our hands.
pub(crate) struct Busy(Arc<Connection>);

/// A streamed reply's last move: when a piece was handed to the caller's side, 0 while the upstream is waited for.
#[derive(Debug, Default)]
pub(crate) struct Pull(AtomicU64);

/// A socket whose stalls its connection notices.
pub(crate) struct Watched<S> {
    socket: S,
    connection: Arc<Connection>,
}

/// Why a driver let go of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cut {
    /// The caller took nothing of a reply.
    Stalled,
    /// A request's head did not arrive in time.
    SlowHead,
    /// Nothing happened, and it did not end when asked.
    Idle,
}

enum Look {
    Fine,
    Drain,
    Cut(Cut),
}

impl Connection {
    pub(crate) fn new(peer: SocketAddr, listener: usize, secure: bool, certificate: Certificate) -> Arc<Self> {
        Arc::new(Self {
            peer,
            listener,
            secure,
            certificate,
            born: Instant::now(),
            requests: AtomicUsize::new(0),
            multiplexed: AtomicBool::new(false),
            quiet: AtomicU64::new(1),
            // The first head is due from the beginning.
            head: AtomicU64::new(1),
            blocked: AtomicU64::new(0),
            pulls: Mutex::default(),
        })
    }

    pub(crate) fn set_multiplexed(&self) {
        self.multiplexed.store(true, Ordering::Relaxed);
    }

    /// A request's head has arrived.
    pub(crate) fn begin(self: &Arc<Self>) -> Busy {
        self.requests.fetch_add(1, Ordering::Relaxed);
        self.head.store(0, Ordering::Relaxed);
        Busy(self.clone())
    }

    fn now(&self) -> u64 {
        self.born.elapsed().as_millis() as u64 + 1
    }

    fn look(&self, limits: &Limits) -> Look {
        let now = self.now();
        let over =
            |since: u64, limit: Duration| since != 0 && u128::from(now.saturating_sub(since)) > limit.as_millis();
        let mut pulls = self.pulls.lock().unwrap_or_else(PoisonError::into_inner);
        pulls.retain(|pull| pull.strong_count() > 0);
        let pull_stalled = pulls
            .iter()
            .filter_map(Weak::upgrade)
            .any(|pull| over(pull.0.load(Ordering::Relaxed), limits.stalled_time));
        drop(pulls);
        if pull_stalled || over(self.blocked.load(Ordering::Relaxed), limits.stalled_time) {
            return Look::Cut(Cut::Stalled);
        }
        if over(self.head.load(Ordering::Relaxed), limits.header_time) {
            return Look::Cut(Cut::SlowHead);
        }
        let quiet = self.quiet.load(Ordering::Relaxed);
        if self.requests.load(Ordering::Relaxed) == 0 && over(quiet, limits.idle_time) {
            if over(quiet, limits.idle_time + limits.stalled_time) {
                return Look::Cut(Cut::Idle);
            }
            return Look::Drain;
        }
        Look::Fine
    }
}

impl Busy {
    /// Watches a streamed reply of this request.
    pub(crate) fn pull(&self) -> Arc<Pull> {
        let pull = Arc::new(Pull::default());
        let mut pulls = self.0.pulls.lock().unwrap_or_else(PoisonError::into_inner);
        pulls.push(Arc::downgrade(&pull));
        pull
    }

    /// The upstream gave a piece, or has none yet.
    pub(crate) fn note(&self, pull: &Pull, given: bool) {
        pull.0.store(if given { self.0.now() } else { 0 }, Ordering::Relaxed);
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.quiet.store(self.0.now(), Ordering::Relaxed);
        self.0.requests.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Drives a connection to its end: the caller's, the gateway's, or that of anyone's patience.
pub(crate) async fn drive<C>(
    connection: C,
    state: &Connection,
    limits: &Limits,
    stopping: &CancellationToken,
) -> Result<Result<(), C::Error>, Cut>
where
    C: GracefulConnection,
{
    let mut connection = pin!(connection);
    let shortest = limits.header_time.min(limits.idle_time).min(limits.stalled_time);
    let mut looks = tokio::time::interval((shortest / 4).clamp(LOOK.0, LOOK.1));
    looks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut stopped = pin!(stopping.cancelled());
    let mut draining = false;
    loop {
        let drain = tokio::select! {
            biased;
            end = connection.as_mut() => return Ok(end),
            () = &mut stopped, if !draining => true,
            _ = looks.tick() => match state.look(limits) {
                Look::Fine => false,
                Look::Drain => !draining,
                Look::Cut(why) => return Err(why),
            },
        };
        if drain {
            draining = true;
            connection.as_mut().graceful_shutdown();
        }
    }
}

impl<S> Watched<S> {
    pub(crate) fn new(socket: S, connection: Arc<Connection>) -> Self {
        Self { socket, connection }
    }

    fn wrote<T>(&self, result: Poll<T>) -> Poll<T> {
        let blocked = &self.connection.blocked;
        if result.is_ready() {
            if blocked.load(Ordering::Relaxed) != 0 {
                blocked.store(0, Ordering::Relaxed);
            }
        } else if blocked.load(Ordering::Relaxed) == 0 {
            blocked.store(self.connection.now(), Ordering::Relaxed);
        }
        result
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let result = Pin::new(&mut self.socket).poll_read(context, buffer);
        let state = &self.connection;
        if buffer.filled().len() > before
            && state.requests.load(Ordering::Relaxed) == 0
            && state.head.load(Ordering::Relaxed) == 0
            && !state.multiplexed.load(Ordering::Relaxed)
        {
            state.head.store(state.now(), Ordering::Relaxed);
        }
        result
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.socket).poll_write(context, bytes);
        self.wrote(result)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.socket).poll_write_vectored(context, pieces);
        self.wrote(result)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let result = Pin::new(&mut self.socket).poll_flush(context);
        self.wrote(result)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let result = Pin::new(&mut self.socket).poll_shutdown(context);
        self.wrote(result)
    }
}
