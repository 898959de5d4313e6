//! Reads along a topic of the embedded stream.

use std::sync::Arc;

use async_trait::async_trait;
use tallygate_embedded::rusqlite::{self, Connection};

use super::{Changes, Shared, explain, log};
use crate::limits::{BATCH_BYTES, BATCH_RECORDS};
use crate::port::{Batch, Follower, StreamError, Topic};
use crate::records::{Packer, Record};

/// A follower.
pub(super) struct EmbeddedFollower {
    shared: Arc<Shared>,
    topic: Topic,
    positions: Vec<(u32, u64)>,
    changes: Changes,
    caught_up: bool,
}

/// Records, the positions behind them, and whether there is nothing more behind those.
pub(super) struct Found {
    pub(super) records: Vec<Record>,
    pub(super) positions: Vec<(u32, u64)>,
    pub(super) is_all: bool,
}

impl EmbeddedFollower {
    /// `changes` were listened to since before the positions were found.
    pub(super) fn new(shared: Arc<Shared>, topic: Topic, positions: Vec<(u32, u64)>, changes: Changes) -> Self {
        Self { shared, topic, positions, changes, caught_up: false }
    }
}

#[async_trait]
impl Follower for EmbeddedFollower {
    async fn next(&mut self) -> Result<Batch, StreamError> {
        loop {
            let found = read(&self.shared, self.topic, self.positions.clone()).await?;
            self.positions = found.positions;
            let first_time = found.is_all && (!self.caught_up || !found.records.is_empty());
            self.caught_up = found.is_all;
            if first_time || !found.records.is_empty() {
                return Ok(Batch { records: found.records, caught_up: found.is_all });
            }
            self.changes.next().await;
        }
    }
}

/// Reads one batch from all partitions; the one where it stopped is put last, so that each has its turn.
pub(super) async fn read(shared: &Shared, topic: Topic, positions: Vec<(u32, u64)>) -> Result<Found, StreamError> {
    let gone = move |partition: u32, position: u64| {
        let told = "is no longer in the log; whoever begins anew is told where it begins";
        StreamError::Away(format!("{topic:?}, partition {partition}: the position {position} {told}"))
    };
    let read = move |log: &Connection| -> rusqlite::Result<Result<Found, StreamError>> {
        let log = log.unchecked_transaction()?;
        let (mut packer, mut positions) = (Packer::default(), positions);
        let mut done = 0;
        let is_full = |packer: &Packer| packer.len() >= BATCH_RECORDS || packer.bytes() >= BATCH_BYTES;
        for (partition, position) in &mut positions {
            match log::read(&log, topic, *partition, *position, &mut packer)? {
                Some(next) => *position = next,
                None => return Ok(Err(gone(*partition, *position))),
            }
            done += 1;
            if is_full(&packer) {
                break;
            }
        }
        let is_all = !is_full(&packer);
        positions.rotate_left(done);
        Ok(Ok(Found { records: packer.finish(), positions, is_all }))
    };
    shared.database.read(read).await.map_err(explain)?
}
