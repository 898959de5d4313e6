//! From where a partition is read: a start becomes an offset that is known to be there.

use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use super::client_errors::ClientErrors;
use crate::port::{Start, StreamError};
use crate::timeouts::REQUEST;

/// Each partition of the topic with the offset it is read from.
///
/// # Errors
/// `Refused` when the log no longer has, or does not have yet, what an offset names.
pub(super) fn resolve<C: ConsumerContext>(
    consumer: &BaseConsumer<C>,
    errors: &ClientErrors,
    topic: &str,
    starts: &[(u32, Start)],
) -> Result<TopicPartitionList, StreamError> {
    let mut offsets = TopicPartitionList::with_capacity(starts.len());
    for (partition, start) in starts {
        let number = number(*partition)?;
        let (low, high) = consumer
            .fetch_watermarks(topic, number, REQUEST)
            .map_err(|error| errors.away(&format!("topic {topic}, partition {partition}"), &error))?;
        let offset = match start {
            // Not the offset of now: it may be pruned before it is read.
            Start::Beginning => Offset::Beginning,
            Start::End => Offset::Offset(high),
            Start::Offset(offset) => Offset::Offset(inside(*offset, low, high).ok_or_else(|| {
                StreamError::Refused(format!(
                    "topic {topic}, partition {partition}: offset {offset} is not there, the log holds {low} to {high}"
                ))
            })?),
        };
        set(&mut offsets, topic, number, offset)?;
    }
    Ok(offsets)
}

/// A partition's number as Kafka writes it.
pub(super) fn number(partition: u32) -> Result<i32, StreamError> {
    let refused = |_| StreamError::Refused(format!("partition {partition}: must be below 2147483648"));
    i32::try_from(partition).map_err(refused)
}

fn set(list: &mut TopicPartitionList, topic: &str, partition: i32, offset: Offset) -> Result<(), StreamError> {
    let refused = |error| StreamError::Refused(format!("topic {topic}, partition {partition}: {error}"));
    list.add_partition_offset(topic, partition, offset).map_err(refused)
}

fn inside(offset: u64, low: i64, high: i64) -> Option<i64> {
    i64::try_from(offset).ok().filter(|offset| (low..=high).contains(offset))
}
