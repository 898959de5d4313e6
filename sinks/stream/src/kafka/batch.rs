//! Takes what Kafka has fetched, many records at a time, out of its memory and into one buffer.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use rdkafka::Timestamp;
use rdkafka::consumer::{BaseConsumer, ConsumerContext};
use rdkafka::error::KafkaError;
use rdkafka::message::{BorrowedMessage, Headers, Message};

use crate::headers::HeaderSink;
use crate::limits::{BATCH_BYTES, BATCH_RECORDS};
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

/// Polls for records until there are none or the batch is full; waits for the first one only.
///
/// # Errors
/// `Refused` when a record bears no append time.
pub(super) fn poll_batch<C: ConsumerContext>(
    consumer: &BaseConsumer<C>,
    packer: &mut Packer,
    patience: Duration,
) -> Result<Stopped, StreamError> {
    let mut patience = patience;
    while packer.len() < BATCH_RECORDS && packer.bytes() < BATCH_BYTES {
        match consumer.poll(patience) {
            None => break,
            Some(Ok(message)) => pack(&message, packer)?,
            Some(Err(KafkaError::PartitionEOF(partition))) => {
                return Ok(Stopped::End(u32::try_from(partition).unwrap_or_default()));
            }
            Some(Err(error)) => return Ok(Stopped::Error(error)),
        }
        patience = Duration::ZERO;
    }
    Ok(Stopped::Quiet)
}

fn pack(message: &BorrowedMessage<'_>, packer: &mut Packer) -> Result<(), StreamError> {
    let Timestamp::LogAppendTime(appended) = message.timestamp() else {
        return Err(StreamError::Refused(format!(
            "topic {}, partition {}, offset {}: the record bears no append time; \
             the topic's message.timestamp.type must be LogAppendTime",
            message.topic(),
            message.partition(),
            message.offset()
        )));
    };
    let partition = u32::try_from(message.partition()).unwrap_or_default();
    let offset = u64::try_from(message.offset()).unwrap_or_default();
    let (key, value) = (message.key().unwrap_or_default(), message.payload().unwrap_or_default());
    packer.push((partition, offset, appended), key, value, |sink| headers(message, sink));
    Ok(())
}

fn headers(message: &BorrowedMessage<'_>, sink: &mut HeaderSink<'_>) {
    let Some(headers) = message.headers() else { return };
    // The client library panics at a name that is not UTF-8. Anybody may write one; the record then has fewer headers.
    let _ = catch_unwind(AssertUnwindSafe(|| {
        for header in headers.iter() {
            sink.put(header.key, header.value.unwrap_or_default());
        }
    }));
}
