//! A queue of what Kafka has fetched of some partitions, from which records are taken many at a call and as they lie there.

use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::ptr::{self, NonNull};
use std::time::Duration;

use rdkafka::bindings as native;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::KafkaError;
use rdkafka::types::RDKafkaRespErr;

use crate::limits::BATCH_RECORDS;

/// A consumer with a queue for what it fetches; all else it has to say comes by its own.
pub(super) struct FetchQueue<C: ConsumerContext> {
    queue: NonNull<native::rd_kafka_queue_t>,
    /// What the last call took, from `next` on not handed out yet.
    taken: Vec<*mut native::rd_kafka_message_t>,
    next: usize,
    /// Ends last: the queue and what was taken are its own.
    consumer: BaseConsumer<C>,
}

/// A record, or an error of a partition, in the client's own memory, which it goes back to when this is dropped.
pub(super) struct Fetched<'q> {
    message: &'q mut native::rd_kafka_message_t,
}

// SAFETY: what the pointers point to is the client's, which any thread may call, and nobody else has them.
#[allow(unsafe_code, reason = "raw pointers are Send by no other way")]
unsafe impl<C: ConsumerContext> Send for FetchQueue<C> {}

impl<C: ConsumerContext> FetchQueue<C> {
    /// Of these partitions of a topic, before the consumer was assigned any; none when the client has no such queue.
    #[allow(
        unsafe_code,
        reason = "the bindings give no queue of several partitions, and no record without a call of its own"
    )]
    pub(super) fn new(consumer: BaseConsumer<C>, topic: &str, partitions: impl Iterator<Item = i32>) -> Option<Self> {
        let topic = CString::new(topic).ok()?;
        let client = consumer.client().native_ptr();
        // SAFETY: the client lives as long as `consumer`; each queue that is given is given up once.
        let queue = unsafe {
            let queue = NonNull::new(native::rd_kafka_queue_new(client))?;
            for partition in partitions {
                let of_partition = native::rd_kafka_queue_get_partition(client, topic.as_ptr(), partition);
                if of_partition.is_null() {
                    native::rd_kafka_queue_destroy(queue.as_ptr());
                    return None;
                }
                native::rd_kafka_queue_forward(of_partition, queue.as_ptr());
                native::rd_kafka_queue_destroy(of_partition);
            }
            queue
        };
        Some(Self { queue, taken: Vec::with_capacity(BATCH_RECORDS), next: 0, consumer })
    }

    pub(super) fn consumer(&self) -> &BaseConsumer<C> {
        &self.consumer
    }

    /// The next record, or what its partition says instead of one; none when nothing came meanwhile.
    pub(super) fn next(&mut self, patience: Duration) -> Option<Result<Fetched<'_>, KafkaError>> {
        if self.next == self.taken.len() {
            self.take(patience);
        }
        let message = *self.taken.get(self.next)?;
        self.next += 1;
        // SAFETY: the client gave it to us, and from here on only `Fetched` has it.
        #[allow(unsafe_code, reason = "as above")]
        let fetched = Fetched { message: unsafe { message.as_mut() }? };
        match fetched.message.err {
            RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR => Some(Ok(fetched)),
            RDKafkaRespErr::RD_KAFKA_RESP_ERR__PARTITION_EOF => {
                Some(Err(KafkaError::PartitionEOF(fetched.message.partition)))
            }
            error => Some(Err(KafkaError::MessageConsumption(error.into()))),
        }
    }

    /// Waits for the first one only: a call for many waits until it has all of them, or its time is over.
    fn take(&mut self, patience: Duration) {
        self.next = 0;
        self.taken.clear();
        self.take_more(patience, 1);
        if !self.taken.is_empty() {
            self.take_more(Duration::ZERO, BATCH_RECORDS - 1);
        }
    }

    #[allow(unsafe_code, reason = "as above")]
    fn take_more(&mut self, patience: Duration, most: usize) {
        let patience = c_int::try_from(patience.as_millis()).unwrap_or(c_int::MAX);
        let before = self.taken.len();
        self.taken.reserve(most);
        // SAFETY: there is room for so many more pointers, and as many more are there as the client says.
        unsafe {
            let room = self.taken.as_mut_ptr().add(before);
            let count = native::rd_kafka_consume_batch_queue(self.queue.as_ptr(), patience, room, most);
            self.taken.set_len(before + usize::try_from(count).unwrap_or_default().min(most));
        }
    }
}

impl<C: ConsumerContext> Drop for FetchQueue<C> {
    #[allow(unsafe_code, reason = "as above")]
    fn drop(&mut self) {
        for message in self.taken.drain(..).skip(self.next) {
            // SAFETY: it was not handed out.
            unsafe { native::rd_kafka_message_destroy(message) };
        }
        // SAFETY: nobody else has it, and the client is still there.
        unsafe { native::rd_kafka_queue_destroy(self.queue.as_ptr()) };
    }
}

impl Fetched<'_> {
    pub(super) fn partition(&self) -> i32 {
        self.message.partition
    }

    pub(super) fn offset(&self) -> i64 {
        self.message.offset
    }

    pub(super) fn key(&self) -> &[u8] {
        bytes(self.message.key, self.message.key_len)
    }

    pub(super) fn value(&self) -> &[u8] {
        bytes(self.message.payload, self.message.len)
    }

    /// When the broker appended it, Unix milliseconds; none where it bears another time, or none.
    #[allow(unsafe_code, reason = "as above")]
    pub(super) fn append_time(&self) -> Option<i64> {
        let mut kind = native::rd_kafka_timestamp_type_t::RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
        // SAFETY: both live during the call.
        let time = unsafe { native::rd_kafka_message_timestamp(self.message, &mut kind) };
        (kind == native::rd_kafka_timestamp_type_t::RD_KAFKA_TIMESTAMP_LOG_APPEND_TIME).then_some(time)
    }

    /// Gives each header, name and value, in their order.
    #[allow(unsafe_code, reason = "as above")]
    pub(super) fn headers(&self, mut take: impl FnMut(&[u8], &[u8])) {
        let mut headers = ptr::null_mut();
        // SAFETY: both live during the call; what it gives lives as long as the message.
        let found = unsafe { native::rd_kafka_message_headers(self.message, &mut headers) };
        if found != RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR {
            return;
        }
        for place in 0.. {
            let (mut name, mut value, mut length) = (ptr::null::<c_char>(), ptr::null::<c_void>(), 0);
            // SAFETY: all of them live during the call; the name ends with a zero, and is there where a header is.
            let name = unsafe {
                let found = native::rd_kafka_header_get_all(headers, place, &mut name, &mut value, &mut length);
                if found != RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR || name.is_null() {
                    return;
                }
                CStr::from_ptr(name)
            };
            take(name.to_bytes(), bytes(value, length));
        }
    }
}

impl Drop for Fetched<'_> {
    #[allow(unsafe_code, reason = "as above")]
    fn drop(&mut self) {
        // SAFETY: it was given to nobody else, and nobody reads it any more.
        unsafe { native::rd_kafka_message_destroy(self.message) };
    }
}

/// What stands there; nothing where the client has nothing.
#[allow(unsafe_code, reason = "as above")]
fn bytes<'m>(start: *const c_void, length: usize) -> &'m [u8] {
    if start.is_null() {
        return &[];
    }
    // SAFETY: the client says that so many bytes are there, as long as the message is, which the callers hold.
    unsafe { std::slice::from_raw_parts(start.cast(), length) }
}
