//! A log and a store that cost next to nothing, so that what the aggregator takes is its own: the log is read out of memory, and what
//! is written goes nowhere.

use std::collections::BTreeSet;
use std::future::pending;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use tallygate_core::notice::Notice;
use tallygate_core::{Aggregate, Day, Generation, Row};
use tallygate_stream::{
    Batch, Bounds, Committer, Event, Flush, Follower, NewRecord, NotAppended, Record, Retention, Start, Stream,
    StreamError, Subscription, Topic,
};
use tallygate_sums::{Notices, Sums, SumsError};
use tokio::sync::watch;

/// A log that is there from the beginning, and can be read once.
pub struct MemoryLog {
    ends: Vec<u64>,
    /// In pieces, as they are handed on.
    pieces: Mutex<Vec<Vec<Record>>>,
    committed: Arc<Committed>,
}

/// Up to where each partition was committed.
struct Committed(watch::Sender<Vec<u64>>);

struct Member {
    committed: Arc<Committed>,
    given: Option<Vec<(u32, Option<u64>)>>,
}

/// Hands on piece by piece, from the last on.
struct Pieces {
    pieces: Vec<Vec<Record>>,
    caught_up: bool,
}

/// A store that takes what it is given.
pub struct NoStore;

impl MemoryLog {
    /// Its pieces, in the order in which they are handed on, of partitions that end there.
    pub fn new(mut pieces: Vec<Vec<Record>>, ends: Vec<u64>) -> Self {
        pieces.reverse();
        let committed = Arc::new(Committed(watch::Sender::new(vec![0; ends.len()])));
        Self { ends, pieces: Mutex::new(pieces), committed }
    }

    /// Waits until all of it is committed.
    pub async fn worked_off(&self) {
        let mut committed = self.committed.0.subscribe();
        let _ = committed.wait_for(|committed| *committed == self.ends).await;
    }
}

#[async_trait]
impl Stream for MemoryLog {
    async fn prepare(&self, _: Retention) -> Result<(), StreamError> {
        Ok(())
    }

    async fn append(&self, _: Vec<NewRecord>) -> Result<(), NotAppended> {
        Ok(())
    }

    async fn subscribe(&self) -> Result<Box<dyn Subscription>, StreamError> {
        let given = (0..).zip(&self.ends).map(|(number, _)| (number, None)).collect();
        Ok(Box::new(Member { committed: Arc::clone(&self.committed), given: Some(given) }))
    }

    async fn follow(&self, topic: Topic, _: Vec<(u32, Start)>) -> Result<Box<dyn Follower>, StreamError> {
        let pieces = match topic {
            Topic::Transactions => std::mem::take(&mut *self.pieces.lock().unwrap_or_else(PoisonError::into_inner)),
            _ => Vec::new(),
        };
        Ok(Box::new(Pieces { pieces, caught_up: false }))
    }

    async fn bounds(&self, topic: Topic) -> Result<Vec<Bounds>, StreamError> {
        let committed = self.committed.0.borrow().clone();
        let ends = (0..).zip(&self.ends).zip(committed);
        Ok(ends
            .map(|((partition, end), committed)| {
                let high = if topic == Topic::Transactions { *end } else { 0 };
                Bounds { partition, low: 0, high, committed }
            })
            .collect())
    }
}

#[async_trait]
impl Subscription for Member {
    async fn next(&mut self) -> Result<Event, StreamError> {
        match self.given.take() {
            Some(given) => Ok(Event::Assigned(given)),
            None => pending().await,
        }
    }

    fn committer(&self) -> Arc<dyn Committer> {
        Arc::clone(&self.committed) as _
    }

    async fn leave(self: Box<Self>) {}
}

#[async_trait]
impl Committer for Committed {
    async fn commit(&self, flush: Flush) -> Result<(), StreamError> {
        self.0.send_modify(|committed| {
            for (partition, offset) in flush.offsets {
                if let Some(committed) = committed.get_mut(partition as usize) {
                    *committed = offset;
                }
            }
        });
        Ok(())
    }
}

#[async_trait]
impl Follower for Pieces {
    async fn next(&mut self) -> Result<Batch, StreamError> {
        if self.pieces.is_empty() && self.caught_up {
            return pending().await;
        }
        let records = self.pieces.pop().unwrap_or_default();
        self.caught_up = self.pieces.is_empty();
        Ok(Batch { records, caught_up: self.caught_up })
    }

    fn at_hand(&mut self) -> Result<Option<Batch>, StreamError> {
        let Some(records) = self.pieces.pop() else { return Ok(None) };
        self.caught_up = self.pieces.is_empty();
        Ok(Some(Batch { records, caught_up: self.caught_up }))
    }
}

#[async_trait]
impl Sums for NoStore {
    async fn generations(&self) -> Result<Vec<Generation>, SumsError> {
        Ok(Vec::new())
    }

    async fn add_generation(&self, _: &Generation) -> Result<bool, SumsError> {
        Ok(true)
    }

    async fn read(&self, _: Aggregate, _: Day, _: u32, _: Option<&str>) -> Result<Vec<Row>, SumsError> {
        Ok(Vec::new())
    }

    async fn upsert(&self, _: &[Row]) -> Result<(), SumsError> {
        Ok(())
    }

    async fn days(&self, _: u32) -> Result<BTreeSet<Day>, SumsError> {
        Ok(BTreeSet::new())
    }
}

#[async_trait]
impl Notices for NoStore {
    async fn tell(&self, _: &Notice) -> Result<(), SumsError> {
        Ok(())
    }

    async fn notices(&self) -> Result<Vec<Notice>, SumsError> {
        Ok(Vec::new())
    }
}
