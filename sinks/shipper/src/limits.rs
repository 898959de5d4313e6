//! The sizes of the shipper, in one place.

/// Messages leased at a time, unless the options say otherwise.
pub const PREFETCH: u16 = 1024;
/// Most messages of one append.
pub const BATCH_MESSAGES: usize = 256;
/// Bytes from which on an append takes no further message; the records of a message always go together.
pub const BATCH_BYTES: usize = 1024 * 1024;
/// Appends on the way at once.
pub const APPENDS_IN_FLIGHT: usize = 8;
/// Bytes on the way from which on no further append begins.
pub const IN_FLIGHT_BYTES: usize = 16 * 1024 * 1024;
/// How much is kept of a message that does not read, so that its record fits the stream.
pub const UNREADABLE_BYTES: usize = 512 * 1024;
