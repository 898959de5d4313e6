//! Reads along a topic of the stream in memory, a few records at a time.

use async_trait::async_trait;
use tallygate_stream::{Batch, Follower, Record, StreamError, Topic};
use tokio::sync::watch;

use super::fake_log::FakeLog;

/// Most records at a time.
const MOST: usize = 20;

pub(super) struct FakeFollower {
    log: FakeLog,
    changed: watch::Receiver<u64>,
    topic: Topic,
    positions: Vec<(u32, u64)>,
    caught_up: bool,
}

impl FakeFollower {
    pub(super) fn new(log: FakeLog, topic: Topic, positions: Vec<(u32, u64)>) -> Self {
        let changed = log.changed.subscribe();
        Self { log, changed, topic, positions, caught_up: false }
    }

    fn read(&mut self) -> Result<(Vec<Record>, bool), StreamError> {
        let mut state = self.log.state();
        let state = &mut *state;
        let (mut records, mut is_all) = (Vec::new(), true);
        if state.stalls && self.topic == Topic::Transactions {
            return Ok((records, false));
        }
        for (partition, position) in &mut self.positions {
            let number = *partition as usize;
            let all = match self.topic {
                Topic::Transactions => &state.log[number],
                Topic::DailySums => &state.sums[number],
                Topic::DeadLetters => return Err(StreamError::Refused("no test needs it".into())),
            };
            if self.topic == Topic::Transactions && *position < state.lows[number] {
                return Err(StreamError::Away(format!("{partition}: {position} is no longer there")));
            }
            let from = all.partition_point(|record| record.offset < *position);
            let some: Vec<Record> = all[from..].iter().take(MOST).cloned().collect();
            is_all &= from + some.len() == all.len();
            *position = some.last().map_or(*position, |last| last.offset + 1);
            let of_log = self.topic == Topic::Transactions;
            let comes = |record: &Record| !(of_log && state.passed_over.remove(&(record.partition, record.offset)));
            records.extend(some.into_iter().filter(comes));
        }
        Ok((records, is_all))
    }
}

#[async_trait]
impl Follower for FakeFollower {
    async fn next(&mut self) -> Result<Batch, StreamError> {
        loop {
            let pace = match self.topic {
                Topic::DailySums => self.log.state().pace_of_sums,
                _ => self.log.state().pace,
            };
            if !pace.is_zero() {
                tokio::time::sleep(pace).await;
            }
            self.changed.borrow_and_update();
            let (records, is_all) = self.read()?;
            let tells = !records.is_empty() || (is_all && !self.caught_up);
            self.caught_up = is_all;
            if tells {
                return Ok(Batch { records, caught_up: is_all });
            }
            let _ = self.changed.changed().await;
        }
    }

    fn at_hand(&mut self) -> Result<Option<Batch>, StreamError> {
        if self.topic != Topic::Transactions || !self.log.state().pace.is_zero() {
            return Ok(None);
        }
        let (records, is_all) = self.read()?;
        Ok((!records.is_empty()).then_some(Batch { records, caught_up: is_all }))
    }
}
