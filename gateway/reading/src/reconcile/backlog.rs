//! What was still under way.

use std::fmt;

use serde::Serialize;

/// What was still under way while reading.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Backlog {
    /// Messages in the queue, waiting or leased.
    pub queue: u64,
    /// Messages that shippers said they hold between queue and log; they may hold more.
    pub leased: u64,
    /// Records of the log that are not folded yet.
    pub fold: u64,
    /// Records that came into the log while it was being read, or are to come of a message that came meanwhile.
    pub appended_since: u64,
    /// Log partitions whose rows are being written to the store again.
    pub repairing: u64,
    /// Rows and places of the store that changed while they were compared.
    pub changing: u64,
}

impl Backlog {
    /// Whether anything was.
    pub(super) fn moves(&self) -> bool {
        *self != Self::default()
    }
}

impl fmt::Display for Backlog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { queue, leased, fold, appended_since, repairing, changing } = self;
        write!(
            f,
            "{queue} messages in the queue, {leased} with shippers, {fold} records of the log not folded yet, \
             {appended_since} came meanwhile"
        )?;
        if *repairing > 0 {
            write!(f, ", rows of {repairing} log partitions are being written to the store again")?;
        }
        if *changing > 0 {
            write!(f, ", {changing} places of the store changed while they were compared")?;
        }
        Ok(())
    }
}
