//! A stream in memory that can be away.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use tallygate_core::Row;
use tallygate_stream::{
    Batch, Bounds, Follower, NewRecord, NotAppended, Record, Retention, Start, Stream, StreamError, Subscription, Topic,
};
use tokio::sync::watch;

const PARTITIONS: u32 = 2;

pub(crate) struct Log {
    shared: Arc<Shared>,
    pub(crate) committed: Mutex<[u64; PARTITIONS as usize]>,
    /// The first offset still there, of the transactions' partitions.
    pub(crate) low: Mutex<[u64; PARTITIONS as usize]>,
}

struct Shared {
    topics: Mutex<HashMap<(Topic, u32), Vec<Record>>>,
    away: AtomicBool,
    changed: watch::Sender<()>,
    /// Records given to readers.
    given: AtomicUsize,
    /// Whether readers get nothing and no answer.
    hangs: AtomicBool,
}

impl Default for Log {
    fn default() -> Self {
        let shared = Shared {
            topics: Mutex::default(),
            away: AtomicBool::new(false),
            changed: watch::Sender::new(()),
            given: AtomicUsize::new(0),
            hangs: AtomicBool::new(false),
        };
        Self { shared: Arc::new(shared), committed: Mutex::default(), low: Mutex::default() }
    }
}

impl Log {
    /// Another one with the same dead letters.
    pub(crate) fn refilled() -> Arc<Self> {
        let log = Arc::new(Self::default());
        crate::letters::filled(&log);
        log
    }

    /// Appends a record and returns its offset.
    pub(crate) fn put(&self, topic: Topic, partition: u32, headers: &[(&str, &str)], value: &str) -> u64 {
        let mut topics = self.shared.topics.lock().unwrap();
        let records = topics.entry((topic, partition)).or_default();
        let offset = records.len() as u64;
        let headers: Vec<(&str, &[u8])> = headers.iter().map(|(name, value)| (*name, value.as_bytes())).collect();
        let place = (partition, offset, 1_795_375_181_500 + offset as i64);
        records.push(Record::new(place, &[], &headers, value.as_bytes()));
        self.shared.changed.send_replace(());
        offset
    }

    pub(crate) fn put_row(&self, row: &Row) {
        self.put(Topic::DailySums, row.at.partition % PARTITIONS, &[], &row.topic_value());
    }

    pub(crate) fn set_away(&self, away: bool) {
        self.shared.away.store(away, Ordering::SeqCst);
        self.shared.changed.send_replace(());
    }

    pub(crate) fn set_hangs(&self, hangs: bool) {
        self.shared.hangs.store(hangs, Ordering::SeqCst);
    }

    /// How many records readers were given so far.
    pub(crate) fn given(&self) -> usize {
        self.shared.given.load(Ordering::SeqCst)
    }

    /// Everything of the transactions is folded.
    pub(crate) fn commit_all(&self) {
        let topics = self.shared.topics.lock().unwrap();
        for partition in 0..PARTITIONS {
            let end = topics.get(&(Topic::Transactions, partition)).map_or(0, |records| records.len() as u64);
            self.committed.lock().unwrap()[partition as usize] = end;
        }
    }
}

impl Shared {
    fn answer(&self) -> Result<(), StreamError> {
        match self.away.load(Ordering::SeqCst) {
            true => Err(StreamError::Away("told to be".into())),
            false => Ok(()),
        }
    }
}

#[async_trait]
impl Stream for Log {
    async fn prepare(&self, _: Retention) -> Result<(), StreamError> {
        Ok(())
    }

    async fn append(&self, records: Vec<NewRecord>) -> Result<(), NotAppended> {
        NotAppended::all(records.len(), &StreamError::Refused("nobody appends here".into()))
    }

    async fn subscribe(&self) -> Result<Box<dyn Subscription>, StreamError> {
        Err(StreamError::Refused("nobody subscribes here".into()))
    }

    async fn follow(&self, topic: Topic, starts: Vec<(u32, Start)>) -> Result<Box<dyn Follower>, StreamError> {
        self.shared.answer()?;
        let topics = self.shared.topics.lock().unwrap();
        let position = |partition: u32, start: Start| match start {
            Start::End => topics.get(&(topic, partition)).map_or(0, |records| records.len()),
            Start::Beginning if topic == Topic::Transactions => self.low.lock().unwrap()[partition as usize] as usize,
            Start::Offset(offset) => offset as usize,
            _ => 0,
        };
        let positions = starts.into_iter().map(|(partition, start)| (partition, position(partition, start))).collect();
        let changed = self.shared.changed.subscribe();
        Ok(Box::new(Reader { shared: self.shared.clone(), topic, positions, changed, told: false }))
    }

    async fn bounds(&self, topic: Topic) -> Result<Vec<Bounds>, StreamError> {
        self.shared.answer()?;
        let topics = self.shared.topics.lock().unwrap();
        let (committed, low) = (*self.committed.lock().unwrap(), *self.low.lock().unwrap());
        let bounds = (0..PARTITIONS).map(|partition| Bounds {
            partition,
            low: if topic == Topic::Transactions { low[partition as usize] } else { 0 },
            high: topics.get(&(topic, partition)).map_or(0, |records| records.len() as u64),
            committed: if topic == Topic::Transactions { committed[partition as usize] } else { 0 },
        });
        Ok(bounds.collect())
    }
}

struct Reader {
    shared: Arc<Shared>,
    topic: Topic,
    positions: Vec<(u32, usize)>,
    changed: watch::Receiver<()>,
    told: bool,
}

#[async_trait]
impl Follower for Reader {
    async fn next(&mut self) -> Result<Batch, StreamError> {
        loop {
            self.changed.mark_unchanged();
            self.shared.answer()?;
            if self.shared.hangs.load(Ordering::SeqCst) {
                std::future::pending::<()>().await;
            }
            let mut records = Vec::new();
            {
                let topics = self.shared.topics.lock().unwrap();
                for (partition, position) in &mut self.positions {
                    let held = topics.get(&(self.topic, *partition)).map_or(&[][..], Vec::as_slice);
                    records.extend_from_slice(held.get(*position..).unwrap_or_default());
                    *position = held.len();
                }
            }
            if !records.is_empty() {
                self.shared.given.fetch_add(records.len(), Ordering::SeqCst);
                self.told = false;
                return Ok(Batch { records, caught_up: false });
            }
            if !self.told {
                self.told = true;
                return Ok(Batch { records, caught_up: true });
            }
            self.changed.changed().await.unwrap();
        }
    }
}
