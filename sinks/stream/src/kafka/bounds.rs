//! Asks what the partitions hold and up to where they were committed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use super::client;
use super::client_errors::{ClientErrors, reason};
use super::options::KafkaOptions;
use super::start;
use crate::port::{Bounds, StreamError, Topic};
use crate::timeouts::REQUEST;

/// A client for asking alone, kept between two calls.
pub(super) struct BoundsClient {
    options: Arc<KafkaOptions>,
    errors: ClientErrors,
    client: Mutex<Option<BaseConsumer<ClientErrors>>>,
}

/// What the client has to say is taken from it at each call, so that it does not pile up.
const LISTEN: Duration = Duration::from_millis(1);

impl BoundsClient {
    pub(super) fn new(options: Arc<KafkaOptions>, errors: ClientErrors) -> Self {
        Self { options, errors, client: Mutex::new(None) }
    }

    /// Blocks, a bounded time.
    pub(super) fn bounds(&self, topic: Topic) -> Result<Vec<Bounds>, StreamError> {
        self.ask(|client| {
            let mut bounds = Vec::new();
            for partition in 0..self.options.partitions {
                let (low, high) = self.watermarks(client, topic, partition)?;
                bounds.push(Bounds { partition, low, high, committed: 0 });
            }
            if topic == Topic::Transactions {
                self.add_committed(client, &mut bounds)?;
            }
            Ok(bounds)
        })
    }

    /// The offset behind the last record of each of these partitions. Blocks, a bounded time.
    pub(super) fn ends(&self, topic: Topic, partitions: &BTreeSet<u32>) -> Result<BTreeMap<u32, u64>, StreamError> {
        self.ask(|client| {
            let end = |partition: &u32| Ok((*partition, self.watermarks(client, topic, *partition)?.1));
            partitions.iter().map(end).collect()
        })
    }

    fn ask<T>(
        &self,
        what: impl FnOnce(&BaseConsumer<ClientErrors>) -> Result<T, StreamError>,
    ) -> Result<T, StreamError> {
        let mut slot = self.client.lock().unwrap_or_else(PoisonError::into_inner);
        let client = match slot.take() {
            Some(client) => client,
            None => self.connect()?,
        };
        let answer = what(&client);
        client::listen(&client, LISTEN);
        // After an error the next call begins afresh.
        if answer.is_ok() {
            self.errors.works();
            *slot = Some(client);
        }
        answer
    }

    fn connect(&self) -> Result<BaseConsumer<ClientErrors>, StreamError> {
        let mut config = client::consumer(&self.options);
        // Asking must neither wait for a transaction to end nor take the end of what is visible for the end.
        config.set("isolation.level", "read_uncommitted");
        let refused = |error: KafkaError| StreamError::Refused(reason(&error));
        config.create_with_context(self.errors.clone()).map_err(refused)
    }

    /// The first offset and the one behind the last.
    fn watermarks(
        &self,
        client: &BaseConsumer<ClientErrors>,
        topic: Topic,
        partition: u32,
    ) -> Result<(u64, u64), StreamError> {
        let name = self.options.name(topic);
        let away = |error: KafkaError| self.errors.away(&format!("topic {name}, partition {partition}"), &error);
        let (low, high) = client.fetch_watermarks(name, start::number(partition)?, REQUEST).map_err(away)?;
        let offset = |offset: i64| u64::try_from(offset).unwrap_or_default();
        Ok((offset(low), offset(high)))
    }

    fn add_committed(&self, client: &BaseConsumer<ClientErrors>, bounds: &mut [Bounds]) -> Result<(), StreamError> {
        let mut asked = TopicPartitionList::with_capacity(bounds.len());
        for one in bounds.iter() {
            asked.add_partition(&self.options.topic, start::number(one.partition)?);
        }
        let away = |error: KafkaError| self.errors.away("fetching committed positions", &error);
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
