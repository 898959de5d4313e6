//! What is known of a caller's connection: where it came in, and whose certificate it shows.

use tallygate_serve::Share;

use crate::access::Certificate;

/// A connection, as its requests share it.
pub(crate) struct Connection {
    /// The listener's index.
    pub(crate) listener: usize,
    pub(crate) secure: bool,
    pub(crate) certificate: Certificate,
    /// The memory that it may need by itself.
    pub(crate) _memory: Share,
}
