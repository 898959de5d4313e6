//! Whether a role does its work, in its own words.

/// How a role does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Work {
    /// It waits, for this reason: what it needs has not answered yet, or how the last try failed.
    Waits(String),
    /// It does what it is there for.
    Goes,
}
