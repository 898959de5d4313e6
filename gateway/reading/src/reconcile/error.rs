//! Why nothing could be said.

use tallygate_stream::StreamError;
use tallygate_sums::SumsError;

use super::numbers::{NO_SUCH_NUMBER, NoSuchNumber};

/// Why nothing could be said.
#[derive(Debug, thiserror::Error)]
pub enum ReconcileError {
    /// A journal cannot be opened.
    #[error("journal: {0}")]
    Journal(String),
    /// A message or record bears what cannot be its number.
    #[error("{0}, {NO_SUCH_NUMBER}")]
    Number(String),
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

impl From<NoSuchNumber> for ReconcileError {
    fn from(NoSuchNumber(number): NoSuchNumber) -> Self {
        Self::Number(number.to_string())
    }
}
