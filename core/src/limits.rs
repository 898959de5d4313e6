//! Every limit that a transaction, a message or a row must keep, in one place.
//!
//! They are what queue, stream and store can hold, so that nothing acknowledged is refused later.

/// Longest id, key, type, partner, policy or attribute name, in bytes of UTF-8. None of them may be empty.
pub const NAME_BYTES: usize = 256;
/// Largest normalised transaction, in bytes of its JSON.
pub const TRANSACTION_BYTES: usize = 64 * 1024;
/// Largest queue message, in bytes.
pub const MESSAGE_BYTES: usize = 8 * 1024 * 1024;
/// Most digits before the decimal point of an amount.
pub const INTEGER_DIGITS: usize = 18;
/// Most digits after the decimal point of an amount, and the scale of every sum.
pub const FRACTION_DIGITS: usize = 9;
