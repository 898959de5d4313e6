//! Why a record was not taken.

/// Why a record was not taken.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Halt {
    /// The partition stands until somebody did something about it.
    Stand(String),
    /// The local state is of another log, or damaged: it is of no use.
    ForeignState,
    /// The records before this one did not come: they are read once more.
    PassedOver,
}
