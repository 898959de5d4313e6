//! The sizes and times of the shipper, in one place.

use std::time::Duration;

/// Messages leased at a time, unless the options say otherwise.
pub const PREFETCH: u16 = 1024;
/// Most messages of one append.
pub const BATCH_MESSAGES: usize = 256;
/// Bytes from which on an append takes no further message; the records of a message always go together.
pub const BATCH_BYTES: usize = 1024 * 1024;
/// Appends on the way at once.
pub const FLIGHTS: usize = 8;
/// Bytes on the way from which on no further append begins.
pub const FLYING_BYTES: usize = 16 * 1024 * 1024;
/// How much is kept of a message that does not read, so that its record fits the stream.
pub const UNREADABLE_BYTES: usize = 512 * 1024;

/// The first wait before an attempt is made again; doubled each time.
pub const BACKOFF_FIRST: Duration = Duration::from_millis(50);
/// The longest wait between attempts.
pub const BACKOFF_LAST: Duration = Duration::from_secs(5);
/// How long messages stay leased while the stream takes nothing. Then they go back and are leased again when it answers:
/// RabbitMQ ends a consumer that holds a message for 30 minutes.
pub const LEASE_PATIENCE: Duration = Duration::from_secs(5 * 60);
/// How long a stopping shipper waits for what is on the way; the rest goes back.
pub const STOP: Duration = Duration::from_secs(10);
/// How often the queue's depth is asked for.
pub const BACKLOG: Duration = Duration::from_secs(5);
