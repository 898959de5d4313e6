//! The sizes of the queues, in one place.

/// Bytes of messages that may be on their way to a server; further publishers wait.
pub const IN_FLIGHT_BYTES: usize = 32 * 1024 * 1024;
/// What each of them counts at least, which bounds their number to 8,192.
pub const IN_FLIGHT_LEAST: usize = 4 * 1024;
/// Bytes from which on the embedded queue's `receive` takes no further message.
pub const RECEIVE_BYTES: usize = 16 * 1024 * 1024;

/// Bytes that a consumer of a server may have read and not settled, beyond which it reads no further; one message and some
/// frames may come on top. More than the largest messages of the least prefetch, or it would never be read again.
pub const CONSUMER_BYTES: usize = 40 * 1024 * 1024;
/// Bytes of messages that a server is to send ahead.
pub const PREFETCH_BYTES: usize = 32 * 1024 * 1024;
/// Messages that it may send ahead at most, beside those that it sent while it was allowed fewer. A quorum queue reads and sends as
/// many at one go as were settled, and publishers wait for their confirms meanwhile: with 4,096 for seconds.
pub const PREFETCH_MOST: u16 = 256;
/// Messages of a server that are acknowledged at one time: beside a long backlog a publisher's confirm takes 14 ms with so few, and 48
/// with 256; with half as many, what is worked off in a second is nearly half as much.
pub const ACKNOWLEDGED_AT_ONCE: usize = 32;
/// Messages that it may always send ahead: together the largest are no more than that.
pub const PREFETCH_LEAST: u16 = 4;
/// Messages that it may send ahead while nobody knows how large they are.
pub const PREFETCH_FIRST: u16 = 128;
/// Over how many messages, about, their mean size goes.
pub const PREFETCH_MEAN: usize = 32;

/// Channels for publishing on one connection: the server confirms each on its own.
pub const CHANNELS: usize = 4;
/// Messages that a channel takes up at once.
pub const CHANNEL_BATCH: usize = 64;
/// Most bytes of the server's greeting that are read for its version.
pub const GREETING_BYTES: usize = 64 * 1024;
/// Longest name of a queue, in bytes (AMQP 0-9-1, short string).
pub const QUEUE_NAME_BYTES: usize = 255;

/// The size of a segment of the embedded queue's log, which is set aside when it is begun: more than the largest message.
pub const SEGMENT_BYTES: u64 = 16 * 1024 * 1024;
/// Bytes of a segment that are removed at one time.
pub const REMOVED_AT_ONCE: u64 = 1024 * 1024;
/// Zeros that the embedded queue writes with a group, behind it, where nothing was written before: many of the next groups then
/// stand in blocks that the file system knows as written.
pub const WRITTEN_AHEAD: u64 = 512 * 1024;
/// Bytes from which on the embedded queue takes no further message into a commit.
pub const COMMIT_BYTES: usize = 4 * 1024 * 1024;
/// What it keeps of the memory of a commit for the next one.
pub const GROUP_BUFFER_BYTES: usize = 4 * 1024 * 1024;
/// Bytes of the last messages that it keeps in memory until they are received.
pub const RECENT_BYTES: usize = 8 * 1024 * 1024;
/// The size from which on the file of acknowledgements is begun anew.
pub const ACK_FILE_BYTES: u64 = 1024 * 1024;
/// Readers that may wait for its disk at one time.
pub const READERS: usize = 4;
/// Bytes that are read of a segment at one time, at least.
pub const READ_BYTES: usize = 128 * 1024;
/// Most segments that one `receive` reads.
pub const READ_SEGMENTS: usize = 4;
/// Most messages that are taken over at one time from the file of an earlier release.
pub const TAKEN_OVER_AT_ONCE: u16 = 1024;
