//! The sizes and times of the queues, in one place.

use std::time::Duration;

/// Bytes of published messages that may wait to become durable; further publishers wait.
pub const IN_FLIGHT_BYTES: usize = 32 * 1024 * 1024;
/// What each of them counts at least, which bounds their number to 8,192.
pub const IN_FLIGHT_LEAST: usize = 4 * 1024;
/// Bytes from which on the embedded queue's `receive` takes no further message.
pub const RECEIVE_BYTES: usize = 16 * 1024 * 1024;

/// Channels for publishing on one connection: the server confirms each on its own.
pub const CHANNELS: usize = 4;
/// Messages that a channel takes up at once.
pub const CHANNEL_BATCH: usize = 64;
/// How long a connection may take, from the name's look-up until the queue is declared.
pub const CONNECT: Duration = Duration::from_secs(5);
/// How long the server may take to confirm a message, unless the options say otherwise.
pub const CONFIRM: Duration = Duration::from_secs(10);
/// How long it may take to answer anything else.
pub const ANSWER: Duration = Duration::from_secs(5);
/// How long to wait before the first attempt to connect again; doubled each time, with up to a half at random on top.
pub const BACKOFF_FIRST: Duration = Duration::from_millis(100);
/// The longest wait between attempts to connect.
pub const BACKOFF_LAST: Duration = Duration::from_secs(2);
/// How often the connection's state is looked at, for what no event told.
pub const LOOK: Duration = Duration::from_secs(1);
/// Seconds after which each side sends a sign of life; after twice that without one the connection is given up.
pub const HEARTBEAT_SECONDS: u16 = 5;
/// Most bytes of the server's greeting that are read for its version.
pub const GREETING_BYTES: usize = 64 * 1024;
/// Longest name of a queue, in bytes (AMQP 0-9-1, short string).
pub const QUEUE_NAME_BYTES: usize = 255;
