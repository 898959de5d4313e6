//! What reconciling found.

use serde::Serialize;
use tallygate_core::Day;

use super::backlog::Backlog;
use super::daily::DailyDifference;
use super::group_report::GroupReport;
use super::named::Named;
use super::row_difference::RowDifference;
use super::verdict::Verdict;
use crate::text;

/// What reconciling found. Of what may be many, at most [`NAMED_MESSAGES`](crate::limits::NAMED_MESSAGES) are named.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The verdict.
    pub verdict: Verdict,
    /// What was still under way.
    pub backlog: Backlog,
    /// The figures, by day, partner and currency.
    pub groups: Vec<GroupReport>,
    /// Accepted messages that are neither in the queue, nor with a shipper, nor, wholly, in the log.
    pub lost: Vec<Named>,
    /// How many these are.
    pub lost_messages: u64,
    /// Messages in the log that no journal accepted: their partners never got an answer, or the journal's tail was cut.
    pub never_answered: Vec<Named>,
    /// How many these are.
    pub never_answered_messages: u64,
    /// Gateway runs in the log of which no journal was read.
    pub runs_without_journal: Vec<String>,
    /// Where the rows by key do not add up to what counted.
    pub daily_differences: Vec<DailyDifference>,
    /// How often that is so.
    pub daily_different: u64,
    /// Rows that the topic of sums and the store do not have alike.
    pub row_differences: Vec<RowDifference>,
    /// How many these are.
    pub rows_different: u64,
    /// Rows of the topic of sums that were compared with the store.
    pub rows_compared: u64,
    /// Days that the store alone holds: the topic of sums has let them go, and nothing proves them any more.
    #[serde(serialize_with = "days_as_text")]
    pub store_only_days: Vec<Day>,
    /// Records that were delivered more than once behind the gateway; they count nowhere.
    pub redelivered: u64,
    /// Records of the log that are none of ours.
    pub unreadable_in_log: u64,
    /// Those of them that the fold has taken for dead letters.
    pub unreadable_dead: u64,
    /// What log partitions' owners say of the sums, such as that one stands.
    pub warnings: Vec<String>,
    /// What cannot be read of journals and topic.
    pub damage: Vec<String>,
    /// How many places that are.
    pub damaged: u64,
}

impl Report {
    /// As JSON.
    pub fn to_json(&self) -> String {
        text::pretty(self)
    }
}

fn days_as_text<S: serde::Serializer>(days: &[Day], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(days.iter().map(ToString::to_string))
}
