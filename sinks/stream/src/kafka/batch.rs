//! Takes what Kafka has fetched, many records at a time, out of its memory and into one buffer.

use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, ConsumerContext};
use rdkafka::error::KafkaError;

use super::fetch_queue::{FetchQueue, Fetched};
use crate::limits::{BATCH_RECORDS, KAFKA_BATCH_BYTES};
use crate::port::StreamError;
use crate::records::Packer;

/// Why polling stopped.
pub(super) enum Stopped {
    /// There is nothing more now, or the batch is full.
    Quiet,
    /// This partition was read to its end.
    End(u32),
    /// The client reports this.
    Error(KafkaError),
}

/// Takes records until there are none or the batch is full; waits for the first one only.
///
/// # Errors
/// `Refused` when a record bears no append time.
pub(super) fn poll_batch<C: ConsumerContext>(
    fetched: &mut FetchQueue<C>,
    topic: &str,
    packer: &mut Packer,
    patience: Duration,
) -> Result<Stopped, StreamError> {
    if let Some(error) = told(fetched.consumer())? {
        return Ok(Stopped::Error(error));
    }
    let mut patience = patience;
    while packer.len() < BATCH_RECORDS && packer.bytes() < KAFKA_BATCH_BYTES {
        match fetched.next(patience) {
            None => break,
            Some(Ok(record)) => pack(&record, topic, packer)?,
            Some(Err(KafkaError::PartitionEOF(partition))) => {
                return Ok(Stopped::End(u32::try_from(partition).unwrap_or_default()));
            }
            Some(Err(error)) => return Ok(Stopped::Error(error)),
        }
        patience = Duration::ZERO;
    }
    Ok(Stopped::Quiet)
}

/// What the client has to say beside its records.
fn told<C: ConsumerContext>(consumer: &BaseConsumer<C>) -> Result<Option<KafkaError>, StreamError> {
    match consumer.poll(Duration::ZERO) {
        None => Ok(None),
        Some(Err(error)) => Ok(Some(error)),
        // It would be missing among the others.
        Some(Ok(_)) => Err(StreamError::Away("the client gave a record beside the queue of its records".to_owned())),
    }
}

fn pack(record: &Fetched<'_>, topic: &str, packer: &mut Packer) -> Result<(), StreamError> {
    let (partition, offset) = (record.partition(), record.offset());
    let Some(appended) = record.append_time() else {
        return Err(StreamError::Refused(format!(
            "topic {topic}, partition {partition}, offset {offset}: the record bears no append time; \
             the topic's message.timestamp.type must be LogAppendTime"
        )));
    };
    let at = (u32::try_from(partition).unwrap_or_default(), u64::try_from(offset).unwrap_or_default(), appended);
    packer.push(at, record.key(), record.value(), |sink| record.headers(|name, value| sink.put_bytes(name, value)));
    Ok(())
}
