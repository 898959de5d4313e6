//! The identities of earlier flushes in a file of our own: a cache, which may vanish at any time.
//!
//! For each partition it holds a chain of pieces, each the packed identities of one stretch of the log. A piece holds one
//! or more blobs, each behind its length. A chain that does not join, or does not read, is dropped: the log has it all.

mod chain;
mod file;
mod restore;
mod save;

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tallygate_core::checkpoint::Fingerprint;
use tallygate_core::fold::Fold;
use tallygate_core::{Generation, Position};
use tallygate_embedded::{Database, Write};

use tokio::time::timeout;

use self::chain::{Chain, Change, Piece};
use self::restore::{Page, restore_page};
use crate::timeouts::SAVE;

pub(crate) use self::save::Save;

/// The local state, or none.
pub(crate) struct LocalState {
    database: Option<Database>,
    index: Mutex<HashMap<u32, Chain>>,
}

/// A stretch of the log whose identities are at hand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RestorePoint {
    /// Its first record.
    pub(crate) start: u64,
    /// Behind its last one.
    pub(crate) end: u64,
    /// Of its last one.
    pub(crate) fingerprint: Fingerprint,
}

impl RestorePoint {
    /// Whether all that is not known and may be needed is in a log that holds records from `low` on, and what is known is of that log.
    pub(crate) fn goes_with(&self, position: &Position, low: u64) -> bool {
        if self.end == position.next {
            return Some(self.fingerprint) == position.fingerprint;
        }
        self.end >= low
    }
}

/// The pieces do not read, or are not those that were there before.
#[derive(Debug, thiserror::Error)]
#[error("the local state of partition {0} does not read; the log serves instead")]
pub(crate) struct Lost(u32);

impl LocalState {
    /// Opens the file. One that is damaged, or of another log, is begun anew; without a path, or when nothing helps, the
    /// log alone serves.
    pub(crate) fn open(path: Option<&Path>, generation: &Generation) -> Self {
        let none = Self { database: None, index: Mutex::default() };
        let Some(path) = path else { return none };
        let opened = file::open(path, generation).or_else(|error| {
            tracing::warn!(%error, "the local state is begun anew");
            for ending in ["", "-wal", "-shm"] {
                let mut file = path.as_os_str().to_owned();
                file.push(ending);
                let _ = std::fs::remove_file(file);
            }
            file::open(path, generation)
        });
        match opened {
            Ok((database, index)) => Self { database: Some(database), index: Mutex::new(index) },
            Err(error) => {
                tracing::warn!(%error, "there is no local state: after a restart identities are learnt from the log");
                none
            }
        }
    }

    /// The last place at or before `most` up to which identities can be taken back, of a partition that was recovered so
    /// often.
    pub(crate) fn restore_point(&self, partition: u32, most: u64, recoveries: u32) -> Option<RestorePoint> {
        let index = self.index();
        let pieces = &index.get(&partition)?.pieces;
        let usable = |piece: &&Piece| piece.offsets.end <= most && piece.recoveries == recoveries;
        let last = pieces.iter().take_while(usable).last()?;
        let start = pieces.first()?.offsets.start;
        Some(RestorePoint { start, end: last.offsets.end, fingerprint: last.fingerprint })
    }

    /// The partitions of which anything is kept, each with its bytes.
    pub(crate) fn partitions(&self) -> Vec<(u32, usize)> {
        let index = self.index();
        let sizes = index.iter().map(|(number, chain)| (*number, chain.size()));
        sizes.filter(|(_, bytes)| *bytes > 0).collect()
    }

    /// Whether a piece of a partition that begins there goes on with what is kept of it, or begins it; any does where nothing is kept
    /// at all.
    pub(crate) fn takes(&self, partition: u32, from: Option<u64>, is_first: bool) -> bool {
        self.database.is_none() || self.index().get(&partition).is_some_and(|chain| chain.joins(from, is_first))
    }

    /// Gives the identities up to a restore point to the fold, and forgets what comes behind it.
    pub(crate) async fn restore(&self, partition: u32, end: u64, mut fold: Fold) -> Result<Fold, Lost> {
        let Some(database) = &self.database else {
            return Err(Lost(partition));
        };
        self.forget_behind(partition, end).await?;
        fold.reserve(self.index().get(&partition).map_or(0, Chain::size));
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
        if let Err(error) = database.write(move |transaction| file::forget_behind(transaction, partition, end)).await {
            tracing::warn!(%error, "the local state cannot be written");
            self.index().remove(&partition);
            return Err(Lost(partition));
        }
        let mut index = self.index();
        let chain = index.entry(partition).or_default();
        chain.pieces.retain(|piece| piece.offsets.end <= end);
        chain.next = (end > 0).then_some(end);
        Ok(())
    }

    /// Adds to the chains, joins small pieces and drops expired ones. A failure, or a disk that does not answer within
    /// [`SAVE`], costs the chains, not more.
    pub(crate) async fn save(&self, saves: Vec<Save>) {
        let Some(database) = &self.database else { return };
        let partitions: Vec<u32> = saves.iter().map(|save| save.partition).collect();
        let changes: Vec<Change> = {
            let mut index = self.index();
            saves.into_iter().filter_map(|save| index.get_mut(&save.partition)?.add(save)).collect()
        };
        if changes.is_empty() {
            return;
        }
        let bytes = changes.iter().map(|change| change.add.blob.len()).sum();
        let write =
            Write::new(move |transaction| changes.into_iter().try_for_each(|change| file::write(transaction, change)));
        let why = match timeout(SAVE, database.submit(write.of_bytes(bytes))).await {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(error.to_string()),
            Err(_) => Some(format!("no answer within {SAVE:?}")),
        };
        if let Some(why) = why {
            tracing::warn!(why, "the local state cannot be written: after a restart more is learnt from the log");
            for partition in partitions {
                self.index().remove(&partition);
            }
        }
    }

    fn index(&self) -> MutexGuard<'_, HashMap<u32, Chain>> {
        self.index.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
