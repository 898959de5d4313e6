//! `[journal]`: how much is kept of what was acknowledged.

use tallygate_core::fold::Horizon;
use tallygate_front::Limits;

use super::stream::Log;
use super::table::Table;

/// The most days that a file may be kept.
const DAYS_MOST: u64 = 3_660;

/// Puts what is said of the journal into the limits; the log decides how long reconciling needs it.
pub(super) fn read(root: &Table<'_>, horizon: Horizon, log: Option<&Log>, limits: &mut Limits) {
    let table = root.table("journal");
    let keep_days = table.as_ref().and_then(|table| table.number("keep_days", 0..=DAYS_MOST));
    let max_bytes = table.as_ref().and_then(|table| table.size("max_bytes"));
    if let Some(table) = &table {
        table.close();
    }
    limits.journal_bytes = max_bytes.map_or(limits.journal_bytes, |bytes| bytes as u64);
    // What is wrong with the log is told where it stands.
    let Some(log) = log else { return };
    let (past, future, lag) = (horizon.past, horizon.future, log.lag_days);
    // What was accepted on one day may be folded so much later, and its day may lie so far from that.
    let needed = u32::from(past) + u32::from(future) + u32::from(lag);
    let keep_days = keep_days.map(|days| days as u32);
    if let Some(days) = keep_days.filter(|days| *days < needed) {
        let problem = format!(
            "reconciling needs {needed} days (aggregator.horizon_days {past} + aggregator.future_days {future} + \
             stream.lag_days {lag}), is {days}"
        );
        root.document().problem("journal.keep_days", problem);
    }
    limits.journal_days = keep_days.unwrap_or(limits.journal_days.max(needed));
}
