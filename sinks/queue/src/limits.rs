//! The sizes of the queues, in one place.

/// Bytes of messages that may be on their way to a server; further publishers wait.
pub const IN_FLIGHT_BYTES: usize = 32 * 1024 * 1024;
/// What each of them counts at least, which bounds their number to 8,192.
pub const IN_FLIGHT_LEAST: usize = 4 * 1024;
/// Bytes from which on the embedded queue's `receive` takes no further message.
pub const RECEIVE_BYTES: usize = 16 * 1024 * 1024;

/// Channels for publishing on one connection: the server confirms each on its own.
pub const CHANNELS: usize = 4;
/// Messages that a channel takes up at once.
pub const CHANNEL_BATCH: usize = 64;
/// Most bytes of the server's greeting that are read for its version.
pub const GREETING_BYTES: usize = 64 * 1024;
/// Longest name of a queue, in bytes (AMQP 0-9-1, short string).
pub const QUEUE_NAME_BYTES: usize = 255;
