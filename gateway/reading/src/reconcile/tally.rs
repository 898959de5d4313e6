//! What journals and log say of one group.

use std::collections::HashMap;

use super::figures::Figures;
use super::group::Group;

/// What journals and log say of each group.
pub(super) type Tallies = HashMap<Group, Tally>;

/// What journals and log say of one group; each record of the log once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    /// What the journals accepted.
    pub(super) accepted: Figures,
    /// What of that the log has.
    pub(super) found: Figures,
    /// What the log has beside it.
    pub(super) unanswered: Figures,
    /// What the log has of it and the fold files under the log's day, because its own lies outside the horizon.
    pub(super) filed_elsewhere: Figures,
    /// What the fold files under this day, because its own lies outside the horizon.
    pub(super) filed_here: Figures,
    /// What the fold will file here and has not folded yet.
    pub(super) waiting: Figures,
}

impl Tally {
    /// What was accepted and is not in the log.
    pub(super) fn missing(&self) -> Figures {
        self.accepted.without(self.found)
    }
}
