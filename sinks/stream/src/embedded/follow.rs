//! Reads along a topic of the embedded stream.

use std::sync::Arc;

use async_trait::async_trait;

use super::changes::Changes;
use super::read::read;
use super::shared::Shared;
use crate::port::{Batch, Follower, StreamError, Topic};

/// A follower.
pub(super) struct EmbeddedFollower {
    shared: Arc<Shared>,
    topic: Topic,
    positions: Vec<(u32, u64)>,
    changes: Changes,
    caught_up: bool,
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
