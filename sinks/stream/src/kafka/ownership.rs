//! Which partitions the one who folds was told are ours, and the commits that rest on it.

use std::collections::BTreeSet;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::consumer::ConsumerGroupMetadata;

use crate::port::{Flush, StreamError};

/// What was handed out and not taken back.
///
/// It follows what the one who folds has *seen*, not what the group decided meanwhile: a commit then goes out under the
/// generation in which its records were read, and the broker refuses it when that is over.
#[derive(Default)]
pub(super) struct Ownership {
    state: Mutex<State>,
    finished: Condvar,
}

#[derive(Default)]
struct State {
    partitions: BTreeSet<u32>,
    generation: Option<Arc<ConsumerGroupMetadata>>,
    commits: usize,
}

/// Lets one commit go out; a hand-over waits until it is dropped.
pub(super) struct Permit {
    ownership: Arc<Ownership>,
    pub(super) generation: Arc<ConsumerGroupMetadata>,
}

impl Ownership {
    pub(super) fn grant(&self, partitions: BTreeSet<u32>, generation: Arc<ConsumerGroupMetadata>) {
        let mut state = self.lock();
        state.partitions = partitions;
        state.generation = Some(generation);
    }

    pub(super) fn revoke(&self) {
        let mut state = self.lock();
        state.partitions.clear();
        state.generation = None;
    }

    /// # Errors
    /// `Fenced` when the flush touches a partition that is not ours, `Refused` when it brings no positions, which alone
    /// are what the broker fences by.
    pub(super) fn begin(self: &Arc<Self>, flush: &Flush) -> Result<Permit, StreamError> {
        if flush.offsets.is_empty() {
            return Err(StreamError::Refused("a commit must bring the positions that it comes from".to_owned()));
        }
        let mut state = self.lock();
        let written = flush.sums.iter().chain(&flush.dead_letters).map(|record| record.partition);
        let mut touched = flush.offsets.iter().map(|(partition, _)| *partition).chain(written);
        let foreign = touched.find(|partition| !state.partitions.contains(partition));
        match (&state.generation, foreign) {
            (Some(generation), None) => {
                let generation = Arc::clone(generation);
                state.commits += 1;
                Ok(Permit { ownership: Arc::clone(self), generation })
            }
            (_, Some(partition)) => Err(StreamError::Fenced(format!("partition {partition} is not ours"))),
            (None, None) => Err(StreamError::Fenced("no partition is ours".to_owned())),
        }
    }

    /// Waits for the commits that are out, a bounded time.
    pub(super) fn wait_for_commits(&self, patience: Duration) {
        let until = Instant::now() + patience;
        let mut state = self.lock();
        while state.commits > 0 {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            state = self.finished.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.ownership.lock().commits -= 1;
        self.ownership.finished.notify_all();
    }
}
