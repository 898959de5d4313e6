//! Owns all partitions of the embedded stream: the latest live subscription does, and what an earlier one commits is refused.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use async_trait::async_trait;
use tallygate_embedded::rusqlite::{self, Connection, Transaction};

use super::follow::read;
use super::{Changes, Shared, explain, log, now};
use crate::limits::{HAND_OVER, NOTE_BYTES};
use crate::port::{Committed, Committer, Event, Flush, Planner, StreamError, Subscription, Topic};

/// The live subscriptions, and the latest ownership.
#[derive(Default)]
pub(super) struct Members {
    joined: AtomicU64,
    /// The owner stands last.
    live: Mutex<Vec<u64>>,
    /// Who was given the partitions and not yet told that they are gone; 0 is nobody.
    holder: AtomicU64,
    epoch: AtomicU64,
}

/// A subscription.
pub(super) struct EmbeddedSubscription {
    shared: Arc<Shared>,
    planner: Arc<dyn Planner>,
    member: u64,
    committer: Arc<EmbeddedCommitter>,
    /// Where to read on, while the partitions are ours.
    positions: Option<Vec<(u32, u64)>>,
    changes: Changes,
    /// Until when the former owner may finish what it commits.
    patience: Option<Instant>,
}

/// What was committed, by partition.
type Positions = Vec<(u32, Option<Committed>)>;

/// The committing half.
struct EmbeddedCommitter {
    shared: Arc<Shared>,
    /// The ownership it commits under; 0 is none.
    epoch: AtomicU64,
}

impl EmbeddedSubscription {
    pub(super) fn new(shared: Arc<Shared>, planner: Arc<dyn Planner>) -> Self {
        let member = shared.members.join();
        let changes = shared.changes();
        shared.changed();
        let committer = Arc::new(EmbeddedCommitter { shared: Arc::clone(&shared), epoch: AtomicU64::new(0) });
        Self { shared, planner, member, committer, positions: None, changes, patience: None }
    }

    async fn assign(&mut self) -> Result<Event, StreamError> {
        let partitions = self.shared.partitions;
        let own = move |tx: &Transaction<'_>| -> rusqlite::Result<(u64, Positions)> {
            let epoch = log::setting(tx, log::EPOCH)?.unwrap_or_default() + 1;
            log::set_setting(tx, log::EPOCH, epoch)?;
            let committed = |partition| Ok((partition, log::position(tx, partition)?));
            let committed = (0..partitions).map(committed).collect::<rusqlite::Result<_>>()?;
            Ok((u64::try_from(epoch).unwrap_or_default(), committed))
        };
        let (epoch, committed) = self.shared.database.write(own).await.map_err(explain)?;
        self.shared.members.epoch.fetch_max(epoch, Ordering::AcqRel);
        self.shared.members.holder.store(self.member, Ordering::Release);
        self.shared.changed();
        let start = |(partition, committed): &(u32, Option<Committed>)| {
            (*partition, self.planner.start(*partition, committed.as_ref()))
        };
        let starts = committed.iter().map(start).collect();
        let positions = self.shared.find(Topic::Transactions, starts).await?;
        self.positions = Some(positions);
        self.committer.epoch.store(epoch, Ordering::Release);
        Ok(Event::Assigned(committed))
    }
}

#[async_trait]
impl Subscription for EmbeddedSubscription {
    async fn next(&mut self) -> Result<Event, StreamError> {
        loop {
            // One that ceased to be the owner may still have taken the latest epoch, just before; then we take another.
            let is_latest = self.committer.epoch.load(Ordering::Acquire) == self.shared.members.epoch();
            let is_ours = self.shared.members.is_owner(self.member) && (is_latest || self.positions.is_none());
            match (is_ours, self.positions.clone()) {
                (true, None) => {
                    let until = *self.patience.get_or_insert_with(|| Instant::now() + HAND_OVER);
                    let left = until.saturating_duration_since(Instant::now());
                    if !self.shared.members.is_held_by_another(self.member) || left.is_zero() {
                        return self.assign().await;
                    }
                    // Over or not, one looks again.
                    let _ = tokio::time::timeout(left, self.changes.next()).await;
                    continue;
                }
                (false, Some(_)) => {
                    self.positions = None;
                    self.patience = None;
                    self.committer.epoch.store(0, Ordering::Release);
                    self.shared.members.let_go(self.member);
                    self.shared.changed();
                    return Ok(Event::Revoked((0..self.shared.partitions).collect()));
                }
                (false, None) => self.patience = None,
                (true, Some(positions)) => {
                    let found = read(&self.shared, Topic::Transactions, positions).await?;
                    self.positions = Some(found.positions);
                    if !found.records.is_empty() {
                        self.shared.metrics.read(found.records.len());
                        return Ok(Event::Records(found.records));
                    }
                }
            }
            self.changes.next().await;
        }
    }

    fn committer(&self) -> Arc<dyn Committer> {
        Arc::clone(&self.committer) as Arc<dyn Committer>
    }
}

impl Drop for EmbeddedSubscription {
    fn drop(&mut self) {
        self.committer.epoch.store(0, Ordering::Release);
        self.shared.members.leave(self.member);
        self.shared.changed();
    }
}

#[async_trait]
impl Committer for EmbeddedCommitter {
    async fn commit(&self, flush: Flush) -> Result<(), StreamError> {
        let begun = Instant::now();
        let records = flush.rows.len() + flush.dead_letters.len();
        let outcome = self.try_commit(flush).await;
        self.shared.metrics.commit.observe(begun, records, &outcome);
        outcome
    }
}

impl EmbeddedCommitter {
    async fn try_commit(&self, flush: Flush) -> Result<(), StreamError> {
        let epoch = self.epoch.load(Ordering::Acquire);
        if epoch == 0 {
            return Err(StreamError::Fenced("no partition is ours".to_owned()));
        }
        if flush.offsets.is_empty() {
            return Err(StreamError::Refused("a commit must bring the positions that it comes from".to_owned()));
        }
        if let Some((_, long)) = flush.offsets.iter().find(|(_, committed)| committed.note.len() > NOTE_BYTES) {
            let told = format!("a note has {} bytes, must have at most {NOTE_BYTES}", long.note.len());
            return Err(StreamError::Refused(told));
        }
        let written = flush.rows.iter().chain(&flush.dead_letters).map(|record| record.partition);
        self.shared.check_partitions(flush.offsets.iter().map(|(partition, _)| *partition).chain(written))?;
        let write = move |tx: &Transaction<'_>| -> rusqlite::Result<bool> {
            let current = log::setting(tx, log::EPOCH)?.and_then(|epoch| u64::try_from(epoch).ok());
            if current != Some(epoch) {
                return Ok(false);
            }
            write(tx, &flush).map(|()| true)
        };
        let is_ours = self.shared.database.write(write).await.map_err(explain)?;
        if !is_ours {
            return Err(StreamError::Fenced("another subscription has the partitions".to_owned()));
        }
        self.shared.changed();
        Ok(())
    }
}

impl Members {
    fn join(&self) -> u64 {
        let member = self.joined.fetch_add(1, Ordering::Relaxed) + 1;
        self.lock().push(member);
        member
    }

    fn leave(&self, member: u64) {
        self.lock().retain(|other| *other != member);
        self.let_go(member);
    }

    fn let_go(&self, member: u64) {
        // Another one may hold them already.
        let _ = self.holder.compare_exchange(member, 0, Ordering::AcqRel, Ordering::Relaxed);
    }

    fn is_held_by_another(&self, member: u64) -> bool {
        ![0, member].contains(&self.holder.load(Ordering::Acquire))
    }

    fn is_owner(&self, member: u64) -> bool {
        self.lock().last() == Some(&member)
    }

    fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::Acquire)
    }

    fn lock(&self) -> MutexGuard<'_, Vec<u64>> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn write(log: &Connection, flush: &Flush) -> rusqlite::Result<()> {
    let now = now();
    log::append(log, Topic::DailySums, &flush.rows, now)?;
    log::append(log, Topic::DeadLetters, &flush.dead_letters, now)?;
    flush.offsets.iter().try_for_each(|(partition, committed)| log::set_position(log, *partition, committed))
}
