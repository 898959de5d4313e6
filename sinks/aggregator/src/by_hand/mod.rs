//! What an operator does to partitions by hand, while no aggregator runs: correcting a clock, recovering a lost checkpoint.

mod correct;
mod hold;
mod recover;

pub use correct::{Correcting, correct, find_wrong_times};
pub use hold::{Held, hold};
pub use recover::{Recovery, Source, plan_recovery};

use tallygate_stream::StreamError;
use tallygate_sums::SumsError;

/// Why nothing was done.
#[derive(Debug, thiserror::Error)]
pub enum ByHandError {
    /// The stream does not answer, or refused.
    #[error(transparent)]
    Stream(#[from] StreamError),
    /// The store does not answer.
    #[error(transparent)]
    Store(#[from] SumsError),
    /// It must not be done.
    #[error("{0}")]
    Refused(String),
}
