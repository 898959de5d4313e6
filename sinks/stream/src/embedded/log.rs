//! The log's tables, and every statement that runs on them.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use rusqlite::{Connection, OptionalExtension, Result, named_params, params};
use tallygate_embedded::rusqlite;

use crate::limits::{BATCH_BYTES, BATCH_RECORDS};
use crate::port::{Bounds, NewRecord, Start, StreamError, Topic};
use crate::records::Packer;

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
pub(super) struct Ends {
    pub(super) low: i64,
    pub(super) next: i64,
}

/// Appends records at this time, in Unix milliseconds. A clock that was set back shows: what one wrong reading did ends with
/// it.
pub(super) fn append(log: &Connection, topic: Topic, records: &[NewRecord], now: i64) -> Result<()> {
    // Only where one may replace another: SQLite then copies each page that it changes first, to be able to undo it alone.
    let or_replace = if topic == Topic::DailySums { "OR REPLACE" } else { "" };
    let mut insert = log.prepare_cached(&format!(
        "INSERT {or_replace} INTO records VALUES (:id, :partition, :sum_key, :appended, :key, :headers, :value)"
    ))?;
    let mut all_ends: BTreeMap<u32, Ends> = BTreeMap::new();
    for record in records {
        let ends = match all_ends.entry(record.partition) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(unknown) => unknown.insert(ends(log, topic, record.partition)?),
        };
        insert.execute(named_params! {
            ":id": id(topic, record.partition, ends.next),
            ":partition": record.partition,
            ":sum_key": (topic == Topic::DailySums).then_some(&record.key[..]),
            ":appended": now,
            ":key": &record.key[..],
            ":headers": record.headers.packed(),
            ":value": &record.value[..],
        })?;
        ends.next += 1;
    }
    all_ends.into_iter().try_for_each(|(partition, ends)| set_ends(log, topic, partition, ends))
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
            sink.put_packed(headers);
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

pub(super) fn ends(log: &Connection, topic: Topic, partition: u32) -> Result<Ends> {
    let ends = |row: &rusqlite::Row<'_>| Ok(Ends { low: row.get(0)?, next: row.get(1)? });
    log.prepare_cached("SELECT low, next FROM partitions WHERE topic = ? AND partition = ?")?
        .query_row(params![number(topic), partition], ends)
        .optional()
        .map(Option::unwrap_or_default)
}

pub(super) fn set_ends(log: &Connection, topic: Topic, partition: u32, ends: Ends) -> Result<()> {
    log.prepare_cached("INSERT OR REPLACE INTO partitions (topic, partition, low, next) VALUES (?, ?, ?, ?)")?
        .execute(params![number(topic), partition, ends.low, ends.next])
        .map(drop)
}

/// All offsets that an id has room for.
pub(super) const OFFSETS: i64 = (1 << OFFSET_BITS) - 1;

pub(super) fn id(topic: Topic, partition: u32, offset: i64) -> i64 {
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

pub(super) fn signed(offset: u64) -> i64 {
    i64::try_from(offset).unwrap_or(i64::MAX)
}

fn unsigned(offset: i64) -> u64 {
    u64::try_from(offset).unwrap_or_default()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in super::super) fn log() -> Connection {
        let log = Connection::open_in_memory().unwrap();
        log.execute_batch(SCHEMA).unwrap();
        log
    }

    pub(in super::super) fn record(partition: u32, key: &'static str) -> NewRecord {
        NewRecord { partition, key: key.into(), value: "v".into(), ..NewRecord::default() }
    }

    pub(in super::super) fn offsets(log: &Connection, topic: Topic, partition: u32) -> Vec<(u64, i64)> {
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
    fn of_sums_the_last_of_each_key_stays_with_its_own_offset() {
        let log = log();
        append(&log, Topic::DailySums, &[record(0, "a"), record(0, "b"), record(0, "a"), record(1, "a")], 1).unwrap();
        assert_eq!(offsets(&log, Topic::DailySums, 0), [(1, 1), (2, 1)]);
        assert_eq!(offsets(&log, Topic::DailySums, 1), [(0, 1)]);
        let found = |start| find(&log, Topic::DailySums, 0, start).unwrap().unwrap();
        assert_eq!((found(Start::Beginning), found(Start::End)), (0, 3));
    }
}
