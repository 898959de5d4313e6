//! The sizes of the shipper, in one place.

/// Messages leased at a time, unless the options say otherwise; a queue may lease fewer.
pub const PREFETCH: u16 = 4096;
/// Most messages of one append.
pub const BATCH_MESSAGES: usize = 1024;
/// Messages on their way from which on further ones are gathered.
pub const GATHER_MESSAGES: usize = 200;
/// Bytes from which on an append takes no further message; the records of a message always go together.
pub const BATCH_BYTES: usize = 1024 * 1024;
/// Appends on the way at once, one of what was held up among them.
pub const APPENDS_IN_FLIGHT: usize = 8;
/// Bytes on the way from which on no further append begins.
pub const IN_FLIGHT_BYTES: usize = 16 * 1024 * 1024;
/// Most records of one call of the stream. The records of a message of small transactions are ten times larger than it,
/// so they are made a piece at a time.
pub const PIECE_RECORDS: usize = 1024;
/// Bytes of keys and values from which on a piece takes no further record.
pub const PIECE_BYTES: usize = 1024 * 1024;
/// Messages held up from which on nothing is received: few of what may be leased, so that others find room.
pub const HELD_UP_MESSAGES: usize = 128;
/// Their bytes, likewise.
pub const HELD_UP_BYTES: usize = 16 * 1024 * 1024;
/// Refused messages from which on the oldest of those that are held up are parked.
pub const REFUSED_MESSAGES: usize = 32;
/// Their bytes, likewise.
pub const REFUSED_BYTES: usize = 4 * 1024 * 1024;
/// Parked messages that are tried at a time.
pub const PARKED_AT_ONCE: u16 = 16;
/// Parked messages that are tried in a turn, unless some are shipped.
pub const PARKED_A_TURN: usize = 256;
/// Their bytes from which on it is enough for a turn.
pub const PARKED_A_TURN_BYTES: usize = 16 * 1024 * 1024;
/// Most sentences that a shipper tells of its troubles.
pub const TROUBLES: usize = 8;
/// The largest record of what does not read, so that it fits the stream; more of it goes into further records.
pub const UNREADABLE_BYTES: usize = 512 * 1024;
