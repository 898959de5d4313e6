//! The table of what is only appended: records in batches, as they came.

use rusqlite::{Connection, Error, OptionalExtension, Result, ffi, named_params, params};
use tallygate_embedded::rusqlite;

use super::log::{Ends, OFFSETS, ends, id, set_ends, unsigned};
use super::packed::{About, Packed};
use crate::limits::PRUNE_RECORDS;
use crate::port::Topic;
use crate::records::Packer;

/// An id is the place of the first record.
pub(super) const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS batches (
        id INTEGER PRIMARY KEY, records INTEGER NOT NULL, appended INTEGER NOT NULL,
        checksum INTEGER NOT NULL, packed BLOB NOT NULL
    );
";

/// Appends records at this time, in Unix milliseconds. A clock that was set back shows: what one wrong reading did ends with
/// it.
pub(super) fn append(log: &Connection, topic: Topic, batches: &[Packed], appended: i64) -> Result<()> {
    let mut insert = log.prepare_cached("INSERT INTO batches VALUES (:id, :records, :appended, :checksum, :packed)")?;
    for Packed { partition, records, bytes } in batches {
        let Ends { low, next } = ends(log, topic, *partition)?;
        let about = About { id: id(topic, *partition, next), records: *records, appended };
        insert.execute(named_params! {
            ":id": about.id,
            ":records": records,
            ":appended": appended,
            ":checksum": about.checksum(bytes),
            ":packed": bytes,
        })?;
        set_ends(log, topic, *partition, Ends { low, next: next + i64::from(*records) })?;
    }
    Ok(())
}

/// Packs the partition's records from an offset on, which is below its end, batch by batch until the packer is full; returns
/// the offset to go on from.
///
/// # Errors
/// Also where one of them is missing, or is not what was written.
pub(super) fn read(
    log: &Connection,
    (topic, partition): (Topic, u32),
    (from, end): (i64, i64),
    packer: &mut Packer,
) -> Result<i64> {
    let damaged = |offset, what| damaged(&format!("{topic:?}, partition {partition}, offset {offset}: {what}"));
    let mut select = log.prepare_cached(
        "SELECT id, records, appended, checksum, packed FROM batches WHERE id BETWEEN
             (SELECT id FROM batches WHERE id <= ?1 ORDER BY id DESC LIMIT 1) AND ?2 ORDER BY id",
    )?;
    let mut rows = select.query([id(topic, partition, from), id(topic, partition, OFFSETS)])?;
    let (mut next, mut buffer) = (from, Vec::new());
    while next < end && !packer.is_full() {
        let Some(row) = rows.next()? else { return Err(damaged(next, "the record is missing")) };
        let about = About { id: row.get(0)?, records: row.get(1)?, appended: row.get(2)? };
        // Those before are not asked for.
        let before = id(topic, partition, next) - about.id;
        if !(0..i64::from(about.records)).contains(&before) {
            return Err(damaged(next, "the record is missing"));
        }
        let packed = row.get_ref(4)?.as_blob()?;
        let Some(records) = about.unpack(packed, row.get(3)?, &mut buffer) else {
            return Err(damaged(next, "the record is not what was written"));
        };
        for record in records.skip(usize::try_from(before).unwrap_or(usize::MAX)) {
            let place = (partition, unsigned(next), about.appended);
            packer.push(place, record.key, record.value, |sink| sink.put_packed(record.headers));
            next += 1;
        }
    }
    Ok(next)
}

/// The partition's first offset here.
pub(super) fn first(log: &Connection, topic: Topic, partition: u32) -> Result<Option<i64>> {
    log.prepare_cached("SELECT id FROM batches WHERE id BETWEEN ? AND ? ORDER BY id LIMIT 1")?
        .query_row([id(topic, partition, 0), id(topic, partition, OFFSETS)], |row| row.get(0))
        .optional()
        .map(|first: Option<i64>| first.map(|id| id & OFFSETS))
}

/// When the partition's last batch was appended, Unix milliseconds.
pub(super) fn last_append(log: &Connection, topic: Topic, partition: u32) -> Result<Option<i64>> {
    log.prepare_cached("SELECT appended FROM batches WHERE id BETWEEN ? AND ? ORDER BY id DESC LIMIT 1")?
        .query_row([id(topic, partition, 0), id(topic, partition, OFFSETS)], |row| row.get(0))
        .optional()
}

/// Removes the partition's first batches, those that were appended before this time and end no later than `end`, a bounded
/// number of records; returns the first offset that is left, and whether there may be more to remove.
pub(super) fn prune(
    log: &Connection,
    (topic, partition): (Topic, u32),
    (low, end): (i64, i64),
    before: i64,
) -> Result<(i64, bool)> {
    let mut select =
        log.prepare_cached("SELECT id, records, appended FROM batches WHERE id >= ? AND id < ? ORDER BY id")?;
    let mut rows = select.query([id(topic, partition, low), id(topic, partition, end)])?;
    let (mut upto, mut more) = (low, false);
    while let Some(row) = rows.next()? {
        let next = (row.get::<_, i64>(0)? & OFFSETS) + i64::from(row.get::<_, u32>(1)?);
        if next > end || row.get::<_, i64>(2)? >= before {
            break;
        }
        if next - low > i64::from(PRUNE_RECORDS) {
            more = true;
            break;
        }
        upto = next;
    }
    log.prepare_cached("DELETE FROM batches WHERE id >= ? AND id < ?")?
        .execute(params![id(topic, partition, low), id(topic, partition, upto)])?;
    Ok((upto, more))
}

fn damaged(what: &str) -> Error {
    Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_CORRUPT), Some(what.to_owned()))
}
