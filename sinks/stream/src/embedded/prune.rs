//! Removes what is too old from the log's tables, a bounded number of records at a time.

use rusqlite::{Connection, OptionalExtension, Result, params};
use tallygate_embedded::rusqlite;

use super::log::{Ends, OFFSETS, committed, ends, id, set_ends, signed};
use super::{batches, rows};
use crate::limits::PRUNE_RECORDS;
use crate::port::Topic;

/// Removes the partition's first records, those appended before this time, a bounded number; whether there may be more. Of
/// the transactions what was not committed stays, however old it is.
pub(super) fn prune(log: &Connection, topic: Topic, partition: u32, before: i64) -> Result<bool> {
    let ends = ends(log, topic, partition)?;
    let end = match topic {
        Topic::Transactions => committed(log, partition)?.map_or(ends.low, signed),
        Topic::DailySums | Topic::DeadLetters => ends.next,
    };
    // What stands before the batches an earlier release appended.
    let (low, more) = match batches::first(log, topic, partition)? {
        Some(first) if first <= ends.low => batches::prune(log, (topic, partition), (ends.low, end), before)?,
        first => rows::prune(log, (topic, partition), (ends.low, first.unwrap_or(end).min(end)), before)?,
    };
    if low > ends.low {
        set_ends(log, topic, partition, Ends { low, ..ends })?;
    }
    Ok(more)
}

/// Removes sums that were written last before this time, a bounded number; whether there may be more. A position is never
/// too old, and rows are kept for so long as the fold's own clock says: without records no day ends.
///
/// What was written first stands first. So it looks at so many of the first rows alone, without those that a wrong reading of
/// the clock put behind `now`: they would stand there for long.
pub(super) fn prune_sums(log: &Connection, partition: u32, (before, now): (i64, i64), retention: i64) -> Result<bool> {
    let Some(clock) = folded_to(log, partition)? else { return Ok(false) };
    let before = before.min(clock.saturating_sub(retention));
    let range = [id(Topic::DailySums, partition, 0), id(Topic::DailySums, partition, OFFSETS)];
    let removed = log
        .prepare_cached(
            "DELETE FROM records WHERE id IN (SELECT id FROM (
                 SELECT id, appended FROM records WHERE id BETWEEN ?1 AND ?2 AND appended <= ?5
                 AND substr(CAST(key AS TEXT), 1, 11) <> '[\"position\"' ORDER BY id LIMIT ?4
             ) WHERE appended < ?3)",
        )?
        .execute(params![range[0], range[1], before, PRUNE_RECORDS, now])?;
    Ok(removed == PRUNE_RECORDS as usize)
}

/// The clock of the partition's fold, Unix milliseconds, as its last position has it; none when that cannot be read.
fn folded_to(log: &Connection, partition: u32) -> Result<Option<i64>> {
    log.prepare_cached(
        "SELECT CASE WHEN json_valid(CAST(value AS TEXT))
             THEN unixepoch(json_extract(CAST(value AS TEXT), '$.clock')) * 1000 END FROM records
         WHERE partition = ?1 AND sum_key >= CAST('[\"position\"' AS BLOB) AND sum_key < CAST('[\"position\"~' AS BLOB)
         ORDER BY id DESC LIMIT 1",
    )?
    .query_row([partition], |row| row.get::<_, Option<i64>>(0))
    .optional()
    .map(Option::flatten)
}

/// When the last record of the log was appended, Unix milliseconds; none when there is none.
pub(super) fn last_append(log: &Connection, partitions: u32) -> Result<Option<i64>> {
    let mut last = None;
    for partition in 0..partitions {
        last = last.max(rows::last_append(log, Topic::Transactions, partition)?);
        last = last.max(batches::last_append(log, Topic::Transactions, partition)?);
    }
    Ok(last)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::log::tests::{append, append_rows, log, offsets, record};
    use super::super::log::{bounds, find, read, set_committed};
    use super::*;
    use crate::port::{NewRecord, Start};
    use crate::records::Packer;

    #[test]
    fn rule_6_what_was_not_committed_is_never_pruned() {
        let log = log();
        let low = || bounds(&log, Topic::Transactions, 0).unwrap().low;
        append_rows(&log, Topic::Transactions, &vec![record(0, "a"); 5], 10);
        append(&log, Topic::Transactions, &vec![record(0, "a"); 5], 10);
        append(&log, Topic::Transactions, &[record(0, "a")], 10);
        assert!(!prune(&log, Topic::Transactions, 0, 1_000).unwrap());
        // One record at a time of an earlier release's, and one batch at a time.
        for (committed, left) in [(0, 0), (3, 3), (6, 5), (9, 5), (10, 10), (11, 11)] {
            set_committed(&log, 0, committed).unwrap();
            while prune(&log, Topic::Transactions, 0, 1_000).unwrap() || low() < left {}
            assert_eq!(low(), left, "{committed}");
            let rest = offsets(&log, Topic::Transactions, 0);
            assert_eq!(rest.first().map_or(11, |first| first.0), left);
            assert_eq!(rest.len() as u64, 11 - left);
        }
    }

    #[test]
    fn old_sums_go_and_positions_stay() {
        let log = log();
        let row = r#"["daily","2026-11-22","a","EUR",0]"#;
        rows::append(&log, &[record(0, r#"["position",0]"#), record(0, row)], 10).unwrap();
        rows::append(&log, &[record(0, r#"["daily","2026-11-23","a","EUR",0]"#)], 20).unwrap();
        assert!(!prune_sums(&log, 0, (20, 30), 0).unwrap());
        assert_eq!(offsets(&log, Topic::DailySums, 0).len(), 3, "nobody knows how far it was folded");
        let folded = |clock: &str| NewRecord {
            key: r#"["position",4]"#.into(),
            value: format!(r#"{{"aggregate":"position","clock":"{clock}"}}"#).into(),
            ..NewRecord::default()
        };
        rows::append(&log, &[folded("1970-01-01T00:00:01.000Z")], 10).unwrap();
        assert!(!prune_sums(&log, 0, (20, 30), 990).unwrap());
        assert_eq!(offsets(&log, Topic::DailySums, 0).len(), 4, "the days of the fold are not over");
        rows::append(&log, &[folded("1970-01-01T00:00:02.000Z")], 10).unwrap();
        assert!(!prune_sums(&log, 0, (20, 30), 990).unwrap());
        assert_eq!(offsets(&log, Topic::DailySums, 0), [(0, 10), (2, 20), (4, 10)]);
    }

    #[test]
    fn offsets_are_not_used_again_after_everything_was_pruned() {
        let log = log();
        append(&log, Topic::Transactions, &[record(0, "a"), record(0, "b")], 10);
        set_committed(&log, 0, 2).unwrap();
        assert!(!prune(&log, Topic::Transactions, 0, 11).unwrap());
        append(&log, Topic::Transactions, &[record(0, "c")], 12);
        assert_eq!(offsets(&log, Topic::Transactions, 0), [(2, 12)]);
        let bounds = bounds(&log, Topic::Transactions, 0).unwrap();
        assert_eq!((bounds.low, bounds.high), (2, 3));
        assert!(find(&log, Topic::Transactions, 0, Start::Offset(1)).unwrap().is_err());
        assert_eq!(read(&log, Topic::Transactions, 0, 1, &mut Packer::default()).unwrap(), None);
    }

    #[test]
    fn pruning_goes_in_steps_and_stops_at_its_time() {
        for append in [append, append_rows] {
            let log = log();
            // Twice as many as go in a step, in three parts, and one that is too young.
            (0..3).for_each(|_| append(&log, Topic::DeadLetters, &vec![record(0, "a"); 1_000], 10));
            append(&log, Topic::DeadLetters, &[record(0, "b")], 20);
            assert!(prune(&log, Topic::DeadLetters, 0, 20).unwrap());
            assert_eq!(bounds(&log, Topic::DeadLetters, 0).unwrap().low, u64::from(PRUNE_RECORDS));
            assert!(!prune(&log, Topic::DeadLetters, 0, 20).unwrap());
            assert!(!prune(&log, Topic::DeadLetters, 0, 20).unwrap());
            assert_eq!(offsets(&log, Topic::DeadLetters, 0), [(3_000, 20)]);
        }
    }
}
