//! Looks at what the partitions hold and up to where they were committed.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use super::client::{self, Trouble, reason};
use super::options::KafkaOptions;
use super::start;
use crate::limits::REQUEST;
use crate::port::{Bounds, StreamError, Topic};

/// A client that only looks, kept between two looks.
pub(super) struct Looker {
    options: Arc<KafkaOptions>,
    trouble: Trouble,
    client: Mutex<Option<BaseConsumer<Trouble>>>,
}

/// What the client has to say is taken from it at each look, so that it does not pile up.
const LISTEN: Duration = Duration::from_millis(1);

impl Looker {
    pub(super) fn new(options: Arc<KafkaOptions>) -> Self {
        Self { options, trouble: Trouble::default(), client: Mutex::new(None) }
    }

    /// Blocks, a bounded time.
    pub(super) fn look(&self, topic: Topic) -> Result<Vec<Bounds>, StreamError> {
        let mut slot = self.client.lock().unwrap_or_else(PoisonError::into_inner);
        let looking = match slot.take() {
            Some(client) => client,
            None => self.connect()?,
        };
        let seen = self.bounds(&looking, topic);
        client::listen(&looking, LISTEN);
        // After an error the next look begins afresh.
        if seen.is_ok() {
            *slot = Some(looking);
        }
        seen
    }

    fn connect(&self) -> Result<BaseConsumer<Trouble>, StreamError> {
        let mut config = client::consumer(&self.options);
        // Looking must neither wait for a transaction to end nor take the end of what is visible for the end.
        config.set("isolation.level", "read_uncommitted");
        let refused = |error: KafkaError| StreamError::Refused(reason(&error));
        config.create_with_context(self.trouble.clone()).map_err(refused)
    }

    fn bounds(&self, client: &BaseConsumer<Trouble>, topic: Topic) -> Result<Vec<Bounds>, StreamError> {
        let name = self.options.name(topic);
        let mut bounds = Vec::new();
        for partition in 0..self.options.partitions {
            let away = |error: KafkaError| self.trouble.away(&format!("topic {name}, partition {partition}"), &error);
            let number = start::number(partition)?;
            let (low, high) = client.fetch_watermarks(name, number, REQUEST).map_err(away)?;
            let offset = |offset: i64| u64::try_from(offset).unwrap_or_default();
            bounds.push(Bounds { partition, low: offset(low), high: offset(high), committed: 0 });
        }
        if topic == Topic::Transactions {
            self.add_committed(client, &mut bounds)?;
        }
        Ok(bounds)
    }

    fn add_committed(&self, client: &BaseConsumer<Trouble>, bounds: &mut [Bounds]) -> Result<(), StreamError> {
        let mut asked = TopicPartitionList::with_capacity(bounds.len());
        for one in bounds.iter() {
            asked.add_partition(&self.options.topic, start::number(one.partition)?);
        }
        let away = |error: KafkaError| self.trouble.away("fetching committed positions", &error);
        let found = client.committed_offsets(asked, REQUEST).map_err(away)?;
        for (element, one) in found.elements().iter().zip(bounds) {
            element.error().map_err(away)?;
            if let Offset::Offset(offset) = element.offset() {
                one.committed = u64::try_from(offset).unwrap_or_default();
            }
        }
        Ok(())
    }
}
