//! What the log's partitions held when last looked at.

use std::collections::BTreeMap;

use tallygate_stream::{Bounds, Stream, StreamError, Topic};

/// The bounds of each partition.
#[derive(Debug)]
pub(super) struct LogEnds(BTreeMap<u32, Bounds>);

impl LogEnds {
    pub(super) fn new(bounds: Vec<Bounds>) -> Self {
        Self(bounds.into_iter().map(|bounds| (bounds.partition, bounds)).collect())
    }

    pub(super) async fn look(stream: &dyn Stream) -> Result<Self, StreamError> {
        Ok(Self::new(stream.bounds(Topic::Transactions).await?))
    }

    /// The first offset that is held.
    pub(super) fn low(&self, partition: u32) -> u64 {
        self.0.get(&partition).map_or(0, |bounds| bounds.low)
    }

    /// The next offset to be given.
    pub(super) fn high(&self, partition: u32) -> u64 {
        self.0.get(&partition).map_or(0, |bounds| bounds.high)
    }
}
