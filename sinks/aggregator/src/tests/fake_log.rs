//! A stream in memory whose partitions have one owner at a time, and whose commits fail before or after they take effect.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use async_trait::async_trait;
use tallygate_core::{Day, Position, SumsRecord};
use tallygate_stream::{
    Bounds, Follower, NewRecord, NotAppended, Record, Retention, Start, Stream, StreamError, Subscription, Topic,
};
use tokio::sync::watch;

use super::chance::Chance;
use super::fake_follower::FakeFollower;
use super::fake_member::FakeMember;
use super::world::HORIZON;

#[derive(Clone)]
pub(crate) struct FakeLog {
    pub(super) chance: Arc<Chance>,
    pub(super) delay: Duration,
    state: Arc<Mutex<State>>,
    pub(super) changed: Arc<watch::Sender<u64>>,
}

#[derive(Default)]
pub(crate) struct State {
    /// Every record that ever was, by partition; those before `lows` are pruned.
    pub(crate) log: Vec<Vec<Record>>,
    pub(crate) lows: Vec<u64>,
    pub(crate) committed: Vec<Option<u64>>,
    /// The topic of sums, by partition.
    pub(crate) sums: Vec<Vec<Record>>,
    sums_next: Vec<u64>,
    pub(crate) dead_letters: Vec<NewRecord>,
    /// From where the log was read, each time.
    pub(crate) starts: Vec<(u32, Start)>,
    pub(crate) subscriptions: u64,
    /// Those that live, in the order of their coming.
    pub(super) members: Vec<u64>,
    /// The owner of each partition.
    owners: Vec<Option<u64>>,
    /// How often each partition was given, or taken from everybody.
    gifts: Vec<u64>,
    /// Whether partitions are shared out by chance; otherwise the last member owns all.
    shared: bool,
    pub(super) fails: u64,
    pub(crate) stalls: bool,
    /// Partitions and offsets of records that the next reader passes over, once each.
    pub(crate) passed_over: BTreeSet<(u32, u64)>,
    /// How long the log takes for each few records.
    pub(crate) pace: Duration,
    /// The same of the topic of sums.
    pub(crate) pace_of_sums: Duration,
    /// So many commits are refused next, though nobody else owns anything.
    pub(super) fences: u64,
    /// So many commits end next with their producer, and the group knows nothing of it.
    pub(super) producer_ends: u64,
    /// Its leader moves whenever it is to be read, to one that says it holds none of its records.
    pub(crate) moves: Option<usize>,
    has_moved: bool,
    /// The topic of dead letters takes none of this partition.
    pub(crate) refuses_letters_of: Option<u32>,
    /// Commits that were refused therefore.
    pub(crate) refusals: u64,
    /// Commits wait before they take effect.
    holds: bool,
    /// Those that wait.
    pub(super) held: u64,
    /// Nobody can join those who share the partitions.
    pub(crate) shut: bool,
    pub(crate) met: Met,
}

/// What happened to members.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Met {
    /// Some of the partitions were given, and not all.
    pub(crate) partial_assignments: u64,
    /// Partitions were given to one that had not heard that it lost what it had.
    pub(crate) missed_revocations: u64,
    /// Partitions were given to one that had others already.
    pub(crate) beside_others: u64,
    /// A commit came from a former owner.
    pub(crate) fenced: u64,
    /// The same, though not all of its partitions had gone.
    pub(crate) fenced_in_part: u64,
    /// The most rows of one commit.
    pub(crate) most_rows: usize,
    pub(crate) commits: u64,
}

impl State {
    /// Gives anew what has no owner, and of the rest some by chance; the others stay where they are.
    pub(super) fn rebalance(&mut self, chance: &Chance) {
        for partition in 0..self.log.len() {
            let lives = self.owners[partition].is_some_and(|owner| self.members.contains(&owner));
            let owner = match (self.members.len(), self.shared) {
                (0, _) => None,
                (_, false) => self.members.last().copied(),
                (_, true) if lives && !chance.one_in(2) => self.owners[partition],
                (count, true) => Some(self.members[chance.below(count as u64) as usize]),
            };
            if owner != self.owners[partition] || chance.one_in(6) {
                self.give(partition, owner);
            }
        }
    }

    /// Gives a partition, perhaps to the one who has it: it went from him meanwhile.
    pub(super) fn give(&mut self, partition: usize, owner: Option<u64>) {
        self.owners[partition] = owner;
        self.gifts[partition] += 1;
    }

    /// What is a member's, each with the number of the gift.
    pub(super) fn gifts_of(&self, member: u64) -> BTreeMap<u32, u64> {
        let ours = (0..self.log.len()).filter(|partition| self.owners[*partition] == Some(member));
        ours.map(|partition| (partition as u32, self.gifts[partition])).collect()
    }

    pub(crate) fn show(&mut self, record: NewRecord) {
        let partition = record.partition as usize;
        let offset = self.sums_next[partition];
        self.sums_next[partition] += 1;
        let shown = Record::new((record.partition, offset, 0), &record.key, &[], &record.value);
        self.sums[partition].push(shown);
    }

    /// The next offset to be given.
    pub(crate) fn high(&self, partition: usize) -> u64 {
        self.log[partition].last().map_or(self.lows[partition], |last| last.offset + 1)
    }

    /// What the topic of sums says a partition was folded to.
    pub(crate) fn position(&self, partition: usize) -> Option<u64> {
        self.last_position(partition).map(|position| position.next)
    }

    pub(crate) fn last_position(&self, partition: usize) -> Option<Position> {
        self.sums[partition].iter().rev().find_map(|record| match SumsRecord::read(record.key(), record.value()) {
            Ok(SumsRecord::Position(position)) => Some(*position),
            _ => None,
        })
    }

    /// Rows of the topic of sums go whose days are over; tells how many.
    pub(crate) fn expire(&mut self) -> u64 {
        let mut gone = 0;
        for number in 0..self.sums.len() {
            let Some(clock) = self.last_position(number).and_then(|position| position.clock) else { continue };
            let (records, first) = (&mut self.sums[number], HORIZON.first(Day::of_unix_millis(clock)));
            let before = records.len();
            records.retain(|record| match SumsRecord::read(record.key(), record.value()) {
                Ok(SumsRecord::Row(row)) => row.at.day >= first,
                _ => true,
            });
            gone += (before - records.len()) as u64;
        }
        gone
    }

    /// Of each key of the topic of sums the last record alone stays, and of those that are superseded some, by chance.
    pub(crate) fn compact(&mut self, chance: &Chance) {
        for records in &mut self.sums {
            let mut seen = std::collections::HashSet::new();
            let mut kept: Vec<Record> = records
                .drain(..)
                .rev()
                .filter(|record| seen.insert(record.key().to_vec()) || chance.one_in(3))
                .collect();
            kept.reverse();
            *records = kept;
        }
    }
}

impl FakeLog {
    pub(crate) fn new(chance: &Arc<Chance>, delay: Duration, partitions: usize) -> Self {
        let state = State {
            log: vec![Vec::new(); partitions],
            lows: vec![0; partitions],
            committed: vec![None; partitions],
            sums: vec![Vec::new(); partitions],
            sums_next: vec![0; partitions],
            owners: vec![None; partitions],
            gifts: vec![0; partitions],
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

    /// Whether all of a partition was folded and committed.
    pub(crate) fn is_folded(&self, partition: usize) -> bool {
        let state = self.state();
        state.position(partition).unwrap_or(0) == state.high(partition)
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

    /// No records of the log come while it stalls.
    pub(crate) fn stall(&self, stalls: bool) {
        self.state().stalls = stalls;
        self.changed.send_modify(|n| *n += 1);
    }

    /// Gives the partitions anew, for no reason that a member knows.
    pub(crate) fn rebalance(&self) {
        self.state().rebalance(&self.chance);
        self.changed.send_modify(|n| *n += 1);
    }

    /// Takes a partition from whoever has it, and gives it to the last member or to nobody.
    pub(crate) fn hand(&self, partition: usize, is_given: bool) {
        let mut state = self.state();
        let owner = state.members.last().copied().filter(|_| is_given);
        state.give(partition, owner);
        drop(state);
        self.changed.send_modify(|n| *n += 1);
    }

    /// The next commits are refused as a former owner's, though nobody else owns anything.
    pub(crate) fn fence(&self, commits: u64) {
        self.state().fences = commits;
    }

    /// The producers of the next commits are refused, and the group stays as it is.
    pub(crate) fn end_producer(&self, commits: u64) {
        self.state().producer_ends = commits;
    }

    /// Commits wait from now on, until they may go on.
    pub(crate) fn hold_commits(&self, holds: bool) {
        self.state().holds = holds;
        self.changed.send_modify(|n| *n += 1);
    }

    pub(crate) fn commits_held(&self) -> u64 {
        self.state().held
    }

    pub(super) async fn held(&self) {
        let mut changed = self.changed.subscribe();
        if !self.state().holds {
            return;
        }
        self.state().held += 1;
        while self.state().holds {
            let _ = changed.changed().await;
        }
        self.state().held -= 1;
    }

    fn resolve(state: &State, topic: Topic, partition: usize, start: Start) -> Result<u64, StreamError> {
        let (low, high) = match topic {
            Topic::Transactions => (state.lows[partition], state.high(partition)),
            Topic::DailySums => (0, state.sums_next[partition]),
            Topic::DeadLetters => (0, state.dead_letters.len() as u64),
        };
        match start {
            Start::Beginning => Ok(low),
            Start::End => Ok(high),
            Start::Offset(offset) if (low..=high).contains(&offset) => Ok(offset),
            Start::Offset(offset) => {
                Err(StreamError::Refused(format!("{partition}: {offset} is not there, {low} to {high} is")))
            }
        }
    }
}

#[async_trait]
impl Stream for FakeLog {
    async fn prepare(&self, _: Retention) -> Result<(), StreamError> {
        Ok(())
    }

    async fn append(&self, _: Vec<NewRecord>) -> Result<(), NotAppended> {
        Ok(())
    }

    async fn subscribe(&self) -> Result<Box<dyn Subscription>, StreamError> {
        self.chance.pause(self.delay).await;
        let mut state = self.state();
        if state.shut {
            return Err(StreamError::Away("authentication failed".into()));
        }
        state.subscriptions += 1;
        let number = state.subscriptions;
        state.members.push(number);
        state.rebalance(&self.chance);
        self.changed.send_modify(|n| *n += 1);
        Ok(Box::new(FakeMember::new(self.clone(), number)))
    }

    async fn follow(&self, topic: Topic, starts: Vec<(u32, Start)>) -> Result<Box<dyn Follower>, StreamError> {
        self.chance.pause(self.delay).await;
        let mut state = self.state();
        if topic == Topic::Transactions {
            state.starts.clone_from(&starts);
            if let Some(number) = state.moves.filter(|number| starts.iter().any(|(read, _)| *read == *number as u32)) {
                state.has_moved = true;
                return Err(StreamError::Refused(format!("{number}: is not there")));
            }
        }
        let resolve = |(partition, start): (u32, Start)| {
            Ok((partition, Self::resolve(&state, topic, partition as usize, start)?))
        };
        let positions = starts.into_iter().map(resolve).collect::<Result<_, StreamError>>()?;
        Ok(Box::new(FakeFollower::new(self.clone(), topic, positions)))
    }

    async fn bounds(&self, topic: Topic) -> Result<Vec<Bounds>, StreamError> {
        let mut state = self.state();
        let behind = state.moves.filter(|_| topic == Topic::Transactions && std::mem::take(&mut state.has_moved));
        let letters =
            |number: u32| state.dead_letters.iter().filter(|letter| letter.partition == number).count() as u64;
        let bounds = |number: usize| match topic {
            Topic::Transactions => Bounds {
                partition: number as u32,
                low: if behind == Some(number) { state.high(number) } else { state.lows[number] },
                high: state.high(number),
                committed: state.committed[number].unwrap_or(0),
            },
            Topic::DailySums => {
                Bounds { partition: number as u32, low: 0, high: state.sums_next[number], committed: 0 }
            }
            Topic::DeadLetters => {
                Bounds { partition: number as u32, low: 0, high: letters(number as u32), committed: 0 }
            }
        };
        Ok((0..state.log.len()).map(bounds).collect())
    }
}
