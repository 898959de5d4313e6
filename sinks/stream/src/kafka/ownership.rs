//! Which partitions the group gave us, in which generation of it, and the commits that rest on that.

use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::consumer::ConsumerGroupMetadata;

use crate::port::{Flush, StreamError};

/// What was given and not taken back.
///
/// What is committed of a partition must rest on its last gift alone: one that went and came back may have been folded further by
/// another meanwhile. So each gift has a number. While a partition stays ours the group's generation may change, as often as
/// others come and go; its commits then go out under the new one, and the broker refuses those under any earlier.
#[derive(Default)]
pub(super) struct Ownership {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// By partition.
    gifts: BTreeMap<u32, Gift>,
    generation: Option<Arc<ConsumerGroupMetadata>>,
    given: u64,
    /// What each commit that is out touches.
    commits: BTreeMap<u64, Vec<(u32, u64)>>,
    begun: u64,
}

struct Gift {
    number: u64,
    /// Whether the one who folds was told of it, and not since that it goes: only then are commits begun.
    is_told: bool,
}

/// Lets one commit go out; a hand-over waits until it is dropped.
pub(super) struct Permit {
    ownership: Arc<Ownership>,
    number: u64,
    pub(super) generation: Arc<ConsumerGroupMetadata>,
}

impl Ownership {
    /// The group is in this generation, and what is ours stays so.
    pub(super) fn advance(&self, generation: ConsumerGroupMetadata) {
        self.lock().generation = Some(Arc::new(generation));
        self.changed.notify_all();
    }

    /// A partition is ours; tells the number of this gift.
    pub(super) fn give(&self, partition: u32) -> u64 {
        let mut state = self.lock();
        state.given += 1;
        let number = state.given;
        state.gifts.insert(partition, Gift { number, is_told: false });
        number
    }

    /// The one who folds hears of this gift; not when it is over already.
    pub(super) fn tell(&self, partition: u32, number: u64) -> bool {
        match self.lock().gifts.get_mut(&partition).filter(|gift| gift.number == number) {
            Some(gift) => {
                gift.is_told = true;
                true
            }
            None => false,
        }
    }

    /// The one who folds hears that these go; what he has begun to commit may be finished.
    pub(super) fn tell_they_go(&self, partitions: &[u32]) {
        let mut state = self.lock();
        state.gifts.iter_mut().filter(|(partition, _)| partitions.contains(partition)).for_each(|(_, gift)| {
            gift.is_told = false;
        });
    }

    /// These are no longer ours.
    pub(super) fn take(&self, partitions: &[u32]) {
        self.lock().gifts.retain(|partition, _| !partitions.contains(partition));
        self.changed.notify_all();
    }

    /// The group knows us no longer.
    pub(super) fn take_all(&self) {
        let mut state = self.lock();
        state.gifts.clear();
        state.generation = None;
        self.changed.notify_all();
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
        let mut touched: Vec<u32> = flush.offsets.iter().map(|(partition, _)| *partition).chain(written).collect();
        touched.sort_unstable();
        touched.dedup();
        let mut rests_on = Vec::with_capacity(touched.len());
        for partition in touched {
            match state.gifts.get(&partition).filter(|gift| gift.is_told) {
                Some(gift) => rests_on.push((partition, gift.number)),
                None => return Err(StreamError::Fenced(format!("partition {partition} is not ours"))),
            }
        }
        let Some(generation) = state.generation.clone() else {
            return Err(StreamError::Fenced("no partition is ours".to_owned()));
        };
        state.begun += 1;
        let number = state.begun;
        state.commits.insert(number, rests_on);
        Ok(Permit { ownership: Arc::clone(self), number, generation })
    }

    /// Waits for the commits that are out and touch these, a bounded time.
    pub(super) fn wait_for_commits(&self, partitions: &[u32], patience: Duration) {
        let touches = |rests_on: &Vec<(u32, u64)>| rests_on.iter().any(|(partition, _)| partitions.contains(partition));
        self.wait(patience, |state| (!state.commits.values().any(touches)).then_some(()));
    }

    /// Waits until something is so; none when the time is over.
    fn wait<T>(&self, patience: Duration, is_so: impl Fn(&State) -> Option<T>) -> Option<T> {
        let until = Instant::now() + patience;
        let mut state = self.lock();
        loop {
            if let Some(found) = is_so(&state) {
                return Some(found);
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return None;
            }
            state = self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Permit {
    /// For a commit that the broker refused for its generation, and of which nothing is visible: waits for another one, as long
    /// as all that it rests on stays ours. Tells whether the same may be committed again.
    pub(super) fn renew(&mut self, patience: Duration) -> bool {
        let newer = self.ownership.wait(patience, |state| {
            let rests_on = state.commits.get(&self.number)?;
            let is_ours = |(partition, number): &(u32, u64)| {
                state.gifts.get(partition).is_some_and(|gift| gift.number == *number)
            };
            if !rests_on.iter().all(is_ours) {
                return Some(None);
            }
            let generation = state.generation.as_ref().filter(|newer| !Arc::ptr_eq(newer, &self.generation))?;
            Some(Some(Arc::clone(generation)))
        });
        match newer.flatten() {
            Some(generation) => {
                self.generation = generation;
                true
            }
            None => false,
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.ownership.lock().commits.remove(&self.number);
        self.ownership.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use rdkafka::ClientConfig;
    use rdkafka::consumer::{BaseConsumer, Consumer};

    use super::*;

    const SOON: Duration = Duration::from_millis(20);

    fn generation() -> ConsumerGroupMetadata {
        let consumer: BaseConsumer = ClientConfig::new().set("group.id", "g").create().unwrap();
        consumer.group_metadata().unwrap()
    }

    fn flush(partitions: &[u32]) -> Flush {
        Flush { offsets: partitions.iter().map(|partition| (*partition, 1)).collect(), ..Flush::default() }
    }

    fn owned(partitions: &[u32]) -> Arc<Ownership> {
        let ownership = Arc::new(Ownership::default());
        ownership.advance(generation());
        for partition in partitions {
            let number = ownership.give(*partition);
            assert!(ownership.tell(*partition, number));
        }
        ownership
    }

    #[test]
    fn what_stays_is_committed_again_under_the_next_generation_and_nothing_else_is() {
        let ownership = owned(&[0, 1]);
        let (mut stays, mut goes) = (ownership.begin(&flush(&[0])).unwrap(), ownership.begin(&flush(&[0, 1])).unwrap());
        assert!(!stays.renew(SOON), "there is none yet");
        let before = Arc::clone(&stays.generation);
        ownership.tell_they_go(&[1]);
        ownership.advance(generation());
        assert!(stays.renew(SOON) && !Arc::ptr_eq(&before, &stays.generation));
        // Until it went, what was begun may be finished.
        assert!(goes.renew(SOON));
        assert!(ownership.begin(&flush(&[1])).is_err() && ownership.begin(&flush(&[0])).is_ok());
        ownership.take(&[1]);
        ownership.advance(generation());
        assert!(stays.renew(SOON) && !goes.renew(SOON));
    }

    #[test]
    fn what_went_and_came_back_is_another_gift() {
        let ownership = owned(&[0]);
        let mut begun = ownership.begin(&flush(&[0])).unwrap();
        ownership.take(&[0]);
        let again = ownership.give(0);
        ownership.advance(generation());
        assert!(!begun.renew(SOON), "it rests on what was before");
        assert!(ownership.begin(&flush(&[0])).is_err(), "nobody told the one who folds");
        assert!(!ownership.tell(0, again - 1) && ownership.tell(0, again));
        assert!(ownership.begin(&flush(&[0])).is_ok());
        ownership.take_all();
        assert!(ownership.begin(&flush(&[0])).is_err() && !begun.renew(SOON));
    }

    #[test]
    fn a_hand_over_waits_for_the_commits_that_touch_it_alone() {
        let ownership = owned(&[0, 1]);
        let permit = ownership.begin(&flush(&[0])).unwrap();
        let begun = Instant::now();
        ownership.wait_for_commits(&[1], Duration::from_secs(60));
        assert!(begun.elapsed() < Duration::from_secs(30));
        let waits = std::thread::spawn({
            let ownership = Arc::clone(&ownership);
            move || ownership.wait_for_commits(&[0], Duration::from_secs(60))
        });
        drop(permit);
        waits.join().unwrap();
        assert!(begun.elapsed() < Duration::from_secs(30));
    }
}
