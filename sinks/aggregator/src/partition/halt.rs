//! Why a record was not taken.

use tallygate_core::Day;

/// Why a record was not taken.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Halt {
    /// The rows of this day must be opened first; then give the record again.
    Open(Day),
    /// The log does not continue what was folded (rule 8).
    Stop(String),
    /// A record that must be there was not delivered: look again where the log begins.
    Missing(u64),
}
