//! A stream that takes nothing, refuses, or fails on purpose, and remembers what it was given.

use std::collections::{BTreeSet, HashMap};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use tallygate_stream::{
    Bounds, FailedRecord, Follower, NewRecord, NotAppended, Retention, Start, Stream, StreamError, Subscription, Topic,
};
use tokio::time::sleep;

/// The same seed fails the same calls.
#[derive(Default)]
pub(super) struct Dice(pub(super) AtomicU64);

impl Dice {
    pub(super) fn one_in(&self, sides: u64) -> bool {
        let next = |x: u64| x.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let before = self.0.fetch_update(SeqCst, SeqCst, |x| Some(next(x))).unwrap();
        sides > 0 && (next(before) >> 33).is_multiple_of(sides)
    }
}

/// Remembers how often it was given each value.
#[derive(Default)]
pub(super) struct FakeStream {
    pub(super) dice: Dice,
    pub(super) fails_one_in: u64,
    pub(super) down: AtomicBool,
    /// Partitions that take nothing; an append finds out after [`AWAY`].
    pub(super) away: Mutex<BTreeSet<u32>>,
    /// Whoever has this in it is refused.
    pub(super) refused: Mutex<Option<&'static str>>,
    pub(super) appended: Mutex<HashMap<Bytes, usize>>,
    /// Most records of one append.
    pub(super) largest: AtomicUsize,
}

/// How long a record waits for a leader.
pub(super) const AWAY: Duration = Duration::from_secs(10);

impl FakeStream {
    pub(super) fn refuse(&self, what: Option<&'static str>) {
        *self.refused.lock().unwrap() = what;
    }

    fn take(&self, record: NewRecord) -> Result<(), StreamError> {
        if self.down.load(SeqCst) {
            return Err(StreamError::Away("down".into()));
        }
        if self.away.lock().unwrap().contains(&record.partition) {
            return Err(StreamError::Away("no leader".into()));
        }
        let refused = *self.refused.lock().unwrap();
        if refused.is_some_and(|refused| String::from_utf8_lossy(&record.value).contains(refused)) {
            return Err(StreamError::Refused("too large".into()));
        }
        let is_unlucky = self.dice.one_in(self.fails_one_in);
        // One that failed may be in all the same.
        if !is_unlucky || self.dice.one_in(2) {
            *self.appended.lock().unwrap().entry(record.value).or_default() += 1;
        }
        if is_unlucky { Err(StreamError::Away("bad luck".into())) } else { Ok(()) }
    }
}

#[async_trait]
impl Stream for FakeStream {
    async fn append(&self, records: Vec<NewRecord>) -> Result<(), NotAppended> {
        self.largest.fetch_max(records.len(), SeqCst);
        let is_away = |record: &NewRecord| self.away.lock().unwrap().contains(&record.partition);
        let waits = records.iter().any(is_away);
        sleep(if waits { AWAY } else { Duration::from_millis(1) }).await;
        let fates = records.into_iter().map(|record| self.take(record)).enumerate();
        NotAppended::of(fates.filter_map(|(index, fate)| Some(FailedRecord { index, error: fate.err()? })).collect())
    }

    async fn bounds(&self, _: Topic) -> Result<Vec<Bounds>, StreamError> {
        if self.down.load(SeqCst) { Err(StreamError::Away("down".into())) } else { Ok(Vec::new()) }
    }

    async fn prepare(&self, _: Retention) -> Result<(), StreamError> {
        Ok(())
    }

    async fn subscribe(&self) -> Result<Box<dyn Subscription>, StreamError> {
        Err(StreamError::Refused("not here".into()))
    }

    async fn follow(&self, _: Topic, _: Vec<(u32, Start)>) -> Result<Box<dyn Follower>, StreamError> {
        Err(StreamError::Refused("not here".into()))
    }
}
