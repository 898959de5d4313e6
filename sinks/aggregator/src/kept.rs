//! Partitions as they went from us: one that comes back soon is taken over with what is still known of it, and not built anew.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::time::Instant;

use crate::local_state::Save;
use crate::partition::Partition;
use crate::timeouts::KEPT;

/// By number, for a while each. They outlive the memberships.
#[derive(Default)]
pub(crate) struct Kept(Mutex<State>);

#[derive(Default)]
struct State {
    partitions: BTreeMap<u32, KeptPartition>,
    /// What was packed of partitions, and was not saved, as the flush that it went with was not committed; since when.
    unsaved: BTreeMap<u32, (Instant, Vec<Save>)>,
}

/// One that went.
pub(crate) struct KeptPartition {
    pub(crate) left_at: Instant,
    pub(crate) partition: Partition,
    /// What it packed and the local state lacks, in its order.
    pub(crate) unsaved: Vec<Save>,
}

impl Kept {
    /// Keeps one that goes.
    pub(crate) fn put(&self, number: u32, partition: Partition) {
        self.put_back(number, KeptPartition { left_at: Instant::now(), partition, unsaved: Vec::new() });
    }

    /// Keeps one that went before.
    pub(crate) fn put_back(&self, number: u32, kept: KeptPartition) {
        self.forget_old();
        self.lock().partitions.insert(number, kept);
    }

    /// What of partitions that go, or just went, is saved only when they come back.
    pub(crate) fn add_unsaved(&self, saves: Vec<Save>) {
        let mut state = self.lock();
        for save in saves {
            let (since, unsaved) = state.unsaved.entry(save.partition).or_insert_with(|| (Instant::now(), Vec::new()));
            *since = Instant::now();
            unsaved.push(save);
        }
    }

    /// Takes one out.
    pub(crate) fn take(&self, number: u32) -> Option<KeptPartition> {
        self.forget_old();
        let mut state = self.lock();
        let unsaved = state.unsaved.remove(&number);
        let mut kept = state.partitions.remove(&number)?;
        kept.unsaved.extend(unsaved.map(|(_, unsaved)| unsaved).unwrap_or_default());
        kept.unsaved.sort_by_key(|save| save.offsets.start);
        Some(kept)
    }

    /// Gives back the memory of those that did not come back.
    pub(crate) fn forget_old(&self) {
        let State { partitions, unsaved } = &mut *self.lock();
        partitions.retain(|_, kept| kept.left_at.elapsed() < KEPT);
        unsaved.retain(|_, (since, _)| since.elapsed() < KEPT);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
