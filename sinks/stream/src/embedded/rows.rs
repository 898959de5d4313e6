//! The table of records that stand alone: of the sums, where the last one of each key stays, and what an earlier release appended to
//! the log.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use rusqlite::{Connection, OptionalExtension, Result, named_params, params};
use tallygate_embedded::rusqlite;

use super::log::{OFFSETS, ends, id, set_ends, unsigned};
use crate::limits::PRUNE_RECORDS;
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

/// Appends sums at this time, in Unix milliseconds, each in the place of the one before of its key.
pub(super) fn append(log: &Connection, sums: &[NewRecord], now: i64) -> Result<()> {
    // Not with one statement: of what may fail half-way SQLite first copies each page that it changes.
    let mut remove = log.prepare_cached("DELETE FROM records WHERE partition = ? AND sum_key = ?")?;
    let mut insert = log
        .prepare_cached("INSERT INTO records VALUES (:id, :partition, :sum_key, :appended, :key, :headers, :value)")?;
    let mut all_ends = BTreeMap::new();
    for record in sums {
        let ends = match all_ends.entry(record.partition) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(unknown) => unknown.insert(ends(log, Topic::DailySums, record.partition)?),
        };
        remove.execute(params![record.partition, &record.key[..]])?;
        insert.execute(named_params! {
            ":id": id(Topic::DailySums, record.partition, ends.next),
            ":partition": record.partition,
            ":sum_key": &record.key[..],
            ":appended": now,
            ":key": &record.key[..],
            ":headers": record.headers.packed(),
            ":value": &record.value[..],
        })?;
        ends.next += 1;
    }
    all_ends.into_iter().try_for_each(|(partition, ends)| set_ends(log, Topic::DailySums, partition, ends))
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

/// When the partition's last record was appended, Unix milliseconds.
pub(super) fn last_append(log: &Connection, topic: Topic, partition: u32) -> Result<Option<i64>> {
    log.prepare_cached("SELECT appended FROM records WHERE id BETWEEN ? AND ? ORDER BY id DESC LIMIT 1")?
        .query_row([id(topic, partition, 0), id(topic, partition, OFFSETS)], |row| row.get(0))
        .optional()
}

/// Removes the partition's first records, those that were appended before this time and stand below `end`, a bounded number;
/// returns the first offset that is left, and whether there may be more to remove.
pub(super) fn prune(
    log: &Connection,
    (topic, partition): (Topic, u32),
    (low, end): (i64, i64),
    before: i64,
) -> Result<(i64, bool)> {
    // No further than can be removed: of all that is old there may be very much.
    let most = end.min(low.saturating_add(i64::from(PRUNE_RECORDS)));
    let range = [id(topic, partition, low), id(topic, partition, most)];
    let young = log
        .prepare_cached("SELECT id FROM records WHERE id >= ?1 AND id < ?2 AND appended >= ?3 ORDER BY id LIMIT 1")?
        .query_row([range[0], range[1], before], |row| row.get::<_, i64>(0))
        .optional()?;
    let upto = young.map_or(most, |id| id & OFFSETS).max(low);
    log.prepare_cached("DELETE FROM records WHERE id >= ? AND id < ?")?
        .execute([id(topic, partition, low), id(topic, partition, upto)])?;
    Ok((upto, young.is_none() && upto < end))
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
        append(&log, &[record(0, "a"), record(0, "b"), record(0, "a"), record(1, "a")], 1).unwrap();
        assert_eq!(offsets(&log, Topic::DailySums, 0), [(1, 1), (2, 1)]);
        assert_eq!(offsets(&log, Topic::DailySums, 1), [(0, 1)]);
        let found = |start| find(&log, Topic::DailySums, 0, start).unwrap().unwrap();
        assert_eq!((found(Start::Beginning), found(Start::End)), (0, 3));
    }
}
