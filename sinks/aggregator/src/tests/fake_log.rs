//! A stream in memory whose partitions have one owner at a time, and whose commits fail before or after they take effect.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use async_trait::async_trait;
use tallygate_stream::{
    Bounds, Committed, Committer, Event, Flush, Follower, NewRecord, Planner, Record, Retention, Start, Stream,
    StreamError, Subscription, Topic,
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
    /// Those that live, in the order of their coming.
    members: Vec<u64>,
    /// The owner of each partition.
    owners: Vec<Option<u64>>,
    /// Raised whenever partitions are given anew.
    generation: u64,
    /// Whether partitions are shared out by chance; otherwise the last member owns all.
    shared: bool,
    fails: u64,
    /// So many commits are refused next, though nobody else owns anything.
    fences: u64,
    pub(crate) met: Met,
}

/// What happened to members.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Met {
    /// Some of the partitions were given, and not all.
    pub(crate) partial_assignments: u64,
    /// Partitions were given to one that had not heard that it lost what it had.
    pub(crate) missed_revocations: u64,
    /// A commit came from a former owner.
    pub(crate) fenced: u64,
}

struct Member {
    log: FakeLog,
    number: u64,
    planner: Arc<dyn Planner>,
    positions: BTreeMap<u32, u64>,
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

impl State {
    /// Gives the partitions anew.
    fn rebalance(&mut self, chance: &Chance) {
        self.generation += 1;
        for partition in 0..self.log.len() {
            self.owners[partition] = match (self.members.len(), self.shared) {
                (0, _) => None,
                (_, false) => self.members.last().copied(),
                (count, true) => Some(self.members[chance.below(count as u64) as usize]),
            };
        }
    }

    fn partitions_of(&self, member: u64) -> Vec<u32> {
        (0..self.log.len() as u32).filter(|partition| self.owners[*partition as usize] == Some(member)).collect()
    }
}

impl FakeLog {
    pub(crate) fn new(chance: &Arc<Chance>, delay: Duration, partitions: usize) -> Self {
        let state = State {
            log: vec![Vec::new(); partitions],
            lows: vec![0; partitions],
            committed: vec![None; partitions],
            owners: vec![None; partitions],
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

    /// From now on members share the partitions.
    pub(crate) fn share(&self) {
        self.state().shared = true;
    }

    /// Gives the partitions anew, for no reason that a member knows.
    pub(crate) fn rebalance(&self) {
        self.state().rebalance(&self.chance);
        self.changed.send_modify(|n| *n += 1);
    }

    /// The next commits are refused as a former owner's, though nobody else owns anything.
    pub(crate) fn fence(&self, commits: u64) {
        self.state().fences = commits;
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
    async fn prepare(&self, _: Retention) -> Result<(), StreamError> {
        Ok(())
    }

    async fn append(&self, _: Vec<NewRecord>) -> Result<(), StreamError> {
        Ok(())
    }

    async fn subscribe(&self, planner: Arc<dyn Planner>) -> Result<Box<dyn Subscription>, StreamError> {
        self.chance.pause(self.delay).await;
        let mut state = self.state();
        state.subscriptions += 1;
        let number = state.subscriptions;
        state.members.push(number);
        state.rebalance(&self.chance);
        self.changed.send_modify(|n| *n += 1);
        Ok(Box::new(Member { log: self.clone(), number, planner, positions: BTreeMap::new(), seen: Arc::default() }))
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
        let (log, seen) = (self.log.clone(), Arc::clone(&self.seen));
        let (mut state, mut seen) = (log.state(), seen.lock().unwrap());
        if seen.generation != state.generation {
            let ours = state.partitions_of(self.number);
            let had = std::mem::take(&mut seen.partitions);
            let hears = ours.is_empty() || !state.shared || !log.chance.one_in(4);
            if !had.is_empty() && hears {
                return Ok(Some(Event::Revoked(had)));
            }
            state.met.missed_revocations += u64::from(!had.is_empty());
            state.met.partial_assignments += u64::from(!ours.is_empty() && ours.len() < state.log.len());
            let event = self.assign(&mut state, &ours)?;
            *seen = Seen { generation: state.generation, partitions: ours };
            if !seen.partitions.is_empty() {
                return Ok(Some(event));
            }
        }
        let most = 1 + log.chance.below(20) as usize;
        let mut records = Vec::new();
        for partition in &seen.partitions {
            let (log, position) = (&state.log[*partition as usize], self.positions.entry(*partition).or_default());
            let from = log.partition_point(|record| record.offset < *position);
            records.extend(log[from..].iter().take(most).cloned());
            *position = log[from..].iter().take(most).last().map_or(*position, |last| last.offset + 1);
        }
        Ok((!records.is_empty()).then_some(Event::Records(records)))
    }

    fn assign(&mut self, state: &mut State, ours: &[u32]) -> Result<Event, StreamError> {
        let (mut assigned, mut starts) = (Vec::new(), Vec::new());
        for number in ours {
            let committed = state.committed[*number as usize].clone();
            let start = self.planner.start(*number, committed.as_ref());
            starts.push((*number, start));
            self.positions.insert(*number, FakeLog::resolve(state, *number as usize, start)?);
            assigned.push((*number, committed));
        }
        if !starts.is_empty() {
            state.starts = starts;
        }
        Ok(Event::Assigned(assigned))
    }
}

impl Drop for Member {
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
        Arc::new(Owner { log: self.log.clone(), seen: Arc::clone(&self.seen) })
    }
}

#[async_trait]
impl Committer for Owner {
    async fn commit(&self, flush: Flush) -> Result<(), StreamError> {
        // What counts is the generation that the member knew of when it began.
        let seen = self.seen.lock().unwrap().clone();
        self.log.chance.pause(self.log.delay).await;
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
