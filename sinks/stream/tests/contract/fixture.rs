//! What the promises work with: a stream, records, and ways to read them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tallygate_stream::{
    Batch, Event, Flush, Follower, NewHeaders, NewRecord, Record, Start, Stream, StreamError, Subscription, Topic,
};

/// Longer than any promise takes; a hand-over alone may take several seconds.
pub(crate) const PATIENCE: Duration = Duration::from_secs(90);
/// Partitions of every stream here.
pub(crate) const PARTITIONS: u32 = 2;

/// A prepared stream of its own.
pub(crate) struct Fixture {
    pub(crate) stream: Arc<dyn Stream>,
    /// The same stream, as another process would open it.
    pub(crate) other: Arc<dyn Stream>,
    /// Lives as long as the stream.
    pub(crate) directory: Option<tempfile::TempDir>,
}

/// An owner: a subscription, and a reader of what it owns.
pub(crate) struct Owner {
    stream: Arc<dyn Stream>,
    pub(crate) subscription: Box<dyn Subscription>,
    follower: Option<Box<dyn Follower>>,
    /// What is its own, with what was committed when it was given; it is read from there.
    owned: BTreeMap<u32, Option<u64>>,
}

pub(crate) fn record(partition: u32, key: &str, value: &str) -> NewRecord {
    NewRecord {
        partition,
        key: key.to_owned().into(),
        headers: NewHeaders::of(&[("tallygate-number", value), ("empty", "")]),
        value: value.to_owned().into(),
    }
}

/// Records with the values `from..to`.
pub(crate) fn numbered(partition: u32, from: u64, to: u64) -> Vec<NewRecord> {
    (from..to).map(|n| record(partition, "key", &n.to_string())).collect()
}

pub(crate) fn value(record: &Record) -> String {
    String::from_utf8_lossy(record.value()).into_owned()
}

pub(crate) fn flush(sums: Vec<NewRecord>, offsets: Vec<(u32, u64)>) -> Flush {
    Flush { sums, dead_letters: Vec::new(), offsets }
}

pub(crate) fn now() -> i64 {
    i64::try_from(SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_millis()).unwrap()
}

impl Fixture {
    pub(crate) async fn subscribe(&self) -> Owner {
        Owner::of(&self.stream).await.unwrap()
    }

    /// From another process.
    pub(crate) async fn subscribe_elsewhere(&self) -> Owner {
        Owner::of(&self.other).await.unwrap()
    }

    /// Everything that is visible in a topic.
    pub(crate) async fn all(&self, topic: Topic) -> Vec<Record> {
        let starts = (0..PARTITIONS).map(|partition| (partition, Start::Beginning)).collect();
        self.read_from(topic, starts).await.unwrap()
    }

    pub(crate) async fn read_from(&self, topic: Topic, starts: Vec<(u32, Start)>) -> Result<Vec<Record>, StreamError> {
        let mut follower = self.stream.follow(topic, starts).await?;
        let mut records = Vec::new();
        loop {
            let Batch { records: some, caught_up } = follower.next().await?;
            records.extend(some);
            if caught_up {
                return Ok(records);
            }
        }
    }
}

impl Owner {
    pub(crate) async fn of(stream: &Arc<dyn Stream>) -> Result<Self, StreamError> {
        Ok(Self {
            stream: Arc::clone(stream),
            subscription: stream.subscribe().await?,
            follower: None,
            owned: BTreeMap::new(),
        })
    }

    /// Waits until partitions are given, and returns what was committed for them; they are read from there.
    pub(crate) async fn assigned(&mut self) -> BTreeMap<u32, Option<u64>> {
        loop {
            if let Some(partitions) = self.next().await.unwrap() {
                return partitions;
            }
        }
    }

    /// Waits until all partitions are its own.
    pub(crate) async fn assigned_all(&mut self) -> BTreeMap<u32, Option<u64>> {
        while self.owned.len() < PARTITIONS as usize {
            self.assigned().await;
        }
        self.owned.clone()
    }

    pub(crate) async fn revoked(&mut self) -> BTreeSet<u32> {
        loop {
            let event = self.subscription.next().await.unwrap();
            let revoked = if let Event::Revoked(partitions) = &event { partitions.clone() } else { Vec::new() };
            self.take_event(event).await.unwrap();
            if !revoked.is_empty() {
                return revoked.into_iter().collect();
            }
        }
    }

    /// Takes so many records of what is its own.
    pub(crate) async fn take(&mut self, count: usize) -> Vec<Record> {
        let mut records = Vec::new();
        while records.len() < count {
            let Some(follower) = &mut self.follower else {
                self.assigned().await;
                continue;
            };
            tokio::select! {
                batch = follower.next() => match batch {
                    Ok(batch) => records.extend(batch.records),
                    // The stream was away for longer than a follower waits.
                    Err(error) => {
                        assert!(error.is_retryable(), "{error}");
                        records.clear();
                        self.follow().await.unwrap();
                    }
                },
                event = self.subscription.next() => {
                    records.clear();
                    self.take_event(event.unwrap()).await.unwrap();
                }
            }
        }
        records
    }

    pub(crate) async fn commit(&self, flush: Flush) -> Result<(), StreamError> {
        self.subscription.committer().commit(flush).await
    }

    /// The next partitions that were given; none when some were taken.
    async fn next(&mut self) -> Result<Option<BTreeMap<u32, Option<u64>>>, StreamError> {
        let event = self.subscription.next().await?;
        self.take_event(event).await
    }

    async fn follow(&mut self) -> Result<(), StreamError> {
        let from = |(partition, committed): (&u32, &Option<u64>)| {
            (*partition, committed.map_or(Start::Beginning, Start::Offset))
        };
        let starts: Vec<_> = self.owned.iter().map(from).collect();
        let is_any = !starts.is_empty();
        self.follower = if is_any { Some(self.stream.follow(Topic::Transactions, starts).await?) } else { None };
        Ok(())
    }

    async fn take_event(&mut self, event: Event) -> Result<Option<BTreeMap<u32, Option<u64>>>, StreamError> {
        let given = match event {
            Event::Assigned(partitions) => {
                self.owned.extend(partitions.iter().copied());
                Some(partitions.into_iter().collect())
            }
            Event::Revoked(partitions) => {
                self.owned.retain(|partition, _| !partitions.contains(partition));
                None
            }
        };
        self.follow().await?;
        Ok(given.filter(|given: &BTreeMap<u32, Option<u64>>| !given.is_empty()))
    }
}
