//! What was still under way.

use serde::Serialize;

/// What was still under way while reading.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Backlog {
    /// Messages in the queue, waiting or leased.
    pub queue: u64,
    /// Records of the log that are not folded yet.
    pub fold: u64,
    /// Records that came into the log while it was being read.
    pub appended_since: u64,
}

impl Backlog {
    /// Whether anything was.
    pub(super) fn moves(&self) -> bool {
        *self != Self::default()
    }
}
