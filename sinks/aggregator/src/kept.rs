//! Partitions as they went from us: one that comes back soon, and that nobody folded on, is taken up again and not built anew.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::time::Instant;

use crate::partition::Partition;
use crate::timeouts::KEPT;

/// By number, for a while each. They outlive the memberships.
#[derive(Default)]
pub(crate) struct Kept(Mutex<BTreeMap<u32, (Instant, Partition)>>);

impl Kept {
    /// Keeps one that goes.
    pub(crate) fn put(&self, number: u32, partition: Partition) {
        self.put_back(number, Instant::now(), partition);
    }

    /// Keeps one that went then.
    pub(crate) fn put_back(&self, number: u32, left_at: Instant, partition: Partition) {
        self.forget_old();
        self.lock().insert(number, (left_at, partition));
    }

    /// Takes one out, with when it went.
    pub(crate) fn take(&self, number: u32) -> Option<(Instant, Partition)> {
        self.forget_old();
        self.lock().remove(&number)
    }

    /// Gives back the memory of those that did not come back.
    pub(crate) fn forget_old(&self) {
        self.lock().retain(|_, (left_at, _)| left_at.elapsed() < KEPT);
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<u32, (Instant, Partition)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
