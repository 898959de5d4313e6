//! One append on its way, tried again until the stream has taken it.

use std::time::Instant;

use bytes::Bytes;
use tallygate_queue::{Delivery, Tag};
use tallygate_stream::{Stream, StreamError};

use crate::backoff::Backoff;
use crate::limits::LEASE_PATIENCE;
use crate::metrics::ShipperMetrics;
use crate::records::Records;

/// Messages whose records are appended together.
pub(crate) struct Flight {
    pub(crate) tags: Vec<Tag>,
    /// Of the messages, in bytes.
    pub(crate) bytes: usize,
    /// When the oldest of them was received.
    pub(crate) received: Instant,
    messages: Vec<Bytes>,
}

/// A flight that ended; with an error when the stream took nothing for [`LEASE_PATIENCE`].
pub(crate) struct Landed {
    pub(crate) flight: Flight,
    pub(crate) outcome: Result<(), StreamError>,
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

    pub(crate) async fn fly(self, records: &Records, stream: &dyn Stream, metrics: &ShipperMetrics) -> Landed {
        let began = tokio::time::Instant::now();
        let mut backoff = Backoff::new();
        loop {
            // Made anew for each attempt, so that the usual one, which succeeds, copies nothing.
            let mut batch = Vec::with_capacity(self.messages.len());
            for message in &self.messages {
                records.add(message, &mut batch);
            }
            let count = batch.len() as u64;
            let Err(error) = stream.append(batch).await else {
                metrics.records.inc_by(count);
                return Landed { flight: self, outcome: Ok(()) };
            };
            metrics.append_errors.inc();
            if began.elapsed() >= LEASE_PATIENCE {
                return Landed { flight: self, outcome: Err(error) };
            }
            // Also what will not work until somebody changes something: the messages are safe in the queue meanwhile.
            tracing::warn!(%error, messages = self.messages.len(), "the stream did not take records, trying again");
            backoff.wait().await;
        }
    }
}
