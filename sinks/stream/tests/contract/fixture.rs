//! What the promises work with: a stream, records, and ways to read them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tallygate_stream::{
    Batch, Committed, Event, Flush, NewRecord, Planner, Record, Start, Stream, StreamError, Subscription, Topic,
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

/// A planner that follows what was committed, and begins with this otherwise.
pub(crate) struct Else(pub(crate) Start);

/// A planner that always says the same of the first partition, and of the others the beginning.
pub(crate) struct Always(pub(crate) Start);

impl Planner for Else {
    fn start(&self, _: u32, committed: Option<&Committed>) -> Start {
        committed.map_or(self.0, |committed| Start::Offset(committed.offset))
    }
}

impl Planner for Always {
    fn start(&self, partition: u32, _: Option<&Committed>) -> Start {
        if partition == 0 { self.0 } else { Start::Beginning }
    }
}

pub(crate) fn record(partition: u32, key: &str, value: &str) -> NewRecord {
    NewRecord {
        partition,
        key: key.to_owned().into(),
        headers: vec![("tallygate-number", value.to_owned().into()), ("empty", "".into())],
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

pub(crate) fn position(partition: u32, offset: u64, note: &str) -> (u32, Committed) {
    (partition, Committed { offset, note: note.to_owned() })
}

pub(crate) fn flush(rows: Vec<NewRecord>, offsets: Vec<(u32, Committed)>) -> Flush {
    Flush { rows, dead_letters: Vec::new(), offsets }
}

pub(crate) fn now() -> i64 {
    i64::try_from(SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_millis()).unwrap()
}

impl Fixture {
    pub(crate) async fn subscribe(&self, start: Start) -> Box<dyn Subscription> {
        self.stream.subscribe(Arc::new(Else(start))).await.unwrap()
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

/// Waits until partitions are given, and returns what was committed for them.
pub(crate) async fn assigned(subscription: &mut Box<dyn Subscription>) -> BTreeMap<u32, Option<Committed>> {
    loop {
        match subscription.next().await.unwrap() {
            Event::Assigned(partitions) if !partitions.is_empty() => return partitions.into_iter().collect(),
            _ => {}
        }
    }
}

/// Waits until all partitions are given, dropping records read before.
pub(crate) async fn assigned_all(subscription: &mut Box<dyn Subscription>) -> BTreeMap<u32, Option<Committed>> {
    loop {
        let partitions = assigned(subscription).await;
        if partitions.len() == PARTITIONS as usize {
            return partitions;
        }
    }
}

/// Takes so many records.
pub(crate) async fn take(subscription: &mut Box<dyn Subscription>, count: usize) -> Vec<Record> {
    let mut records = Vec::new();
    while records.len() < count {
        match subscription.next().await.unwrap() {
            Event::Records(some) => records.extend(some),
            Event::Assigned(_) => {}
            Event::Revoked(_) => records.clear(),
        }
    }
    records
}
