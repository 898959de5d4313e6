//! One who shares a stream in memory: it hears of what changed now and then, and its commits fail before or after they take
//! effect.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use tallygate_core::SumsRecord;
use tallygate_stream::{Committer, Event, Flush, NewRecord, StreamError, Subscription};

use super::fake_log::FakeLog;

pub(crate) struct FakeMember {
    log: FakeLog,
    number: u64,
    seen: Arc<Mutex<Seen>>,
}

/// What a member was told.
#[derive(Clone, Default)]
struct Seen {
    generation: u64,
    partitions: Vec<u32>,
}

struct Owner {
    log: FakeLog,
    seen: Arc<Mutex<Seen>>,
}

impl FakeMember {
    pub(super) fn new(log: FakeLog, number: u64) -> Self {
        Self { log, number, seen: Arc::default() }
    }

    /// What changed since it was told last.
    fn look(&mut self) -> Option<Event> {
        let mut state = self.log.state();
        let mut seen = self.seen.lock().unwrap();
        if seen.generation == state.generation {
            return None;
        }
        // Sometimes one hears of its loss only with what it gets next.
        if !seen.partitions.is_empty() && !self.log.chance.one_in(4) {
            let partitions = std::mem::take(&mut seen.partitions);
            return Some(Event::Revoked(partitions));
        }
        state.met.missed_revocations += u64::from(!seen.partitions.is_empty());
        seen.generation = state.generation;
        seen.partitions = state.partitions_of(self.number);
        let ours = seen.partitions.len();
        state.met.partial_assignments += u64::from(ours > 0 && ours < state.log.len());
        let assigned = seen.partitions.iter().map(|number| (*number, state.committed[*number as usize])).collect();
        Some(Event::Assigned(assigned))
    }
}

impl Drop for FakeMember {
    fn drop(&mut self) {
        let mut state = self.log.state();
        let was_owner = !state.partitions_of(self.number).is_empty();
        state.members.retain(|number| *number != self.number);
        if was_owner {
            state.rebalance(&self.log.chance);
        }
        drop(state);
        self.log.changed.send_modify(|n| *n += 1);
    }
}

#[async_trait]
impl Subscription for FakeMember {
    async fn next(&mut self) -> Result<Event, StreamError> {
        let mut changed = self.log.changed.subscribe();
        loop {
            if let Some(event) = self.look() {
                return Ok(event);
            }
            let _ = changed.changed().await;
        }
    }

    fn committer(&self) -> Arc<dyn Committer> {
        Arc::new(Owner { log: self.log.clone(), seen: Arc::clone(&self.seen) })
    }

    async fn leave(self: Box<Self>) {}
}

#[async_trait]
impl Committer for Owner {
    async fn commit(&self, flush: Flush) -> Result<(), StreamError> {
        // What counts is the generation that the member knew of when it began.
        let seen = self.seen.lock().unwrap().clone();
        self.log.chance.pause(self.log.delay).await;
        self.log.held().await;
        let fails = self.log.state().fails;
        let failing = self.log.chance.one_in(fails);
        let before = self.log.chance.one_in(2);
        {
            let mut state = self.log.state();
            let all_ours = flush.offsets.iter().all(|(partition, _)| seen.partitions.contains(partition));
            if seen.generation != state.generation || !all_ours {
                state.met.fenced += 1;
                return Err(StreamError::Fenced("another owns them".into()));
            }
            if state.fences > 0 {
                state.fences -= 1;
                return Err(StreamError::Fenced("nobody owns them, and you neither".into()));
            }
            if state.producer_ends > 0 {
                state.producer_ends -= 1;
                return Err(StreamError::Away("the broker ended the transaction".into()));
            }
            let refused = state.refuses_letters_of;
            if let Some(letter) = flush.dead_letters.iter().find(|letter| Some(letter.partition) == refused) {
                state.refusals += 1;
                return Err(StreamError::RefusedOf {
                    partition: letter.partition,
                    why: "topic letters: too large".into(),
                });
            }
            assert!(!flush.offsets.is_empty(), "a commit must bring positions");
            let is_row =
                |record: &&NewRecord| matches!(SumsRecord::read(&record.key, &record.value), Ok(SumsRecord::Row(_)));
            state.met.most_rows = state.met.most_rows.max(flush.sums.iter().filter(is_row).count());
            if !(failing && before) {
                state.met.commits += 1;
                for (partition, position) in flush.offsets {
                    state.committed[partition as usize] = Some(position);
                }
                flush.sums.into_iter().for_each(|record| state.show(record));
                state.dead_letters.extend(flush.dead_letters);
            }
        }
        self.log.changed.send_modify(|n| *n += 1);
        self.log.chance.pause(self.log.delay).await;
        if failing { Err(StreamError::Away("perhaps it was done".into())) } else { Ok(()) }
    }
}
