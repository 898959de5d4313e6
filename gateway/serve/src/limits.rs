//! Every limit of serving, in one place: those that a server is given, and the fixed ones.

use std::time::Duration;

/// What a server takes from all its callers together, and how long it waits for any of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections at one time, over all listeners, of which each address has its [share](crate::Shares); further ones
    /// are closed at once, but that one that is idle gives way to an address that has none.
    pub connections: usize,
    /// Largest request head, in bytes.
    pub header_bytes: usize,
    /// How long a TLS handshake may take.
    pub handshake_time: Duration,
    /// How long a request's head may take, from its first byte.
    pub header_time: Duration,
    /// How long a connection may stand idle between requests.
    pub idle_time: Duration,
    /// How long a reader may take nothing of a reply that is ready for it, and by how much it may fall behind
    /// [`READ_RATE`].
    pub stalled_time: Duration,
    /// How long what is in flight may still take once the server is told to stop.
    pub shutdown_time: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 4096,
            header_bytes: 32 * 1024,
            handshake_time: Duration::from_secs(10),
            header_time: Duration::from_secs(10),
            idle_time: Duration::from_secs(75),
            stalled_time: Duration::from_secs(30),
            shutdown_time: Duration::from_secs(20),
        }
    }
}

impl Limits {
    /// What a connection may hold of what its caller sends before any of it is a request, in bytes: of HTTP/1.1 a head, of
    /// HTTP/2 its windows too.
    #[must_use]
    pub fn connection_bytes(&self, h2: bool) -> usize {
        self.header_bytes.max(BUFFER_BYTES) + if h2 { WINDOW_BYTES as usize } else { 0 }
    }
}

/// What is looked at of a line of a request's head to see how its message is framed, in bytes.
pub const FIELD_BYTES: usize = 256;
/// Header fields of one request.
pub const HEADERS: usize = 100;
/// The least that a connection of HTTP/1.1 may hold of what it reads, in bytes, however small a head may be.
pub const BUFFER_BYTES: usize = 8 * 1024;
/// Connections that the system may keep waiting until a listener accepts them.
pub const BACKLOG: i32 = 1024;
/// How many connections are looked at to find the one that has been idle for longest and gives way to a newcomer.
pub const IDLE_LOOKED_AT: usize = 64;
/// TLS handshakes at one time, over all listeners; further ones wait, as part of their time. One counts from its first byte on.
pub const HANDSHAKES: usize = 256;
/// The part of its time after which a handshake counts no more: one of so many. What it costs, it has cost by then; what it waits
/// for is its caller.
pub const HANDSHAKE_PART: u32 = 10;
/// How long a TLS session may be resumed, from its full handshake: for so long a client goes unnoticed whose certificate has
/// expired meanwhile, or is no longer vouched for.
pub const TICKET_TIME: Duration = Duration::from_secs(60 * 60);
/// How long session tickets are made by one key. It is known for [`TICKET_TIME`] more, and kept nowhere but in memory.
pub const TICKET_KEY_TIME: Duration = Duration::from_secs(60 * 60);
/// Requests at one time on one connection of HTTP/2.
pub const STREAMS: u32 = 32;
/// Requests of one connection of HTTP/2 that are worked on before other connections have their turn.
pub const STREAMS_A_TURN: usize = 4;
/// What a caller may send on one connection of HTTP/2 before anybody reads it, in bytes.
pub const WINDOW_BYTES: u32 = 128 * 1024;
/// What a request of HTTP/2 may have waiting to be sent, in bytes.
pub const STREAM_SEND_BYTES: usize = 64 * 1024;
/// What a whole body is handed on in, in bytes.
pub const PIECE_BYTES: usize = 16 * 1024;
/// How long a connection of HTTP/1.1 keeps its buffers once its caller is waited for.
pub const SETTLED_TIME: Duration = Duration::from_secs(1);
/// What the system may keep of what is sent on a connection before the network takes it, in bytes: so little that a
/// reader's pace is seen.
pub const UNSENT_BYTES: u32 = 64 * 1024;
/// How fast a reader must at least take what is ready for it, in bytes a second.
pub const READ_RATE: u64 = 1024;
/// How long a caller of HTTP/1.1 that has ended its side is waited on: one that is gone altogether looks the same.
pub const HALF_CLOSED_TIME: Duration = Duration::from_secs(5);
/// What is read away of a body that nobody reads, in bytes, so that its caller sees the answer: more than a body has that
/// is only somewhat too large, as many callers look for an answer behind all that they send.
pub const REST_BYTES: usize = 64 * 1024 * 1024;
/// The same over HTTP/1.1, where all of the body has come already.
pub const REST_HTTP1_BYTES: usize = 1024 * 1024;
/// How long a connection or stream whose caller still sends a body that nobody reads is kept once it is answered.
pub const REST_TIME: Duration = Duration::from_secs(2);
/// How long a listener rests after the system refused it a connection, such as for want of file descriptors.
pub const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// Lines of the log about failed handshakes that one listener writes at once.
pub const FAILED_HANDSHAKE_LINES: u32 = 10;
/// The pause until it may write one more, and between two that say how many were left out.
pub const FAILED_HANDSHAKE_PAUSE: Duration = Duration::from_secs(1);
/// The shortest and the longest pause between two checks of whether a connection has timed out.
pub const CHECK_PAUSE: (Duration, Duration) = (Duration::from_millis(20), Duration::from_secs(5));
