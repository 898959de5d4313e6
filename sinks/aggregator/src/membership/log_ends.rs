//! Where the log's partitions ended when last looked at.

use std::collections::BTreeMap;

use tallygate_stream::{Bounds, Stream, StreamError, Topic};

/// The next offset of each partition to be given.
#[derive(Debug)]
pub(super) struct LogEnds(BTreeMap<u32, u64>);

impl LogEnds {
    pub(super) fn new(bounds: Vec<Bounds>) -> Self {
        Self(bounds.into_iter().map(|bounds| (bounds.partition, bounds.high)).collect())
    }

    /// Looks again.
    pub(super) async fn refresh(&mut self, stream: &dyn Stream) -> Result<(), StreamError> {
        *self = Self::new(stream.bounds(Topic::Transactions).await?);
        Ok(())
    }

    pub(super) fn of(&self, partition: u32) -> u64 {
        self.0.get(&partition).copied().unwrap_or(0)
    }
}
