//! Owns all partitions of the embedded stream: the latest live subscription does, and what an earlier one commits is refused.

use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;
use tallygate_embedded::Write;
use tallygate_embedded::rusqlite::{self, Transaction};

use super::changes::Changes;
use super::committer::EmbeddedCommitter;
use super::log;
use super::shared::Shared;
use crate::port::{Committer, Event, StreamError, Subscription};
use crate::timeouts::HAND_OVER;

/// A subscription.
pub(super) struct EmbeddedSubscription {
    shared: Arc<Shared>,
    member: u64,
    committer: Arc<EmbeddedCommitter>,
    /// Whether the partitions were given to us, and not taken back.
    owns: bool,
    changes: Changes,
    /// Until when the former owner may finish what it commits.
    patience: Option<Instant>,
}

/// What was committed, by partition.
type Offsets = Vec<(u32, Option<u64>)>;

impl EmbeddedSubscription {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        let member = shared.members.join();
        let changes = shared.changes();
        shared.changed();
        let committer = Arc::new(EmbeddedCommitter::new(Arc::clone(&shared)));
        Self { shared, member, committer, owns: false, changes, patience: None }
    }

    async fn assign(&mut self) -> Result<Event, StreamError> {
        let partitions = self.shared.partitions;
        let own = move |tx: &Transaction<'_>| -> rusqlite::Result<(u64, Offsets)> {
            let epoch = log::setting(tx, log::EPOCH)?.unwrap_or_default() + 1;
            log::set_setting(tx, log::EPOCH, epoch)?;
            let committed = |partition| Ok((partition, log::committed(tx, partition)?));
            let committed = (0..partitions).map(committed).collect::<rusqlite::Result<_>>()?;
            Ok((u64::try_from(epoch).unwrap_or_default(), committed))
        };
        // Taken by one who went away meanwhile, it is nobody's; the owner must know, to take another.
        let members = Arc::clone(&self.shared.members);
        let own = Write::new(own).then(move |taken| {
            if let Ok((epoch, _)) = taken {
                members.take_epoch(*epoch);
            }
        });
        let (epoch, committed) = self.shared.write(own).await?;
        self.shared.members.give(self.member);
        self.shared.changed();
        self.owns = true;
        self.committer.own(epoch);
        Ok(Event::Assigned(committed))
    }
}

#[async_trait]
impl Subscription for EmbeddedSubscription {
    async fn next(&mut self) -> Result<Event, StreamError> {
        loop {
            // One that ceased to be the owner may still have taken the latest epoch, just before; then we take another.
            let is_latest = self.committer.epoch() == self.shared.members.epoch();
            let is_ours = self.shared.members.is_owner(self.member) && (is_latest || !self.owns);
            match (is_ours, self.owns) {
                (true, false) => {
                    let until = *self.patience.get_or_insert_with(|| Instant::now() + HAND_OVER);
                    let left = until.saturating_duration_since(Instant::now());
                    if !self.shared.members.is_held_by_another(self.member) || left.is_zero() {
                        return self.assign().await;
                    }
                    // Over or not, one looks again.
                    let _ = tokio::time::timeout(left, self.changes.next()).await;
                    continue;
                }
                (false, true) => {
                    self.owns = false;
                    self.patience = None;
                    self.committer.let_go();
                    self.shared.members.let_go(self.member);
                    self.shared.changed();
                    return Ok(Event::Revoked((0..self.shared.partitions).collect()));
                }
                (false, false) => self.patience = None,
                (true, true) => {}
            }
            self.changes.next().await;
        }
    }

    fn committer(&self) -> Arc<dyn Committer> {
        Arc::clone(&self.committer) as Arc<dyn Committer>
    }

    async fn leave(self: Box<Self>) {}
}

impl Drop for EmbeddedSubscription {
    fn drop(&mut self) {
        self.committer.let_go();
        self.shared.members.leave(self.member);
        self.shared.changed();
    }
}
