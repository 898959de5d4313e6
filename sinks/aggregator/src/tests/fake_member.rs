//! One who shares a stream in memory: it hears of what changed now and then, and its commits fail before or after they take
//! effect.

use std::collections::BTreeMap;
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

/// What a member was told is its own, each with the number of the gift.
type Seen = BTreeMap<u32, u64>;

struct Owner {
    log: FakeLog,
    number: u64,
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
        let ours = state.gifts_of(self.number);
        let lost: Vec<u32> =
            seen.iter().filter(|(number, gift)| ours.get(number) != Some(gift)).map(|(number, _)| *number).collect();
        let gained: Vec<u32> =
            ours.iter().filter(|(number, gift)| seen.get(number) != Some(gift)).map(|(number, _)| *number).collect();
        // Sometimes one hears that it lost something only when it gets it again.
        let hears_of_loss = gained.is_empty() || !self.log.chance.one_in(4);
        if !lost.is_empty() && hears_of_loss {
            seen.retain(|number, _| !lost.contains(number));
            return Some(Event::Revoked(lost));
        }
        if gained.is_empty() {
            return None;
        }
        state.met.missed_revocations += u64::from(gained.iter().any(|number| seen.contains_key(number)));
        seen.extend(gained.iter().map(|number| (*number, ours[number])));
        state.met.partial_assignments += u64::from(gained.len() < state.log.len());
        state.met.beside_others += u64::from(gained.len() < seen.len());
        Some(Event::Assigned(gained.iter().map(|number| (*number, state.committed[*number as usize])).collect()))
    }
}

impl Drop for FakeMember {
    fn drop(&mut self) {
        let mut state = self.log.state();
        let was_owner = !state.gifts_of(self.number).is_empty();
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
        Arc::new(Owner { log: self.log.clone(), number: self.number, seen: Arc::clone(&self.seen) })
    }

    async fn leave(self: Box<Self>) {}
}

#[async_trait]
impl Committer for Owner {
    async fn commit(&self, flush: Flush) -> Result<(), StreamError> {
        // What counts is the gifts that the member knew of when it began.
        let seen = self.seen.lock().unwrap().clone();
        self.log.chance.pause(self.log.delay).await;
        self.log.held().await;
        let fails = self.log.state().fails;
        let failing = self.log.chance.one_in(fails);
        let before = self.log.chance.one_in(2);
        {
            let mut state = self.log.state();
            let ours = state.gifts_of(self.number);
            let is_ours = |number: &u32| seen.get(number).is_some_and(|gift| ours.get(number) == Some(gift));
            let fenced = flush.offsets.iter().filter(|(number, _)| !is_ours(number)).count();
            if fenced > 0 {
                state.met.fenced += 1;
                state.met.fenced_in_part += u64::from(fenced < flush.offsets.len());
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
