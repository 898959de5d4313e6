//! The log's tables, and every statement that runs on them.

use rusqlite::{Connection, OptionalExtension, Result, named_params, params};
use tallygate_embedded::rusqlite;

use crate::limits::{BATCH_BYTES, BATCH_RECORDS, PRUNE_RECORDS};
use crate::port::{Bounds, NewRecord, Start, StreamError, Topic};
use crate::records::{Packer, encode};

/// A record's id is its place: topic, partition and offset in one number, so that a partition is one range of the table.
pub(super) const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS settings (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS records (
        id INTEGER PRIMARY KEY, partition INTEGER NOT NULL, sum_key BLOB,
        appended INTEGER NOT NULL, key BLOB NOT NULL, headers BLOB NOT NULL, value BLOB NOT NULL
    );
    CREATE UNIQUE INDEX IF NOT EXISTS sums ON records (partition, sum_key) WHERE sum_key IS NOT NULL;
    CREATE TABLE IF NOT EXISTS partitions (
        topic INTEGER NOT NULL, partition INTEGER NOT NULL,
        low INTEGER NOT NULL, next INTEGER NOT NULL,
        PRIMARY KEY (topic, partition)
    ) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS committed (partition INTEGER PRIMARY KEY, offset INTEGER NOT NULL);
";

/// The setting that holds the partition count.
pub(super) const PARTITIONS: &str = "partitions";
/// The setting that holds the number of the latest owner of all partitions.
pub(super) const EPOCH: &str = "epoch";

const OFFSET_BITS: u32 = 47;
const PARTITION_BITS: u32 = 14;

/// Where a partition stands.
#[derive(Clone, Copy, Default)]
struct Ends {
    low: i64,
    next: i64,
}

/// Appends records at this time, in Unix milliseconds. A clock that was set back shows: what one wrong reading did ends with
/// it.
pub(super) fn append(log: &Connection, topic: Topic, records: &[NewRecord], now: i64) -> Result<()> {
    let mut insert = log.prepare_cached(
        "INSERT OR REPLACE INTO records VALUES (:id, :partition, :sum_key, :appended, :key, :headers, :value)",
    )?;
    let mut current: Option<(u32, Ends)> = None;
    for record in records {
        let mut ends = match current.take() {
            Some((partition, ends)) if partition == record.partition => ends,
            other => {
                if let Some((partition, ends)) = other {
                    set_ends(log, topic, partition, ends)?;
                }
                Ends { ..ends(log, topic, record.partition)? }
            }
        };
        let headers = encode(record.headers.iter().map(|(name, value)| (*name, &value[..])));
        insert.execute(named_params! {
            ":id": id(topic, record.partition, ends.next),
            ":partition": record.partition,
            ":sum_key": (topic == Topic::DailySums).then_some(&record.key[..]),
            ":appended": now,
            ":key": &record.key[..],
            ":headers": headers,
            ":value": &record.value[..],
        })?;
        ends.next += 1;
        current = Some((record.partition, ends));
    }
    match current {
        Some((partition, ends)) => set_ends(log, topic, partition, ends),
        None => Ok(()),
    }
}

/// Packs the partition's records from an offset on, until the packer is full; returns the offset to go on from, or none
/// when records from it on were pruned.
pub(super) fn read(
    log: &Connection,
    topic: Topic,
    partition: u32,
    from: u64,
    packer: &mut Packer,
) -> Result<Option<u64>> {
    if signed(from) < ends(log, topic, partition)?.low {
        return Ok(None);
    }
    let mut select = log
        .prepare_cached("SELECT id, appended, key, headers, value FROM records WHERE id BETWEEN ? AND ? ORDER BY id")?;
    let mut rows = select.query(params![id(topic, partition, signed(from)), id(topic, partition, OFFSETS)])?;
    let mut next = from;
    while packer.len() < BATCH_RECORDS && packer.bytes() < BATCH_BYTES {
        let Some(row) = rows.next()? else { break };
        let offset = unsigned(row.get::<_, i64>(0)? & OFFSETS);
        let headers = row.get_ref(3)?.as_blob()?;
        packer.push((partition, offset, row.get(1)?), row.get_ref(2)?.as_blob()?, row.get_ref(4)?.as_blob()?, |sink| {
            sink.put_encoded(headers);
        });
        next = offset + 1;
    }
    Ok(Some(next))
}

/// The offset that a start names, or why there is none.
pub(super) fn find(
    log: &Connection,
    topic: Topic,
    partition: u32,
    start: Start,
) -> Result<std::result::Result<u64, StreamError>> {
    let Ends { low, next, .. } = ends(log, topic, partition)?;
    let found = match start {
        Start::Beginning => low,
        Start::End => next,
        Start::Offset(offset) if (low..=next).contains(&signed(offset)) => signed(offset),
        Start::Offset(offset) => {
            return Ok(Err(StreamError::Refused(format!(
                "{topic:?}, partition {partition}: offset {offset} is not there, the log holds {low} to {next}"
            ))));
        }
    };
    Ok(Ok(unsigned(found)))
}

/// What a partition holds.
pub(super) fn bounds(log: &Connection, topic: Topic, partition: u32) -> Result<Bounds> {
    let Ends { low, next, .. } = ends(log, topic, partition)?;
    let committed = match topic {
        Topic::Transactions => committed(log, partition)?.unwrap_or(0),
        _ => 0,
    };
    Ok(Bounds { partition, low: unsigned(low), high: unsigned(next), committed })
}

/// The offset that was committed for a partition.
pub(super) fn committed(log: &Connection, partition: u32) -> Result<Option<u64>> {
    log.prepare_cached("SELECT offset FROM committed WHERE partition = ?")?
        .query_row([partition], |row| row.get(0).map(unsigned))
        .optional()
}

/// Commits an offset.
pub(super) fn set_committed(log: &Connection, partition: u32, offset: u64) -> Result<()> {
    log.prepare_cached("INSERT OR REPLACE INTO committed VALUES (?, ?)")?
        .execute(params![partition, signed(offset)])
        .map(drop)
}

/// A setting, if it was ever set.
pub(super) fn setting(log: &Connection, name: &str) -> Result<Option<i64>> {
    log.prepare_cached("SELECT value FROM settings WHERE name = ?")?.query_row([name], |row| row.get(0)).optional()
}

/// Sets a setting.
pub(super) fn set_setting(log: &Connection, name: &str, value: i64) -> Result<()> {
    log.prepare_cached("INSERT OR REPLACE INTO settings VALUES (?, ?)")?.execute(params![name, value]).map(drop)
}

/// Removes the partition's first records, those appended before this time, a bounded number; whether there may be more. Of
/// the transactions what was not committed stays, however old it is.
pub(super) fn prune(log: &Connection, topic: Topic, partition: u32, before: i64) -> Result<bool> {
    let mut ends = ends(log, topic, partition)?;
    let end = match topic {
        Topic::Transactions => committed(log, partition)?.map_or(ends.low, signed),
        Topic::DailySums | Topic::DeadLetters => ends.next,
    };
    let range = [id(topic, partition, ends.low), id(topic, partition, end)];
    let young = log
        .prepare_cached("SELECT id FROM records WHERE id >= ?1 AND id < ?2 AND appended >= ?3 ORDER BY id LIMIT 1")?
        .query_row([range[0], range[1], before], |row| row.get::<_, i64>(0))
        .optional()?;
    let old = young.map_or(end, |id| id & OFFSETS);
    let upto = old.min(ends.low + i64::from(PRUNE_RECORDS));
    if upto <= ends.low {
        return Ok(false);
    }
    log.prepare_cached("DELETE FROM records WHERE id >= ? AND id < ?")?
        .execute([id(topic, partition, ends.low), id(topic, partition, upto)])?;
    ends.low = upto;
    set_ends(log, topic, partition, ends)?;
    Ok(upto < old)
}

/// Removes sums that were written last before this time, a bounded number; whether there may be more. A position is never
/// too old, and rows are kept for so long as the fold's own clock says: without records no day ends.
pub(super) fn prune_sums(log: &Connection, partition: u32, before: i64, retention: i64) -> Result<bool> {
    let Some(clock) = folded_to(log, partition)? else { return Ok(false) };
    let before = before.min(clock.saturating_sub(retention));
    let range = [id(Topic::DailySums, partition, 0), id(Topic::DailySums, partition, OFFSETS)];
    let removed = log
        .prepare_cached(
            "DELETE FROM records WHERE id IN (SELECT id FROM records WHERE id BETWEEN ?1 AND ?2 AND appended < ?3
             AND substr(CAST(key AS TEXT), 1, 11) <> '[\"position\"' ORDER BY id LIMIT ?4)",
        )?
        .execute(params![range[0], range[1], before, PRUNE_RECORDS])?;
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
    let mut select =
        log.prepare_cached("SELECT appended FROM records WHERE id BETWEEN ? AND ? ORDER BY id DESC LIMIT 1")?;
    let mut last = None;
    for partition in 0..partitions {
        let range = [id(Topic::Transactions, partition, 0), id(Topic::Transactions, partition, OFFSETS)];
        last = last.max(select.query_row(range, |row| row.get::<_, i64>(0)).optional()?);
    }
    Ok(last)
}

fn ends(log: &Connection, topic: Topic, partition: u32) -> Result<Ends> {
    let ends = |row: &rusqlite::Row<'_>| Ok(Ends { low: row.get(0)?, next: row.get(1)? });
    log.prepare_cached("SELECT low, next FROM partitions WHERE topic = ? AND partition = ?")?
        .query_row(params![number(topic), partition], ends)
        .optional()
        .map(Option::unwrap_or_default)
}

fn set_ends(log: &Connection, topic: Topic, partition: u32, ends: Ends) -> Result<()> {
    log.prepare_cached("INSERT OR REPLACE INTO partitions (topic, partition, low, next) VALUES (?, ?, ?, ?)")?
        .execute(params![number(topic), partition, ends.low, ends.next])
        .map(drop)
}

const OFFSETS: i64 = (1 << OFFSET_BITS) - 1;

fn id(topic: Topic, partition: u32, offset: i64) -> i64 {
    (number(topic) << (OFFSET_BITS + PARTITION_BITS)) | (i64::from(partition) << OFFSET_BITS) | offset.min(OFFSETS)
}

/// Stored for good.
fn number(topic: Topic) -> i64 {
    match topic {
        Topic::Transactions => 0,
        Topic::DailySums => 1,
        Topic::DeadLetters => 2,
    }
}

fn signed(offset: u64) -> i64 {
    i64::try_from(offset).unwrap_or(i64::MAX)
}

fn unsigned(offset: i64) -> u64 {
    u64::try_from(offset).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log() -> Connection {
        let log = Connection::open_in_memory().unwrap();
        log.execute_batch(SCHEMA).unwrap();
        log
    }

    fn record(partition: u32, key: &'static str) -> NewRecord {
        NewRecord { partition, key: key.into(), value: "v".into(), ..NewRecord::default() }
    }

    fn offsets(log: &Connection, topic: Topic, partition: u32) -> Vec<(u64, i64)> {
        let mut packer = Packer::default();
        let low = bounds(log, topic, partition).unwrap().low;
        read(log, topic, partition, low, &mut packer).unwrap().unwrap();
        packer.finish().iter().map(|record| (record.offset, record.appended)).collect()
    }

    #[test]
    fn a_place_has_this_number() {
        assert_eq!(id(Topic::DeadLetters, 3, 5), (2 << 61) + (3 << 47) + 5);
        assert_eq!(id(Topic::DailySums, 9_999, 0) >> OFFSET_BITS, (1 << 14) + 9_999);
    }

    #[test]
    fn rule_6_one_wrong_reading_of_the_clock_is_one_wrong_time() {
        let log = log();
        for now in [10, 5_000_000, 20] {
            append(&log, Topic::Transactions, &[record(0, "a")], now).unwrap();
        }
        assert_eq!(offsets(&log, Topic::Transactions, 0), [(0, 10), (1, 5_000_000), (2, 20)]);
    }

    #[test]
    fn rule_6_what_was_not_committed_is_never_pruned() {
        let log = log();
        append(&log, Topic::Transactions, &vec![record(0, "a"); 5], 10).unwrap();
        assert!(!prune(&log, Topic::Transactions, 0, 1_000).unwrap());
        assert_eq!(bounds(&log, Topic::Transactions, 0).unwrap().low, 0);
        set_committed(&log, 0, 3).unwrap();
        assert!(!prune(&log, Topic::Transactions, 0, 1_000).unwrap());
        assert_eq!(bounds(&log, Topic::Transactions, 0).unwrap().low, 3);
    }

    #[test]
    fn old_sums_go_and_positions_stay() {
        let log = log();
        let row = r#"["daily","2026-11-22","a","EUR",0]"#;
        append(&log, Topic::DailySums, &[record(0, r#"["position",0]"#), record(0, row)], 10).unwrap();
        append(&log, Topic::DailySums, &[record(0, r#"["daily","2026-11-23","a","EUR",0]"#)], 20).unwrap();
        assert!(!prune_sums(&log, 0, 20, 0).unwrap());
        assert_eq!(offsets(&log, Topic::DailySums, 0).len(), 3, "nobody knows how far it was folded");
        let folded = |clock: &str| NewRecord {
            key: r#"["position",4]"#.into(),
            value: format!(r#"{{"aggregate":"position","clock":"{clock}"}}"#).into(),
            ..NewRecord::default()
        };
        append(&log, Topic::DailySums, &[folded("1970-01-01T00:00:01.000Z")], 10).unwrap();
        assert!(!prune_sums(&log, 0, 20, 990).unwrap());
        assert_eq!(offsets(&log, Topic::DailySums, 0).len(), 4, "the days of the fold are not over");
        append(&log, Topic::DailySums, &[folded("1970-01-01T00:00:02.000Z")], 10).unwrap();
        assert!(!prune_sums(&log, 0, 20, 990).unwrap());
        assert_eq!(offsets(&log, Topic::DailySums, 0), [(0, 10), (2, 20), (4, 10)]);
    }

    #[test]
    fn offsets_are_not_used_again_after_everything_was_pruned() {
        let log = log();
        append(&log, Topic::Transactions, &[record(0, "a"), record(0, "b")], 10).unwrap();
        set_committed(&log, 0, 2).unwrap();
        assert!(!prune(&log, Topic::Transactions, 0, 11).unwrap());
        append(&log, Topic::Transactions, &[record(0, "c")], 12).unwrap();
        assert_eq!(offsets(&log, Topic::Transactions, 0), [(2, 12)]);
        let bounds = bounds(&log, Topic::Transactions, 0).unwrap();
        assert_eq!((bounds.low, bounds.high), (2, 3));
        assert!(find(&log, Topic::Transactions, 0, Start::Offset(1)).unwrap().is_err());
        assert_eq!(read(&log, Topic::Transactions, 0, 1, &mut Packer::default()).unwrap(), None);
    }

    #[test]
    fn pruning_goes_in_steps_and_stops_at_its_time() {
        let log = log();
        let many = vec![record(0, "a"); PRUNE_RECORDS as usize + 1];
        append(&log, Topic::DeadLetters, &many, 10).unwrap();
        append(&log, Topic::DeadLetters, &[record(0, "b")], 20).unwrap();
        assert!(prune(&log, Topic::DeadLetters, 0, 20).unwrap());
        assert!(!prune(&log, Topic::DeadLetters, 0, 20).unwrap());
        assert!(!prune(&log, Topic::DeadLetters, 0, 20).unwrap());
        assert_eq!(offsets(&log, Topic::DeadLetters, 0), [(u64::from(PRUNE_RECORDS) + 1, 20)]);
    }

    #[test]
    fn of_sums_the_last_of_each_key_stays_with_its_own_offset() {
        let log = log();
        append(&log, Topic::DailySums, &[record(0, "a"), record(0, "b"), record(0, "a"), record(1, "a")], 1).unwrap();
        assert_eq!(offsets(&log, Topic::DailySums, 0), [(1, 1), (2, 1)]);
        assert_eq!(offsets(&log, Topic::DailySums, 1), [(0, 1)]);
        let found = |start| find(&log, Topic::DailySums, 0, start).unwrap().unwrap();
        assert_eq!((found(Start::Beginning), found(Start::End)), (0, 3));
    }
}
