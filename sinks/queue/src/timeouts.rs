//! The times of the queues, in one place.

use std::time::Duration;

/// How long a connection may take, from the name's look-up until the queue is declared.
pub const CONNECT: Duration = Duration::from_secs(5);
/// How long the server may take to confirm a message, unless the options say otherwise.
pub const CONFIRM: Duration = Duration::from_secs(10);
/// How long it may take to answer anything else.
pub const ANSWER: Duration = Duration::from_secs(5);
/// How long to wait before the first attempt to connect again; doubled each time, with up to a half at random on top.
pub const BACKOFF_FIRST: Duration = Duration::from_millis(100);
/// The longest wait between attempts to connect, without what is at random.
pub const BACKOFF_LAST: Duration = Duration::from_secs(2);
/// How often the connection's state is looked at, for what no event told.
pub const STATUS_POLL: Duration = Duration::from_secs(1);
/// Seconds after which each side sends a sign of life; after twice that without one the connection is given up.
pub const HEARTBEAT_SECONDS: u16 = 5;
