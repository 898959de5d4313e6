//! Every limit of the partners' side, in one place: those an operator sets, with their defaults, and the fixed ones.

use std::time::Duration;

use crate::memory::largest_body;
use crate::options::RouteLimits;

/// What one gateway takes from all its callers together, and how long it waits for any of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Largest request head, in bytes.
    pub header_bytes: usize,
    /// Largest request body, in bytes.
    pub body_bytes: usize,
    /// The memory that requests may need together, in bytes: heads, bodies, what policies hold and make of them, replies
    /// that are not read yet, the windows of HTTP/2. Each caller has its share; beyond it, a request gets 503.
    pub held_bytes: usize,
    /// How long a TLS handshake may take.
    pub handshake_time: Duration,
    /// How long a request's head may take, from its first byte.
    pub header_time: Duration,
    /// How long a request's body may take; one that drips is cut before, see [`BODY_RATE`].
    pub body_time: Duration,
    /// How long a connection may stand idle between requests.
    pub idle_time: Duration,
    /// How long a reader may take nothing of a reply that is ready for it.
    pub stalled_time: Duration,
    /// Connections at one time, over all listeners, of which each address has its share; further ones are closed at
    /// once.
    pub connections: usize,
    /// Requests at one time, over all routes, of which each caller has its share; further ones get 503.
    pub requests: usize,
    /// How long the gateway itself may take over a request: waiting for policies, for its turn there, and for the queue.
    /// What the body takes to arrive and an upstream to answer have limits of their own and do not count, nor does a body
    /// that is streamed. Beyond it, the request gets 503.
    pub request_time: Duration,
    /// How long the queue may take to confirm a message; then it is 503.
    pub queue_time: Duration,
    /// How long an upstream may take to accept a connection.
    pub connect_time: Duration,
    /// How long an upstream may be silent, where it says nothing itself: until its response begins, while it takes nothing of
    /// the body, and between one piece of its response and the next. What the caller takes to send does not count.
    pub response_time: Duration,
    /// How long requests in flight may still take once the gateway is told to stop.
    pub shutdown_time: Duration,
    /// What a caller that got 503 is told to wait.
    pub retry_after: Duration,
    /// How long the journal may take to have a message's line; then it is 503, and the line may be written all the same.
    pub journal_time: Duration,
    /// How many days a file of the journal is kept behind its own.
    pub journal_days: u32,
    /// What all files of the journal may come to, in bytes; beyond it, messages get 503.
    pub journal_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            header_bytes: 32 * 1024,
            body_bytes: tallygate_core::limits::MESSAGE_BYTES,
            held_bytes: 384 * 1024 * 1024,
            handshake_time: Duration::from_secs(10),
            header_time: Duration::from_secs(10),
            body_time: Duration::from_secs(30),
            idle_time: Duration::from_secs(75),
            stalled_time: Duration::from_secs(30),
            connections: 4096,
            requests: 1024,
            request_time: Duration::from_secs(30),
            queue_time: Duration::from_secs(10),
            connect_time: Duration::from_secs(3),
            response_time: Duration::from_secs(60),
            shutdown_time: Duration::from_secs(20),
            retry_after: Duration::from_secs(5),
            journal_time: Duration::from_secs(10),
            journal_days: 40,
            journal_bytes: 16 * 1024 * 1024 * 1024,
        }
    }
}

/// What a body may be on one route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BodyLimits {
    /// Its bytes.
    pub(crate) bytes: usize,
    /// Its bytes where a policy reads it: no more than could ever be held.
    pub(crate) whole_bytes: usize,
    /// How long it may take.
    pub(crate) time: Duration,
}

impl Limits {
    /// Those of a route's bodies.
    pub(crate) fn body(&self, own: &RouteLimits) -> BodyLimits {
        let bytes = own.body_bytes.unwrap_or(self.body_bytes);
        // A quarter is never lent, and the caller's connection needs some.
        let lent = (self.held_bytes / 4 * 3).saturating_sub(self.serving().connection_bytes(true));
        BodyLimits { bytes, whole_bytes: bytes.min(largest_body(lent)), time: own.body_time.unwrap_or(self.body_time) }
    }

    /// Those of them that hold for connections.
    pub(crate) fn serving(&self) -> tallygate_serve::Limits {
        tallygate_serve::Limits {
            connections: self.connections,
            header_bytes: self.header_bytes,
            handshake_time: self.handshake_time,
            header_time: self.header_time,
            idle_time: self.idle_time,
            stalled_time: self.stalled_time,
            shutdown_time: self.shutdown_time,
        }
    }
}

/// What each request needs besides what its body makes it need, in bytes: its head, and what a policy holds for a small
/// one.
pub const REQUEST_BYTES: usize = 64 * 1024;
/// How many times its length a body may need: itself, its copy in a policy and what that makes of it, the transactions and
/// the message for the queue.
pub const BODY_TIMES: usize = 4;
/// What a reply needs besides its body, in bytes.
pub const REPLY_BYTES: usize = 4 * 1024;
/// What is reserved first for a body whose length is not announced, in bytes of it; then twice as much, and so on.
pub const BODY_STEP_BYTES: usize = 64 * 1024;
/// How long a body that is held until it is whole may take without sending anything.
pub const BODY_GRACE: Duration = Duration::from_secs(5);
/// How fast such a body must come after that, in bytes a second.
pub const BODY_RATE: u64 = 1024;
/// What a body that is passed on as it comes, to an upstream or from it, needs in all, in bytes.
pub const STREAMED_BYTES: usize = 128 * 1024;
/// How many refusals that no policy has handled may be in policies at one time; further ones are plain problem documents.
pub const FAULTS: usize = 64;
/// How long such a refusal in a partner's protocol is kept, for all to whom the same would be said.
pub const FAULT_TERM: Duration = Duration::from_secs(1);
/// How many of them may be made anew in that time, so that refusing costs less than serving; further ones are plain.
pub const FAULTS_A_TERM: usize = 256;
/// How many of those may be made for one partner or address.
pub const FAULTS_A_TERM_FOR_ONE: usize = 32;
/// The largest one that is kept, in bytes.
pub const FAULT_KEPT_BYTES: usize = 16 * 1024;
/// How long policies may take altogether to put a refusal into the partner's protocol; then it is a plain one.
pub const FAULT_TIME: Duration = Duration::from_secs(5);
/// What a message's head may need of a queue message at most, in bytes: names escaped as JSON, number and trace context.
pub const HEAD_BYTES: usize = 8 * 1024;
/// What a caller may put into its line of the log at one place, such as the path, in bytes; beyond it, it is cut.
pub const LOGGED_BYTES: usize = 1024;
/// What of transactions is checked and encoded where requests are served, in bytes as estimated; what is more is done on
/// threads for slow work.
pub const TRANSACTIONS_AT_ONCE_BYTES: usize = 128 * 1024;
/// Batches that may be under way there at one time.
pub const PREPARING: usize = 64;
/// What a transaction counts there, its attributes apart.
pub const TRANSACTION_LEAST_BYTES: usize = 256;
/// What a connection to an upstream may hold of what comes or goes, in bytes; a response's head has to fit into it.
pub const UPSTREAM_BUFFER_BYTES: usize = 64 * 1024;
/// Idle connections kept to one upstream target.
pub const UPSTREAM_IDLE: usize = 64;
/// Versions of one policy that are kept.
pub const POLICY_VERSIONS: usize = 256;
/// Earlier activations that are remembered for going back.
pub const POLICY_HISTORY: usize = 32;
/// The fewest hexadecimal digits that pin a version.
pub const VERSION_PREFIX: usize = 8;
/// Of what the journal's files may come to, how much in percent the operator is told of.
pub const JOURNAL_NEARLY_FULL_PERCENT: u32 = 80;
/// How often the journal's files are looked after while nothing is written.
pub const JOURNAL_LOOK_EVERY: Duration = Duration::from_secs(2);
/// Most lines of the journal that are written at one time: bounds how long the first of them waits for the last.
pub const JOURNAL_GROUP_LINES: usize = 256;
/// Bytes of lines that may wait to be written, their requests waiting or not; further ones wait to hand theirs over.
pub const JOURNAL_WAITING_BYTES: usize = 16 * 1024 * 1024;
/// What each of them counts at least, which bounds their number to 16,384.
pub const JOURNAL_WAITING_LEAST_BYTES: usize = 1024;
/// The longest line of the journal that is read, in bytes.
pub const JOURNAL_LINE_BYTES: usize = 16 * 1024 * 1024;
