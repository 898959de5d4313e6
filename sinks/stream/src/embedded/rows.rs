//! The table of records that stand alone: of the sums, where the last one of each key stays, and what an earlier release appended to
//! the log.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use rusqlite::{Connection, Result, named_params, params};
use tallygate_embedded::rusqlite;

use super::log::{OFFSETS, ends, id, is_compacted, set_ends, unsigned};
use crate::port::{NewRecord, Topic};
use crate::records::Packer;

/// An id is the place of the record.
pub(super) const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS records (
        id INTEGER PRIMARY KEY, partition INTEGER NOT NULL, sum_key BLOB,
        appended INTEGER NOT NULL, key BLOB NOT NULL, headers BLOB NOT NULL, value BLOB NOT NULL
    );
    CREATE UNIQUE INDEX IF NOT EXISTS sums ON records (partition, sum_key) WHERE sum_key IS NOT NULL;
";

/// Appends records at this time, in Unix milliseconds.
pub(super) fn append(log: &Connection, topic: Topic, records: &[NewRecord], now: i64) -> Result<()> {
    // Not with one statement: of what may fail half-way SQLite first copies each page that it changes.
    let mut remove = log.prepare_cached("DELETE FROM records WHERE partition = ? AND sum_key = ?")?;
    let mut insert = log
        .prepare_cached("INSERT INTO records VALUES (:id, :partition, :sum_key, :appended, :key, :headers, :value)")?;
    let mut all_ends = BTreeMap::new();
    for record in records {
        let ends = match all_ends.entry(record.partition) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(unknown) => unknown.insert(ends(log, topic, record.partition)?),
        };
        let sum_key = is_compacted(topic).then_some(&record.key[..]);
        if sum_key.is_some() {
            remove.execute(params![record.partition, sum_key])?;
        }
        insert.execute(named_params! {
            ":id": id(topic, record.partition, ends.next),
            ":partition": record.partition,
            ":sum_key": sum_key,
            ":appended": now,
            ":key": &record.key[..],
            ":headers": record.headers.packed(),
            ":value": &record.value[..],
        })?;
        ends.next += 1;
    }
    all_ends.into_iter().try_for_each(|(partition, ends)| set_ends(log, topic, partition, ends))
}

/// Packs the partition's records from an offset on, until the packer is full; returns the offset to go on from.
pub(super) fn read(log: &Connection, (topic, partition): (Topic, u32), from: i64, packer: &mut Packer) -> Result<i64> {
    let mut select = log
        .prepare_cached("SELECT id, appended, key, headers, value FROM records WHERE id BETWEEN ? AND ? ORDER BY id")?;
    let mut rows = select.query([id(topic, partition, from), id(topic, partition, OFFSETS)])?;
    let mut next = from;
    while !packer.is_full() {
        let Some(row) = rows.next()? else { break };
        let offset = row.get::<_, i64>(0)? & OFFSETS;
        let headers = row.get_ref(3)?.as_blob()?;
        let place = (partition, unsigned(offset), row.get(1)?);
        packer.push(place, row.get_ref(2)?.as_blob()?, row.get_ref(4)?.as_blob()?, |sink| sink.put_packed(headers));
        next = offset + 1;
    }
    Ok(next)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::log::find;
    use super::super::log::tests::{log, offsets, record};
    use super::*;
    use crate::port::Start;

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
