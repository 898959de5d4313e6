//! An option of the store that cannot work.

use crate::port::SumsError;

/// An option that cannot work.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{option}: {problem}")]
pub struct BadOption {
    /// The field of [`CassandraOptions`](super::CassandraOptions), with the place in it where it is a list.
    pub option: String,
    /// What is wrong and what would be right.
    pub problem: String,
}

impl From<BadOption> for SumsError {
    fn from(bad: BadOption) -> Self {
        Self::Refused(bad.to_string())
    }
}
