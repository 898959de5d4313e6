//! Who subscribed to the embedded stream, and who of them owns its partitions.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

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

impl Members {
    /// Nothing is committed under an earlier epoch any more.
    pub(super) fn take_epoch(&self, epoch: u64) {
        self.epoch.fetch_max(epoch, Ordering::AcqRel);
    }

    /// The partitions were given to a member.
    pub(super) fn give(&self, member: u64) {
        self.holder.store(member, Ordering::Release);
    }

    pub(super) fn join(&self) -> u64 {
        let member = self.joined.fetch_add(1, Ordering::Relaxed) + 1;
        self.lock().push(member);
        member
    }

    pub(super) fn leave(&self, member: u64) {
        self.lock().retain(|other| *other != member);
        self.let_go(member);
    }

    pub(super) fn let_go(&self, member: u64) {
        // Another one may hold them already.
        let _ = self.holder.compare_exchange(member, 0, Ordering::AcqRel, Ordering::Relaxed);
    }

    pub(super) fn is_held_by_another(&self, member: u64) -> bool {
        ![0, member].contains(&self.holder.load(Ordering::Acquire))
    }

    pub(super) fn is_owner(&self, member: u64) -> bool {
        self.lock().last() == Some(&member)
    }

    pub(super) fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::Acquire)
    }

    fn lock(&self) -> MutexGuard<'_, Vec<u64>> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
