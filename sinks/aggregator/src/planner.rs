//! Where a partition is read from when it is taken over (rules 8 and 12).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tallygate_core::fold::Horizon;
use tallygate_stream::{Bounds, Committed, Planner, Start};

use crate::local_state::LocalState;
use crate::note::{Fingerprint, Note, Point};

const MILLIS_PER_DAY: i64 = 86_400_000;

/// Answers while the rebalance waits, from what is at hand.
pub(crate) struct TakeoverPlanner {
    state: Arc<LocalState>,
    horizon: Horizon,
    /// The first offset of each partition, when last looked at.
    lows: HashMap<u32, u64>,
    plans: Mutex<HashMap<u32, Takeover>>,
}

/// How a partition is taken over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Takeover {
    pub(crate) committed: Option<Committed>,
    pub(crate) start: Start,
    /// Identities of the records before it come from the local state.
    pub(crate) restored: Option<u64>,
    /// Records before it are learnt, from it on folded; it is where the tail begins.
    pub(crate) tail: Point,
    /// The record that must be found at an offset.
    pub(crate) check: Option<(u64, Fingerprint)>,
}

impl TakeoverPlanner {
    pub(crate) fn new(state: Arc<LocalState>, horizon: Horizon, bounds: &[Bounds]) -> Self {
        Self {
            state,
            horizon,
            lows: bounds.iter().map(|bounds| (bounds.partition, bounds.low)).collect(),
            plans: Mutex::default(),
        }
    }

    /// The latest plan for a partition, when it was made for this commit.
    pub(crate) fn plan(&self, partition: u32, committed: Option<&Committed>) -> Option<Takeover> {
        let plans = self.plans.lock().unwrap_or_else(PoisonError::into_inner);
        plans.get(&partition).filter(|plan| plan.committed.as_ref() == committed).cloned()
    }

    fn make(&self, partition: u32, committed: Option<&Committed>) -> Takeover {
        let everything = |offset| Takeover {
            committed: committed.cloned(),
            start: Start::Beginning,
            restored: None,
            tail: Point { offset, clock: i64::MIN },
            check: None,
        };
        let Some(position) = committed else {
            return everything(0);
        };
        let Some(note) = Note::read(&position.note) else {
            tracing::warn!(
                partition,
                offset = position.offset,
                "the committed position has no note of ours: the whole log is read"
            );
            return everything(position.offset);
        };
        let low = self.lows.get(&partition).copied().unwrap_or(0);
        // Where it was pruned, all that was folded is gone, and nothing is left to compare.
        let check = position.offset.checked_sub(1).filter(|last| *last >= low).map(|last| (last, note.fingerprint));
        let restored = self.state.restore_point(partition, note.tail.offset).filter(|restored| *restored >= low);
        let start = match (restored, check) {
            (Some(restored), Some((last, _))) => Start::Offset(restored.min(last)),
            (Some(restored), None) => Start::Offset(restored),
            (None, Some(_)) => Start::Time(self.learn_since(note.tail.clock)),
            (None, None) => Start::Offset(position.offset),
        };
        Takeover { start, restored, tail: note.tail, check, ..everything(0) }
    }

    /// What was appended earlier is known no more.
    fn learn_since(&self, clock: i64) -> i64 {
        let Horizon { past, future } = self.horizon;
        let days = i64::from(past) + i64::from(future) + 1;
        clock.saturating_sub(days * MILLIS_PER_DAY)
    }
}

impl Planner for TakeoverPlanner {
    fn start(&self, partition: u32, committed: Option<&Committed>) -> Start {
        let plan = self.make(partition, committed);
        let start = plan.start;
        self.plans.lock().unwrap_or_else(PoisonError::into_inner).insert(partition, plan);
        start
    }
}
