//! Messages whose records are appended together.

use std::time::Instant;

use bytes::Bytes;
use tallygate_queue::{Delivery, Tag};

/// One append's messages, from the queue to their acknowledgement.
pub(crate) struct Flight {
    pub(crate) tags: Vec<Tag>,
    /// Of the messages, in bytes.
    pub(crate) bytes: usize,
    /// When the oldest of them was received.
    pub(crate) received: Instant,
    pub(crate) messages: Vec<Bytes>,
}

impl Flight {
    pub(crate) fn new(received: Instant) -> Self {
        Self { tags: Vec::new(), bytes: 0, received, messages: Vec::new() }
    }

    pub(crate) fn add(&mut self, delivery: Delivery) {
        self.bytes += delivery.message.len();
        self.tags.push(delivery.tag);
        self.messages.push(delivery.message);
    }
}
