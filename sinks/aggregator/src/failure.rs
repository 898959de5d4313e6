//! Why a membership ended.

use tallygate_stream::StreamError;
use tallygate_sums::{Foreign, SumsError};
use tokio::task::JoinError;

use crate::local_state::Lost;

/// Why a membership ended.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error(transparent)]
    Stream(#[from] StreamError),
    #[error(transparent)]
    Store(#[from] SumsError),
    #[error(transparent)]
    State(#[from] Lost),
    #[error(transparent)]
    Foreign(#[from] Foreign),
    #[error("{0}")]
    Again(&'static str),
    #[error("a task ended: {0}")]
    Task(#[from] JoinError),
}

impl Failure {
    pub(crate) fn is_retryable(&self) -> bool {
        match self {
            Self::Stream(error) => error.is_retryable(),
            Self::Store(error) => error.is_retryable(),
            Self::State(_) | Self::Again(_) => true,
            Self::Foreign(_) | Self::Task(_) => false,
        }
    }

    /// Whether trying again would be wrong even once.
    pub(crate) fn is_final(&self) -> bool {
        matches!(self, Self::Foreign(_))
    }
}
