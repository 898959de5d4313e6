//! The file: its tables, how it is opened, and how a change is written.

use std::collections::HashMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use tallygate_core::checkpoint::Fingerprint;
use tallygate_core::{Day, Generation};
use tallygate_embedded::rusqlite::{self, Connection, Transaction, params};
use tallygate_embedded::{Database, DatabaseError, Durability};

use super::chain::{Chain, Change, Piece};

const SCHEMA: &str = r#"
DROP TABLE IF EXISTS identities;
CREATE TABLE IF NOT EXISTS origin (generation INTEGER NOT NULL, topic TEXT NOT NULL, log TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS sights (
    "partition" INTEGER NOT NULL,
    first INTEGER NOT NULL,
    next INTEGER NOT NULL,
    fingerprint BLOB NOT NULL,
    recoveries INTEGER NOT NULL,
    expiry INTEGER NOT NULL,
    blobs BLOB NOT NULL,
    PRIMARY KEY ("partition", first)
) STRICT;
"#;

/// Why a file is of no use.
#[derive(Debug, thiserror::Error)]
pub(super) enum Useless {
    #[error(transparent)]
    Database(#[from] DatabaseError),
    #[error("{}: is of another log", .0.display())]
    Foreign(PathBuf),
}

/// Opens the file, or makes it, with the chains that it holds. One of another log is not emptied: that would read all of it.
pub(super) fn open(path: &Path, generation: &Generation) -> Result<(Database, HashMap<u32, Chain>), Useless> {
    let database = Database::open(path, SCHEMA, Durability::Cached)?;
    let origin = (generation.number, generation.plan.topic.clone(), generation.log.to_string());
    let is_ours = database.write_blocking(move |transaction| {
        let origin = params![origin.0, origin.1, origin.2];
        let new = "INSERT INTO origin SELECT ?1, ?2, ?3 WHERE NOT EXISTS (SELECT 1 FROM origin)";
        transaction.execute(new, origin)?;
        let same = "SELECT count(*) FROM origin WHERE generation = ?1 AND topic = ?2 AND log = ?3";
        transaction.query_row(same, origin, |row| row.get::<_, bool>(0))
    })?;
    if !is_ours {
        return Err(Useless::Foreign(path.to_owned()));
    }
    let index = database.read_blocking(read_index)?;
    Ok((database, index))
}

/// Each partition's chain, up to where it no longer joins.
fn read_index(connection: &Connection) -> rusqlite::Result<HashMap<u32, Chain>> {
    let mut select = connection.prepare(
        r#"SELECT "partition", first, next, expiry, length(blobs), fingerprint, recoveries FROM sights
           ORDER BY "partition", first"#,
    )?;
    let mut rows = select.query([])?;
    let mut index: HashMap<u32, Chain> = HashMap::new();
    while let Some(row) = rows.next()? {
        let (first, next): (i64, i64) = (row.get(1)?, row.get(2)?);
        let (Ok(first), Ok(next)) = (u64::try_from(first), u64::try_from(next)) else {
            continue;
        };
        let chain = index.entry(row.get(0)?).or_default();
        if *chain.next.get_or_insert(first) == first {
            let size: i64 = row.get(4)?;
            chain.next = Some(next);
            chain.pieces.push(Piece {
                offsets: first..next,
                fingerprint: Fingerprint(u128::from_be_bytes(row.get(5)?)),
                recoveries: row.get(6)?,
                expiry: Day::from_epoch_days(row.get(3)?),
                size: usize::try_from(size).unwrap_or(usize::MAX),
            });
        }
    }
    Ok(index)
}

/// Writes what a save does to a chain.
///
/// # Errors
/// Also when the file does not hold the chain that this goes on with.
pub(super) fn write(transaction: &Transaction<'_>, change: Change) -> rusqlite::Result<()> {
    let Change { add, follows, join, prune } = change;
    // What stands at or behind the start of this stretch is of a chain that was given up.
    transaction
        .prepare_cached(r#"DELETE FROM sights WHERE "partition" = ?1 AND (next > ?2 OR next <= ?3)"#)?
        .execute(params![add.partition, int(add.offsets.start), prune.map_or(-1, int)])?;
    if let Some(offsets) = join {
        join_pieces(transaction, add.partition, &offsets)?;
    }
    let last = r#"SELECT 1 WHERE (SELECT max(next) FROM sights WHERE "partition" = ?1) IS ?2"#;
    transaction.prepare_cached(last)?.query_row(params![add.partition, follows.map(int)], |_| Ok(()))?;
    let mut blobs = Vec::with_capacity(add.blob.len() + 4);
    blobs.extend_from_slice(&u32::try_from(add.blob.len()).unwrap_or(u32::MAX).to_be_bytes());
    blobs.extend_from_slice(&add.blob);
    let last = (add.fingerprint.0.to_be_bytes(), add.recoveries);
    insert(transaction, add.partition, &add.offsets, last, add.expiry.epoch_days(), &blobs)
}

/// Forgets the pieces of a partition that end behind `end`.
pub(super) fn forget_behind(transaction: &Transaction<'_>, partition: u32, end: u64) -> rusqlite::Result<()> {
    transaction
        .prepare_cached(r#"DELETE FROM sights WHERE "partition" = ? AND next > ?"#)?
        .execute(params![partition, int(end)])
        .map(drop)
}

fn join_pieces(transaction: &Transaction<'_>, partition: u32, offsets: &Range<u64>) -> rusqlite::Result<()> {
    let place = params![partition, int(offsets.start), int(offsets.end)];
    let within = r#""partition" = ? AND first >= ? AND next <= ?"#;
    let (mut joined, mut expiry, mut last, mut next) = (Vec::new(), 0, ([0; 16], 0), int(offsets.start));
    let mut select = transaction.prepare_cached(&format!(
        "SELECT blobs, expiry, fingerprint, recoveries, first, next FROM sights WHERE {within} ORDER BY first"
    ))?;
    let mut rows = select.query(place)?;
    while let Some(row) = rows.next()? {
        if row.get::<_, i64>(4)? != next {
            break;
        }
        next = row.get(5)?;
        joined.extend_from_slice(row.get_ref(0)?.as_blob()?);
        expiry = expiry.max(row.get(1)?);
        last = (row.get(2)?, row.get(3)?);
    }
    if next != int(offsets.end) {
        return Err(rusqlite::Error::QueryReturnedNoRows);
    }
    transaction.prepare_cached(&format!("DELETE FROM sights WHERE {within}"))?.execute(place)?;
    insert(transaction, partition, offsets, last, expiry, &joined)
}

fn insert(
    transaction: &Transaction<'_>,
    partition: u32,
    offsets: &Range<u64>,
    (fingerprint, recoveries): ([u8; 16], u32),
    expiry: i32,
    blobs: &[u8],
) -> rusqlite::Result<()> {
    transaction
        .prepare_cached(
            r#"INSERT INTO sights ("partition", first, next, fingerprint, recoveries, expiry, blobs)
               VALUES (?, ?, ?, ?, ?, ?, ?)"#,
        )?
        .execute(params![partition, int(offsets.start), int(offsets.end), fingerprint, recoveries, expiry, blobs])?;
    Ok(())
}

/// Offsets stay below 2^63.
pub(super) fn int(offset: u64) -> i64 {
    i64::try_from(offset).unwrap_or(i64::MAX)
}
