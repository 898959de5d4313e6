//! Appends the records of messages, and tries again until the stream has taken them.

use std::sync::Arc;

use backon::Retryable;
use tallygate_stream::{Stream, StreamError};
use tokio::time::Instant;

use crate::backoff;
use crate::flight::Flight;
use crate::metrics::ShipperMetrics;
use crate::records::Records;
use crate::timeouts::LEASE;

/// Makes records of messages and appends them.
pub(crate) struct Appender {
    pub(crate) records: Records,
    pub(crate) stream: Arc<dyn Stream>,
    pub(crate) metrics: ShipperMetrics,
}

/// A flight that ended; with an error when the stream took nothing for [`LEASE`].
pub(crate) struct Completed {
    pub(crate) flight: Flight,
    pub(crate) outcome: Result<(), StreamError>,
}

impl Appender {
    pub(crate) async fn append(&self, flight: Flight) -> Completed {
        let began = Instant::now();
        // Also what will not work until somebody changes something is tried again: the messages are safe in the queue.
        let outcome = (|| self.try_append(&flight))
            .retry(backoff::delays())
            .when(|_| began.elapsed() < LEASE)
            .notify(|error, _| {
                let messages = flight.messages.len();
                tracing::warn!(%error, messages, "the stream did not take records, trying again");
            })
            .await;
        Completed { flight, outcome }
    }

    async fn try_append(&self, flight: &Flight) -> Result<(), StreamError> {
        // Made anew for each attempt, so that the usual one, which succeeds, copies nothing.
        let mut batch = Vec::with_capacity(flight.messages.len());
        for message in &flight.messages {
            self.records.add(message, &mut batch);
        }
        let count = batch.len() as u64;
        let outcome = self.stream.append(batch).await;
        match &outcome {
            Ok(()) => self.metrics.records.inc_by(count),
            Err(_) => self.metrics.append_errors.inc(),
        };
        outcome
    }
}
