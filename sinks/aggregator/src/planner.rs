//! Where a partition is read from when it is taken over (rules 8 and 12).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tallygate_core::fold::Horizon;
use tallygate_stream::{Bounds, Committed, Planner, Start};

use crate::local_state::LocalState;
use crate::note::{LastFolded, Note};
use crate::takeover::Takeover;

const MILLIS_PER_DAY: i64 = 86_400_000;

/// Answers while the rebalance waits, from what is at hand.
pub(crate) struct TakeoverPlanner {
    state: Arc<LocalState>,
    horizon: Horizon,
    /// The first offset of each partition, when last looked at.
    lows: HashMap<u32, u64>,
    plans: Mutex<HashMap<u32, Takeover>>,
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
        let Some(position) = committed else {
            return Takeover::of_the_whole_log(None);
        };
        let Some(note) = Note::read(&position.note) else {
            tracing::warn!(
                partition,
                offset = position.offset,
                "the committed position has no note of ours: the whole log is read"
            );
            return Takeover::of_the_whole_log(committed);
        };
        let low = self.lows.get(&partition).copied().unwrap_or(0);
        // Where it was pruned, all that was folded is gone, and nothing is left to compare.
        let last_folded = position
            .offset
            .checked_sub(1)
            .filter(|last| *last >= low)
            .map(|offset| LastFolded { offset, fingerprint: note.fingerprint });
        let restored = self.state.restore_point(partition, note.tail.offset).filter(|restored| *restored >= low);
        let start = match (restored, last_folded) {
            (Some(restored), Some(last)) => Start::Offset(restored.min(last.offset)),
            (Some(restored), None) => Start::Offset(restored),
            (None, Some(_)) => note.tail.clock.map_or(Start::Beginning, |clock| self.learn_since(clock)),
            (None, None) => Start::Offset(position.offset),
        };
        Takeover { committed: Some(position.clone()), start, restored, tail: note.tail, last_folded }
    }

    /// What was appended earlier is known no more.
    fn learn_since(&self, clock: i64) -> Start {
        let Horizon { past, future } = self.horizon;
        let days = i64::from(past) + i64::from(future) + 1;
        Start::Time(clock.saturating_sub(days * MILLIS_PER_DAY))
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
