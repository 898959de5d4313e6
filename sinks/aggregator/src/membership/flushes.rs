//! The flushes that are out: each writes its rows to the store as soon as it was taken, beside the others; one commit after the
//! other brings to the stream what the store has, in the order in which it was taken.

use std::collections::{BTreeSet, VecDeque};
use std::future::pending;
use std::sync::Arc;

use futures::future::select_all;
use tallygate_stream::StreamError;
use tallygate_sums::SumsError;
use tokio::task::JoinSet;

use crate::failure::Failure;
use crate::flush::{Committed, Flusher, Written};
use crate::limits::WRITES;
use crate::local_state::Save;
use crate::partition::PartitionFlush;

/// What was taken of partitions and is not committed. Dropped, none of it goes further; a commit that was begun takes place or
/// not.
pub(super) struct Flushes {
    flusher: Arc<Flusher>,
    /// Most rows of one commit, unless one flush alone has more.
    most_rows: usize,
    /// In the order in which they were taken.
    writing: VecDeque<Writing>,
    committing: Option<Committing>,
}

/// What one flush, or one commit, brings.
#[derive(Debug, Default)]
struct Brings {
    /// Of each partition, the offset up to which it was folded.
    positions: Vec<(u32, u64)>,
    records: u64,
    rows: usize,
}

struct Writing {
    brings: Brings,
    /// Whether no other may be committed with it.
    is_alone: bool,
    written: Option<Written>,
    /// Of each of its partitions, what is saved when it is committed.
    saves: Vec<Save>,
    /// One alone.
    task: JoinSet<Result<Written, SumsError>>,
}

struct Committing {
    brings: Brings,
    store_was_away: bool,
    /// One alone.
    task: JoinSet<Committed>,
}

/// A commit that ended.
#[derive(Debug)]
pub(super) struct Ended {
    /// What it brings, where it went well.
    pub(super) positions: Vec<(u32, u64)>,
    /// Whether the store failed meanwhile: it may have lost something.
    pub(super) store_was_away: bool,
    /// What was to be saved and was not.
    pub(super) unsaved: Vec<Save>,
    pub(super) outcome: Result<(), StreamError>,
}

impl Flushes {
    pub(super) fn new(flusher: Arc<Flusher>, most_rows: usize) -> Self {
        Self { flusher, most_rows, writing: VecDeque::new(), committing: None }
    }

    /// Whether there is room for one more.
    pub(super) fn has_room(&self) -> bool {
        let rows: usize = self.writing.iter().map(|writing| writing.brings.rows).sum();
        self.writing.len() < WRITES && rows < self.most_rows
    }

    /// Begins with one more; `is_alone` when it is to be committed without others.
    pub(super) fn begin(&mut self, mut parts: Vec<PartitionFlush>, is_alone: bool) {
        let brings = Brings {
            positions: parts.iter().map(|part| (part.partition, part.position.next)).collect(),
            records: parts.iter().map(|part| part.records).sum(),
            rows: parts.iter().map(|part| part.rows.len()).sum(),
        };
        let saves = parts.iter_mut().filter_map(|part| part.save.take()).collect();
        let mut task = JoinSet::new();
        task.spawn(Arc::clone(&self.flusher).write(parts));
        self.writing.push_back(Writing { brings, is_alone, written: None, saves, task });
    }

    pub(super) fn is_empty(&self) -> bool {
        self.writing.is_empty() && self.committing.is_none()
    }

    /// The partitions of all that are out.
    pub(super) fn partitions(&self) -> BTreeSet<u32> {
        self.all().flat_map(|brings| &brings.positions).map(|(partition, _)| *partition).collect()
    }

    /// How many records they make visible.
    pub(super) fn records(&self) -> u64 {
        self.all().map(|brings| brings.records).sum()
    }

    /// The end of the next commit; never when nothing is out. Cancel-safe.
    ///
    /// # Errors
    /// When rows cannot be written.
    pub(super) async fn next(&mut self) -> Result<Ended, Failure> {
        loop {
            self.commit_written();
            tokio::select! {
                written = next_written(&mut self.writing) => {
                    let (place, written) = written?;
                    if let Some(writing) = self.writing.get_mut(place) {
                        writing.written = Some(written);
                    }
                }
                ended = end_of(&mut self.committing) => return ended,
            }
        }
    }

    /// The end of the commit that is out, if it is with any of these partitions: it must not slip into the next assignment.
    ///
    /// # Errors
    /// When a task was lost.
    pub(super) async fn end_of_any(&mut self, partitions: &[u32]) -> Result<Option<Ended>, Failure> {
        match &self.committing {
            Some(committing) if committing.brings.has_any(partitions) => end_of(&mut self.committing).await.map(Some),
            _ => Ok(None),
        }
    }

    /// What was taken of these partitions, and no commit was begun with, is not committed any more; returns what was to be saved
    /// with it.
    pub(super) fn drop_written(&mut self, partitions: &[u32]) -> Vec<Save> {
        let mut unsaved = Vec::new();
        for writing in &mut self.writing {
            writing.brings.positions.retain(|(partition, _)| !partitions.contains(partition));
            unsaved.extend(writing.saves.extract_if(.., |save| partitions.contains(&save.partition)));
        }
        self.writing.retain(|writing| !writing.brings.positions.is_empty());
        unsaved
    }

    /// Begins to commit what the store has, as much as one commit takes, unless one is out.
    fn commit_written(&mut self) {
        if self.committing.is_some() {
            return;
        }
        let (mut brings, mut all, mut saves, mut store_was_away) = (Brings::default(), Vec::new(), Vec::new(), false);
        let mut is_alone = false;
        while let Some(next) = self.writing.front() {
            let fits = brings.rows + next.brings.rows <= self.most_rows && !is_alone && !next.is_alone;
            if next.written.is_none() || !(fits || all.is_empty()) {
                break;
            }
            let Some(Writing { brings: more, is_alone: alone, written: Some(mut written), saves: these, .. }) =
                self.writing.pop_front()
            else {
                break;
            };
            saves.extend(these);
            written.keep(|partition| more.has_any(&[partition]));
            store_was_away |= written.store_was_away;
            all.push(written);
            is_alone = alone;
            brings.add(more);
        }
        if !all.is_empty() {
            let mut task = JoinSet::new();
            task.spawn(Arc::clone(&self.flusher).commit(all, saves));
            self.committing = Some(Committing { brings, store_was_away, task });
        }
    }

    fn all(&self) -> impl Iterator<Item = &Brings> {
        let writing = self.writing.iter().map(|writing| &writing.brings);
        writing.chain(self.committing.iter().map(|committing| &committing.brings))
    }
}

impl Brings {
    fn has_any(&self, partitions: &[u32]) -> bool {
        self.positions.iter().any(|(partition, _)| partitions.contains(partition))
    }

    fn add(&mut self, later: Self) {
        self.positions.extend(later.positions);
        self.records += later.records;
        self.rows += later.rows;
    }
}

/// The next flush whose rows are in the store, by its place; never when none is being written.
async fn next_written(writing: &mut VecDeque<Writing>) -> Result<(usize, Written), Failure> {
    let unwritten = writing.iter_mut().enumerate().filter(|(_, writing)| writing.written.is_none());
    let ends: Vec<_> = unwritten
        .map(|(place, writing)| {
            Box::pin(async move {
                match writing.task.join_next().await {
                    Some(written) => Ok((place, written??)),
                    None => pending().await,
                }
            })
        })
        .collect();
    if ends.is_empty() { pending().await } else { select_all(ends).await.0 }
}

/// The end of the commit that is out; never when there is none.
async fn end_of(out: &mut Option<Committing>) -> Result<Ended, Failure> {
    let outcome = match out {
        Some(committing) => committing.task.join_next().await,
        None => None,
    };
    match (outcome, out.take()) {
        (Some(outcome), Some(Committing { brings, store_was_away, .. })) => {
            let Committed { unsaved, outcome } = outcome?;
            Ok(Ended { positions: brings.positions, store_was_away, unsaved, outcome })
        }
        _ => pending().await,
    }
}
