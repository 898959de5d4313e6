//! The times of the shipper, in one place.

use std::time::Duration;

/// Between two looks at the queue while much comes.
pub const GATHER: Duration = Duration::from_millis(5);
/// How long it is waited for what takes the place of messages that were acknowledged, before the next are.
pub const STRIDE: Duration = Duration::from_millis(3);
/// The first wait before an attempt is made again; doubled each time.
pub const BACKOFF_FIRST: Duration = Duration::from_millis(50);
/// The longest wait between attempts.
pub const BACKOFF_LAST: Duration = Duration::from_secs(5);
/// After which a record that was refused is tried again: somebody may have changed something.
pub const REFUSED_AGAIN: Duration = Duration::from_secs(60);
/// After which messages that could not be parked are tried to be parked again.
pub const PARK_AGAIN: Duration = Duration::from_secs(5);
/// How long parked messages are waited for that are there; another shipper may have leased them.
pub const PARKED_QUIET: Duration = Duration::from_secs(2);
/// How long messages stay leased of which the stream does not take all, while it takes others. Then they go back, are leased
/// again at once, and appended once more: RabbitMQ ends a consumer that holds a message for 30 minutes.
pub const HELD_UP: Duration = Duration::from_secs(20 * 60);
/// How long a shipper stands that met a message of another release, before it looks again.
pub const STAND: Duration = Duration::from_secs(60);
/// How long messages stay leased while the stream takes nothing. Then they go back and are leased again when it answers:
/// RabbitMQ ends a consumer that holds a message for 30 minutes.
pub const LEASE: Duration = Duration::from_secs(5 * 60);
/// After which a stream that took nothing is tried once more though it does not answer.
pub const LOOK_AGAIN: Duration = Duration::from_secs(10 * 60);
/// How long a stopping shipper waits for what is on the way; the rest goes back.
pub const STOP: Duration = Duration::from_secs(10);
/// How often the queue's depth is asked for.
pub const BACKLOG: Duration = Duration::from_secs(5);
/// How often at most it is told how many messages are held.
pub const TELL_PAUSE: Duration = Duration::from_millis(500);
/// How long a figure stands before it is told again, beyond that pause, while anything is held.
pub const TELL_AGAIN: Duration = Duration::from_secs(1);
/// How long telling may take.
pub const TELL: Duration = Duration::from_secs(2);
