//! What reconciling found.

use serde::Serialize;

use super::backlog::Backlog;
use super::group_report::GroupReport;
use super::named::Named;
use super::verdict::Verdict;
use crate::text;

/// What reconciling found.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The verdict.
    pub verdict: Verdict,
    /// What was still under way.
    pub backlog: Backlog,
    /// The figures, by day, partner and currency.
    pub groups: Vec<GroupReport>,
    /// Accepted messages that are neither in the queue nor, wholly, in the log; at most [`NAMED_MESSAGES`](crate::limits::NAMED_MESSAGES).
    pub lost: Vec<Named>,
    /// How many these are.
    pub lost_messages: u64,
    /// Messages in the log that no journal accepted: their partners never got an answer, or the journal's tail was
    /// cut; at most [`NAMED_MESSAGES`](crate::limits::NAMED_MESSAGES).
    pub never_answered: Vec<Named>,
    /// How many these are.
    pub never_answered_messages: u64,
    /// Gateway runs in the log of which no journal was read.
    pub runs_without_journal: Vec<String>,
    /// Records that were delivered more than once behind the gateway; they count nowhere.
    pub redelivered: u64,
    /// Records of the log that are none of ours.
    pub unreadable_in_log: u64,
    /// Those of them that the fold has taken for dead letters.
    pub unreadable_dead: u64,
    /// What cannot be read of the journals.
    pub damage: Vec<String>,
}

impl Report {
    /// As JSON.
    pub fn to_json(&self) -> String {
        text::pretty(self)
    }
}
