//! An option of the queue that cannot work.

use crate::port::QueueError;

/// An option that cannot work.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{option}: {problem}")]
pub struct BadOption {
    /// The field of [`AmqpOptions`](super::AmqpOptions).
    pub option: &'static str,
    /// What is wrong and what would be right.
    pub problem: String,
}

impl From<BadOption> for QueueError {
    fn from(bad: BadOption) -> Self {
        Self::Refused(bad.problem)
    }
}
