//! Why nothing could be said.

use tallygate_stream::StreamError;
use tallygate_sums::SumsError;

use crate::limits::RECONCILED_MESSAGES;

/// Why nothing could be said.
#[derive(Debug, thiserror::Error)]
pub enum ReconcileError {
    /// A journal cannot be opened.
    #[error("journal: {0}")]
    Journal(String),
    /// There is more than is held at one time.
    #[error(
        "the journals hold more than {RECONCILED_MESSAGES} messages; reconcile a single day, or remove journals older than the log"
    )]
    TooMany,
    /// The queue's depth is not known.
    #[error("{0}")]
    Queue(String),
    /// The stream does not answer.
    #[error(transparent)]
    Stream(#[from] StreamError),
    /// The store does not answer.
    #[error(transparent)]
    Sums(#[from] SumsError),
}
