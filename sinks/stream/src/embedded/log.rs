//! The log's places, where its partitions begin and end, and what was committed.

use rusqlite::{Connection, OptionalExtension, Result, params};
use tallygate_embedded::rusqlite;

use super::{batches, rows};
use crate::port::{Bounds, Start, StreamError, Topic};
use crate::records::Packer;

/// All tables. An id is a place: topic, partition and offset in one number, so that a partition is one range of a table.
pub(super) fn schema() -> String {
    [SCHEMA, batches::SCHEMA, rows::SCHEMA].concat()
}

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS settings (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS partitions (
        topic INTEGER NOT NULL, partition INTEGER NOT NULL,
        low INTEGER NOT NULL, next INTEGER NOT NULL,
        PRIMARY KEY (topic, partition)
    ) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS committed (partition INTEGER PRIMARY KEY, offset INTEGER NOT NULL);
";

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

/// Packs the partition's records from an offset on, until the packer is full; returns the offset to go on from, or none
/// when records from it on were pruned.
///
/// # Errors
/// Also where what should be there is missing or damaged.
pub(super) fn read(
    log: &Connection,
    topic: Topic,
    partition: u32,
    from: u64,
    packer: &mut Packer,
) -> Result<Option<u64>> {
    let (from, ends) = (signed(from), ends(log, topic, partition)?);
    if from < ends.low {
        return Ok(None);
    }
    if from >= ends.next {
        return Ok(Some(unsigned(from)));
    }
    let mut next = rows::read(log, (topic, partition), from, packer)?;
    if topic != Topic::DailySums && next < ends.next && !packer.is_full() {
        next = batches::read(log, (topic, partition), (next, ends.next), packer)?;
    }
    Ok(Some(unsigned(next)))
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

pub(super) fn unsigned(offset: i64) -> u64 {
    u64::try_from(offset).unwrap_or_default()
}

#[cfg(test)]
pub(super) mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::packed::pack;
    use super::*;
    use crate::port::NewRecord;

    pub(in super::super) fn log() -> Connection {
        let log = Connection::open_in_memory().unwrap();
        log.execute_batch(&schema()).unwrap();
        log
    }

    pub(in super::super) fn record(partition: u32, key: &'static str) -> NewRecord {
        NewRecord { partition, key: key.into(), value: "v".into(), ..NewRecord::default() }
    }

    pub(in super::super) fn append(log: &Connection, topic: Topic, records: &[NewRecord], now: i64) {
        batches::append(log, topic, &pack(records), now).unwrap();
    }

    /// As an earlier release did it, one by one.
    pub(in super::super) fn append_rows(log: &Connection, topic: Topic, records: &[NewRecord], now: i64) {
        for record in records {
            let ends = ends(log, topic, record.partition).unwrap();
            let id = id(topic, record.partition, ends.next);
            let row = params![id, record.partition, now, &record.key[..], record.headers.packed(), &record.value[..]];
            log.execute("INSERT INTO records VALUES (?1, ?2, NULL, ?3, ?4, ?5, ?6)", row).unwrap();
            set_ends(log, topic, record.partition, Ends { next: ends.next + 1, ..ends }).unwrap();
        }
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
            append(&log, Topic::Transactions, &[record(0, "a")], now);
        }
        assert_eq!(offsets(&log, Topic::Transactions, 0), [(0, 10), (1, 5_000_000), (2, 20)]);
    }

    #[test]
    fn records_are_read_from_within_a_batch_and_behind_those_of_an_earlier_release() {
        let log = log();
        append_rows(&log, Topic::Transactions, &[record(0, "a"), record(0, "b")], 1);
        append(&log, Topic::Transactions, &vec![record(0, "c"); 3], 2);
        append(&log, Topic::Transactions, &[record(1, "d"), record(0, "e")], 3);
        let all = [(0, 1), (1, 1), (2, 2), (3, 2), (4, 2), (5, 3)];
        for from in 0..=6 {
            let mut packer = Packer::default();
            assert_eq!(read(&log, Topic::Transactions, 0, from, &mut packer).unwrap(), Some(6));
            let found: Vec<_> = packer.finish().iter().map(|record| (record.offset, record.appended)).collect();
            assert_eq!(found, all[usize::try_from(from).unwrap()..]);
        }
        assert_eq!(offsets(&log, Topic::Transactions, 1), [(0, 3)]);
    }

    #[test]
    fn what_is_missing_or_changed_is_told_and_never_skipped() {
        let damages = [
            ("DELETE FROM batches WHERE id & 0xff = 2", "offset 2: the record is missing"),
            ("UPDATE batches SET records = records - 1 WHERE id & 0xff = 2", "offset 2: the record is not what"),
            ("UPDATE batches SET records = 0 WHERE id & 0xff = 2", "offset 2: the record is missing"),
            ("UPDATE batches SET appended = 5 WHERE id & 0xff = 2", "offset 2: the record is not what"),
            ("UPDATE batches SET id = id + 1 WHERE id & 0xff = 4", "offset 4: the record is missing"),
            ("DELETE FROM batches", "offset 0: the record is missing"),
            ("DELETE FROM batches WHERE id & 0xff = 4", "offset 4: the record is missing"),
        ];
        for (damage, told) in damages {
            let log = log();
            for _ in 0..3 {
                append(&log, Topic::Transactions, &[record(0, "a"), record(0, "b"), record(1, "c")], 1);
            }
            assert!(log.execute(damage, []).unwrap() > 0);
            let error = read(&log, Topic::Transactions, 0, 0, &mut Packer::default()).unwrap_err().to_string();
            assert!(error.contains("Transactions, partition 0, ") && error.contains(told), "{damage}: {error}");
        }
    }
}
