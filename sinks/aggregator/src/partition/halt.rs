//! Why a record was not taken.

/// Why a record was not taken.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Halt {
    /// The partition stands until somebody did something about it.
    Stand(String),
    /// The local state is of another log: it is of no use.
    ForeignState,
    /// A record that must be there was not delivered: look again where the log begins.
    Missing(u64),
}
