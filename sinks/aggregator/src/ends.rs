//! What the partitions of a topic held when last looked at.

use std::collections::BTreeMap;

use tallygate_stream::{Bounds, Stream, StreamError, Topic};

/// The bounds of each partition.
#[derive(Debug)]
pub(crate) struct Ends(BTreeMap<u32, Bounds>);

impl Ends {
    pub(crate) fn new(bounds: Vec<Bounds>) -> Self {
        Self(bounds.into_iter().map(|bounds| (bounds.partition, bounds)).collect())
    }

    /// Of a topic as it is now.
    pub(crate) async fn of(stream: &dyn Stream, topic: Topic) -> Result<Self, StreamError> {
        Ok(Self::new(stream.bounds(topic).await?))
    }

    /// The same, of a log to which others append while it is looked at.
    pub(crate) fn growing(mut self) -> Self {
        self.0.values_mut().for_each(|bounds| bounds.high = u64::MAX);
        self
    }

    pub(crate) fn has(&self, partition: u32) -> bool {
        self.0.contains_key(&partition)
    }

    /// The first offset that is held.
    pub(crate) fn low(&self, partition: u32) -> u64 {
        self.0.get(&partition).map_or(0, |bounds| bounds.low)
    }

    /// The next offset to be given.
    pub(crate) fn high(&self, partition: u32) -> u64 {
        self.0.get(&partition).map_or(0, |bounds| bounds.high)
    }
}
