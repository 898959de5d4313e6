//! A stream in memory with one owner at a time, whose commits fail before or after they take effect.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use async_trait::async_trait;
use tallygate_stream::{
    Bounds, Committed, Committer, Event, Flush, Follower, NewRecord, Planner, Record, Start, Stream, StreamError,
    Subscription, Topic,
};
use tokio::sync::watch;

use super::chance::Chance;

#[derive(Clone)]
pub(crate) struct FakeLog {
    chance: Arc<Chance>,
    delay: Duration,
    state: Arc<Mutex<State>>,
    changed: Arc<watch::Sender<u64>>,
}

#[derive(Default)]
pub(crate) struct State {
    pub(crate) log: Vec<Vec<Record>>,
    pub(crate) lows: Vec<u64>,
    pub(crate) committed: Vec<Option<Committed>>,
    pub(crate) sums: Vec<NewRecord>,
    pub(crate) dead_letters: Vec<NewRecord>,
    pub(crate) starts: Vec<(u32, Start)>,
    pub(crate) subscriptions: u64,
    /// Those that live, in the order of their coming; the last one owns everything.
    members: Vec<u64>,
    /// Raised whenever another becomes the owner.
    epoch: u64,
    fails: u64,
}

struct Member {
    log: FakeLog,
    number: u64,
    planner: Arc<dyn Planner>,
    positions: Vec<u64>,
    /// The epoch in which all was assigned to it; 0 when it has nothing.
    assigned: Arc<AtomicU64>,
}

struct Owner {
    log: FakeLog,
    assigned: Arc<AtomicU64>,
}

impl FakeLog {
    pub(crate) fn new(chance: &Arc<Chance>, delay: Duration, partitions: usize) -> Self {
        let state = State {
            log: vec![Vec::new(); partitions],
            lows: vec![0; partitions],
            committed: vec![None; partitions],
            ..State::default()
        };
        Self {
            chance: Arc::clone(chance),
            delay,
            state: Arc::new(Mutex::new(state)),
            changed: Arc::new(watch::Sender::new(0)),
        }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    pub(crate) fn push(&self, record: Record) {
        self.state().log[record.partition as usize].push(record);
        self.changed.send_modify(|n| *n += 1);
    }

    pub(crate) fn fail_one_in(&self, n: u64) {
        self.state().fails = n;
    }

    pub(crate) fn is_all_committed(&self) -> bool {
        let state = self.state();
        let ends = state.log.iter().map(|records| records.last().map_or(0, |last| last.offset + 1));
        ends.zip(&state.committed).all(|(end, committed)| end == committed.as_ref().map_or(0, |c| c.offset))
    }

    fn resolve(state: &State, partition: usize, start: Start) -> Result<u64, StreamError> {
        let (low, log) = (state.lows[partition], &state.log[partition]);
        let high = log.last().map_or(low, |last| last.offset + 1);
        match start {
            Start::Beginning => Ok(low),
            Start::End => Ok(high),
            Start::Offset(offset) if (low..=high).contains(&offset) => Ok(offset),
            Start::Offset(offset) => {
                Err(StreamError::Refused(format!("{partition}: {offset} is not there, {low} to {high} is")))
            }
            Start::Time(time) => {
                let found = log.iter().find(|record| record.offset >= low && record.appended >= time);
                Ok(found.map_or(high, |record| record.offset))
            }
        }
    }
}

#[async_trait]
impl Stream for FakeLog {
    async fn prepare(&self, _: u32) -> Result<(), StreamError> {
        Ok(())
    }

    async fn append(&self, _: Vec<NewRecord>) -> Result<(), StreamError> {
        Ok(())
    }

    async fn subscribe(&self, planner: Arc<dyn Planner>) -> Result<Box<dyn Subscription>, StreamError> {
        self.chance.pause(self.delay).await;
        let mut state = self.state();
        state.subscriptions += 1;
        state.epoch += 1;
        let number = state.subscriptions;
        state.members.push(number);
        self.changed.send_modify(|n| *n += 1);
        Ok(Box::new(Member { log: self.clone(), number, planner, positions: Vec::new(), assigned: Arc::default() }))
    }

    async fn follow(&self, _: Topic, _: Vec<(u32, Start)>) -> Result<Box<dyn Follower>, StreamError> {
        Err(StreamError::Refused("no test needs it".into()))
    }

    async fn bounds(&self, _: Topic) -> Result<Vec<Bounds>, StreamError> {
        let state = self.state();
        let bounds = |(number, log): (usize, &Vec<Record>)| Bounds {
            partition: number as u32,
            low: state.lows[number],
            high: log.last().map_or(state.lows[number], |last| last.offset + 1),
            committed: state.committed[number].as_ref().map_or(0, |c| c.offset),
        };
        Ok(state.log.iter().enumerate().map(bounds).collect())
    }
}

impl Member {
    /// What there is now, at most a few records; none when all was read.
    fn look(&mut self) -> Result<Option<Event>, StreamError> {
        let log = self.log.clone();
        let mut state = log.state();
        let (ours, assigned) = (state.members.last() == Some(&self.number), self.assigned.load(Relaxed));
        if assigned != 0 && assigned != state.epoch {
            self.assigned.store(0, Relaxed);
            return Ok(Some(Event::Revoked((0..state.log.len() as u32).collect())));
        }
        if !ours {
            return Ok(None);
        }
        if assigned == 0 {
            let event = self.assign(&mut state)?;
            self.assigned.store(state.epoch, Relaxed);
            return Ok(Some(event));
        }
        let most = 1 + self.log.chance.below(20) as usize;
        let mut records = Vec::new();
        for (log, position) in state.log.iter().zip(&mut self.positions) {
            let from = log.partition_point(|record| record.offset < *position);
            records.extend(log[from..].iter().take(most).cloned());
            *position = log[from..].iter().take(most).last().map_or(*position, |last| last.offset + 1);
        }
        Ok((!records.is_empty()).then_some(Event::Records(records)))
    }

    fn assign(&mut self, state: &mut State) -> Result<Event, StreamError> {
        let (mut assigned, mut positions, mut starts) = (Vec::new(), Vec::new(), Vec::new());
        for (number, committed) in state.committed.clone().into_iter().enumerate() {
            let start = self.planner.start(number as u32, committed.as_ref());
            starts.push((number as u32, start));
            positions.push(FakeLog::resolve(state, number, start)?);
            assigned.push((number as u32, committed));
        }
        (state.starts, self.positions) = (starts, positions);
        Ok(Event::Assigned(assigned))
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        let mut state = self.log.state();
        let last = state.members.last().copied();
        state.members.retain(|number| *number != self.number);
        if last == Some(self.number) {
            state.epoch += 1;
        }
        drop(state);
        self.log.changed.send_modify(|n| *n += 1);
    }
}

#[async_trait]
impl Subscription for Member {
    async fn next(&mut self) -> Result<Event, StreamError> {
        let mut changed = self.log.changed.subscribe();
        loop {
            if let Some(event) = self.look()? {
                return Ok(event);
            }
            let _ = changed.changed().await;
        }
    }

    fn committer(&self) -> Arc<dyn Committer> {
        Arc::new(Owner { log: self.log.clone(), assigned: Arc::clone(&self.assigned) })
    }
}

#[async_trait]
impl Committer for Owner {
    async fn commit(&self, flush: Flush) -> Result<(), StreamError> {
        self.log.chance.pause(self.log.delay).await;
        let fails = self.log.state().fails;
        let failing = self.log.chance.one_in(fails);
        let before = self.log.chance.one_in(2);
        {
            let mut state = self.log.state();
            if self.assigned.load(Relaxed) != state.epoch {
                return Err(StreamError::Fenced("another owns them".into()));
            }
            assert!(!flush.offsets.is_empty(), "a commit must bring positions");
            if !(failing && before) {
                for (partition, position) in flush.offsets {
                    state.committed[partition as usize] = Some(position);
                }
                state.sums.extend(flush.rows);
                state.dead_letters.extend(flush.dead_letters);
            }
        }
        self.log.chance.pause(self.log.delay).await;
        if failing { Err(StreamError::Away("perhaps it was done".into())) } else { Ok(()) }
    }
}
