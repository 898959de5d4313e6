//! The identities of earlier flushes in a file of our own: a cache, which may vanish at any time.
//!
//! For each partition it holds a chain of pieces, each the packed identities of one stretch of the log. A piece holds one
//! or more blobs, each behind its length. A chain that does not join, or does not read, is dropped: the log has it all.

use std::collections::HashMap;
use std::ops::Range;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tallygate_core::fold::Fold;
use tallygate_core::{Day, Generation};
use tallygate_embedded::rusqlite::{self, Connection, Transaction, params};
use tallygate_embedded::{Database, DatabaseError, Durability};

use crate::limits::{BLOB_TIERS, JOIN_BLOBS, RESTORE_BYTES};

/// The local state, or none.
pub(crate) struct LocalState {
    database: Option<Database>,
    index: Mutex<HashMap<u32, Chain>>,
}

/// What a flush adds to a partition's chain.
#[derive(Debug)]
pub(crate) struct Save {
    pub(crate) partition: u32,
    /// The stretch of the log whose identities these are.
    pub(crate) stretch: Range<u64>,
    /// The last log day on which any of them is needed.
    pub(crate) expiry: Day,
    pub(crate) blob: Vec<u8>,
    /// The log day now.
    pub(crate) log_day: Day,
    /// Pieces that end at or before it may be joined: nobody restores to a place within them.
    pub(crate) joinable: u64,
}

/// The pieces do not read, or are not those that were there before.
#[derive(Debug, thiserror::Error)]
#[error("the local state of partition {0} does not read; the log serves instead")]
pub(crate) struct Lost(u32);

/// The pieces of a partition. Of what stands before its first one nothing is needed any more, so a piece is only ever added
/// where the last one ended. A partition that has no chain gets none before it is taken over again.
#[derive(Debug, Default)]
struct Chain {
    pieces: Vec<Piece>,
    /// Where the next piece must begin; none when the partition is learnt anew, from wherever that begins.
    next: Option<u64>,
}

#[derive(Clone, Debug)]
struct Piece {
    stretch: Range<u64>,
    expiry: Day,
    size: usize,
}

/// What one save does to a chain.
struct Change {
    add: Save,
    join: Option<Range<u64>>,
    prune: Option<u64>,
}

const SCHEMA: &str = r#"
CREATE TABLE IF NOT EXISTS log (generation INTEGER NOT NULL, topic TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS identities (
    "partition" INTEGER NOT NULL,
    first INTEGER NOT NULL,
    next INTEGER NOT NULL,
    expiry INTEGER NOT NULL,
    blobs BLOB NOT NULL,
    PRIMARY KEY ("partition", first)
) STRICT;
"#;

impl LocalState {
    /// Opens the file. One that is damaged, or of another log, is begun anew; without a path, or when nothing helps, the
    /// log alone serves.
    pub(crate) fn open(path: Option<&Path>, generation: &Generation) -> Self {
        let none = Self { database: None, index: Mutex::default() };
        let Some(path) = path else { return none };
        let opened = open(path, generation).or_else(|error| {
            tracing::warn!(%error, "the local state is begun anew");
            for ending in ["", "-wal", "-shm"] {
                let mut file = path.as_os_str().to_owned();
                file.push(ending);
                let _ = std::fs::remove_file(file);
            }
            open(path, generation)
        });
        match opened {
            Ok((database, index)) => Self { database: Some(database), index: Mutex::new(index) },
            Err(error) => {
                tracing::warn!(%error, "there is no local state: after a restart identities are learnt from the log");
                none
            }
        }
    }

    /// The last place at or before `most` up to which identities can be taken back.
    pub(crate) fn restore_point(&self, partition: u32, most: u64) -> Option<u64> {
        let index = self.index();
        let ends = index.get(&partition)?.pieces.iter().map(|piece| piece.stretch.end);
        ends.take_while(|end| *end <= most).last()
    }

    /// Gives the identities up to a restore point to the fold, and forgets what comes behind it.
    pub(crate) async fn restore(&self, partition: u32, end: u64, mut fold: Fold) -> Result<Fold, Lost> {
        let Some(database) = &self.database else {
            return Err(Lost(partition));
        };
        self.forget_behind(partition, end).await?;
        let mut from = 0;
        loop {
            let page = database.read(move |connection| restore_page(connection, partition, from, fold)).await;
            match page {
                Ok(Page { next: Some(next), fold: done, .. }) if next == end => return Ok(done),
                Ok(Page { next: Some(next), more: true, fold: so_far }) => (from, fold) = (next, so_far),
                Ok(_) => break,
                Err(error) => {
                    tracing::warn!(%error, "the local state does not read");
                    break;
                }
            }
        }
        self.forget_behind(partition, 0).await?;
        Err(Lost(partition))
    }

    /// Forgets the pieces that end behind `end`; all of them when it is 0.
    pub(crate) async fn forget_behind(&self, partition: u32, end: u64) -> Result<(), Lost> {
        let Some(database) = &self.database else {
            return Ok(());
        };
        let forget = move |transaction: &Transaction<'_>| {
            transaction
                .prepare_cached(r#"DELETE FROM identities WHERE "partition" = ? AND next > ?"#)?
                .execute(params![partition, int(end)])
        };
        if let Err(error) = database.write(forget).await {
            tracing::warn!(%error, "the local state cannot be written");
            self.index().remove(&partition);
            return Err(Lost(partition));
        }
        let mut index = self.index();
        let chain = index.entry(partition).or_default();
        chain.pieces.retain(|piece| piece.stretch.end <= end);
        chain.next = (end > 0).then_some(end);
        Ok(())
    }

    /// Adds to the chains, joins small pieces and drops expired ones. A failure costs the chains, not more.
    pub(crate) async fn save(&self, saves: Vec<Save>) {
        let Some(database) = &self.database else { return };
        let partitions: Vec<u32> = saves.iter().map(|save| save.partition).collect();
        let changes: Vec<Change> = {
            let mut index = self.index();
            saves.into_iter().filter_map(|save| index.get_mut(&save.partition)?.add(save)).collect()
        };
        let write =
            move |transaction: &Transaction<'_>| changes.into_iter().try_for_each(|change| change.write(transaction));
        if let Err(error) = database.write(write).await {
            tracing::warn!(%error, "the local state cannot be written");
            for partition in partitions {
                self.index().remove(&partition);
            }
        }
    }

    fn index(&self) -> MutexGuard<'_, HashMap<u32, Chain>> {
        self.index.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Chain {
    /// Adds a piece, joins small ones, drops expired ones; tells what that means for the file. None when it does not join:
    /// then the chain ends here, for good.
    fn add(&mut self, save: Save) -> Option<Change> {
        if *self.next.get_or_insert(save.stretch.start) != save.stretch.start {
            return None;
        }
        self.next = Some(save.stretch.end);
        let pieces = &mut self.pieces;
        let expired = pieces.iter().take_while(|piece| piece.expiry < save.log_day).count();
        let prune = pieces.drain(..expired).next_back().map(|piece| piece.stretch.end);
        let join = joinable(pieces, save.joinable).map(|range| {
            let run = &pieces[range.clone()];
            let stretch = pieces[range.start].stretch.start..pieces[range.end - 1].stretch.end;
            let joined = Piece {
                stretch: stretch.clone(),
                expiry: run.iter().map(|piece| piece.expiry).max().unwrap_or(save.expiry),
                size: run.iter().map(|piece| piece.size).sum(),
            };
            pieces.splice(range, [joined]);
            stretch
        });
        pieces.push(Piece { stretch: save.stretch.clone(), expiry: save.expiry, size: save.blob.len() });
        Some(Change { add: save, join, prune })
    }
}

/// The latest run of pieces of about one size that is long enough to be joined.
fn joinable(pieces: &[Piece], safe: u64) -> Option<Range<usize>> {
    let settled = pieces.partition_point(|piece| piece.stretch.end <= safe);
    BLOB_TIERS.into_iter().find_map(|tier| {
        let small = pieces[..settled].iter().rev().take_while(|piece| piece.size < tier).count();
        (small >= JOIN_BLOBS).then(|| settled - JOIN_BLOBS..settled)
    })
}

impl Change {
    fn write(self, transaction: &Transaction<'_>) -> rusqlite::Result<()> {
        let Self { add, join, prune } = self;
        // What stands at or behind the start of this stretch is of a chain that was given up.
        transaction
            .prepare_cached(r#"DELETE FROM identities WHERE "partition" = ?1 AND (next > ?2 OR next <= ?3)"#)?
            .execute(params![add.partition, int(add.stretch.start), prune.map_or(-1, int)])?;
        if let Some(stretch) = join {
            join_pieces(transaction, add.partition, &stretch)?;
        }
        let mut blobs = Vec::with_capacity(add.blob.len() + 4);
        blobs.extend_from_slice(&u32::try_from(add.blob.len()).unwrap_or(u32::MAX).to_be_bytes());
        blobs.extend_from_slice(&add.blob);
        insert(transaction, add.partition, &add.stretch, add.expiry.epoch_days(), &blobs)
    }
}

fn join_pieces(transaction: &Transaction<'_>, partition: u32, stretch: &Range<u64>) -> rusqlite::Result<()> {
    let place = params![partition, int(stretch.start), int(stretch.end)];
    let within = r#""partition" = ? AND first >= ? AND next <= ?"#;
    let (mut joined, mut expiry) = (Vec::new(), i32::MIN);
    let mut select =
        transaction.prepare_cached(&format!("SELECT blobs, expiry FROM identities WHERE {within} ORDER BY first"))?;
    let mut rows = select.query(place)?;
    while let Some(row) = rows.next()? {
        joined.extend_from_slice(row.get_ref(0)?.as_blob()?);
        expiry = expiry.max(row.get(1)?);
    }
    transaction.prepare_cached(&format!("DELETE FROM identities WHERE {within}"))?.execute(place)?;
    insert(transaction, partition, stretch, expiry, &joined)
}

fn insert(
    transaction: &Transaction<'_>,
    partition: u32,
    stretch: &Range<u64>,
    expiry: i32,
    blobs: &[u8],
) -> rusqlite::Result<()> {
    transaction
        .prepare_cached(r#"INSERT INTO identities ("partition", first, next, expiry, blobs) VALUES (?, ?, ?, ?, ?)"#)?
        .execute(params![partition, int(stretch.start), int(stretch.end), expiry, blobs])?;
    Ok(())
}

/// The fold with some pieces more: up to where it came, none when they do not join or read, and whether there are others.
struct Page {
    fold: Fold,
    next: Option<u64>,
    more: bool,
}

fn restore_page(connection: &Connection, partition: u32, from: u64, mut fold: Fold) -> rusqlite::Result<Page> {
    let mut select = connection.prepare_cached(
        r#"SELECT first, next, blobs FROM identities WHERE "partition" = ? AND first >= ? ORDER BY first"#,
    )?;
    let mut rows = select.query(params![partition, int(from)])?;
    let (mut place, mut bytes) = ((from > 0).then_some(int(from)), 0);
    let uint = |place: Option<i64>| place.and_then(|place| u64::try_from(place).ok());
    while let Some(row) = rows.next()? {
        let (first, next): (i64, i64) = (row.get(0)?, row.get(1)?);
        let blobs = row.get_ref(2)?.as_blob()?;
        if place.is_some_and(|place| place != first) || !restore_blobs(&mut fold, blobs) {
            return Ok(Page { fold, next: None, more: false });
        }
        place = Some(next);
        bytes += blobs.len();
        if bytes >= RESTORE_BYTES {
            return Ok(Page { fold, next: uint(place), more: true });
        }
    }
    Ok(Page { fold, next: uint(place), more: false })
}

fn restore_blobs(fold: &mut Fold, mut blobs: &[u8]) -> bool {
    while let Some((length, rest)) = blobs.split_first_chunk() {
        let Some((blob, rest)) = rest.split_at_checked(u32::from_be_bytes(*length) as usize) else {
            return false;
        };
        if fold.restore(blob).is_err() {
            return false;
        }
        blobs = rest;
    }
    blobs.is_empty()
}

fn open(path: &Path, generation: &Generation) -> Result<(Database, HashMap<u32, Chain>), DatabaseError> {
    let database = Database::open(path, SCHEMA, Durability::Cached)?;
    let (number, topic) = (generation.number, generation.plan.topic.clone());
    database.write_blocking(move |transaction| {
        let same = "SELECT count(*) FROM log WHERE generation = ? AND topic = ?";
        let same: u32 = transaction.query_row(same, params![number, topic], |row| row.get(0))?;
        if same == 0 {
            transaction.execute_batch("DELETE FROM identities; DELETE FROM log")?;
            transaction.execute("INSERT INTO log VALUES (?, ?)", params![number, topic])?;
        }
        Ok(())
    })?;
    let index = database.read_blocking(read_index)?;
    Ok((database, index))
}

/// Each partition's chain, up to where it no longer joins.
fn read_index(connection: &Connection) -> rusqlite::Result<HashMap<u32, Chain>> {
    let mut select = connection.prepare(
        r#"SELECT "partition", first, next, expiry, length(blobs) FROM identities ORDER BY "partition", first"#,
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
                stretch: first..next,
                expiry: Day::from_epoch_days(row.get(3)?),
                size: usize::try_from(size).unwrap_or(usize::MAX),
            });
        }
    }
    Ok(index)
}

/// Offsets stay below 2^63.
fn int(offset: u64) -> i64 {
    i64::try_from(offset).unwrap_or(i64::MAX)
}

#[cfg(test)]
#[path = "local_state_tests.rs"]
mod tests;
