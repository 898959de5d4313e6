//! One consumer of the queue, and the appends of what it received, several at a time.

use std::collections::VecDeque;
use std::time::Instant;

use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use futures::{FutureExt, StreamExt};
use tallygate_queue::{Consumer, Delivery, QueueError, Tag};
use tallygate_stream::StreamError;
use tokio::time::{Instant as Deadline, timeout_at};
use tokio_util::sync::CancellationToken;

use crate::appender::{Appender, Completed};
use crate::flight::Flight;
use crate::held::Held;
use crate::limits::{APPENDS_IN_FLIGHT, BATCH_BYTES, BATCH_MESSAGES, IN_FLIGHT_BYTES};
use crate::timeouts::STOP;

/// Why a session ended. What it had leased and not acknowledged has gone back.
pub(crate) enum End {
    /// It was told to.
    Stopped,
    /// The consumer was lost.
    QueueLost(QueueError),
    /// The stream takes nothing.
    StreamAway(StreamError),
}

pub(crate) struct Session<'a> {
    appender: &'a Appender,
    held: &'a Held,
    consumer: Box<dyn Consumer>,
    /// Received and not yet on the way.
    waiting: VecDeque<Delivery>,
    received: Instant,
    flights: FuturesUnordered<BoxFuture<'a, Completed>>,
    /// Of the flights.
    bytes: usize,
    #[cfg(feature = "faults")]
    acknowledges_early: bool,
}

impl<'a> Session<'a> {
    pub(crate) fn new(appender: &'a Appender, held: &'a Held, consumer: Box<dyn Consumer>) -> Self {
        Self {
            appender,
            held,
            consumer,
            waiting: VecDeque::new(),
            received: Instant::now(),
            flights: FuturesUnordered::new(),
            bytes: 0,
            #[cfg(feature = "faults")]
            acknowledges_early: false,
        }
    }

    /// Acknowledges messages when they come.
    #[cfg(feature = "faults")]
    pub(crate) fn acknowledging_early(mut self, early: bool) -> Self {
        self.acknowledges_early = early;
        self
    }

    /// Ships until it is told to stop or cannot go on.
    pub(crate) async fn run(mut self, stop: &CancellationToken) -> End {
        loop {
            self.begin_appends();
            tokio::select! {
                biased;
                () = stop.cancelled() => return self.finish().await,
                Some(completed) = self.flights.next() => if let Some(end) = self.settle(completed).await {
                    return end;
                },
                received = self.consumer.receive(BATCH_MESSAGES), if self.waiting.is_empty() => match received {
                    Ok(deliveries) => {
                        self.held.add(deliveries.len());
                        #[cfg(feature = "faults")]
                        if let Err(error) = self.acknowledge_early(&deliveries).await {
                            return End::QueueLost(error);
                        }
                        self.received = Instant::now();
                        self.waiting.extend(deliveries);
                    }
                    Err(error) => return End::QueueLost(error),
                },
            }
        }
    }

    #[cfg(feature = "faults")]
    async fn acknowledge_early(&mut self, deliveries: &[Delivery]) -> Result<(), QueueError> {
        if !self.acknowledges_early {
            return Ok(());
        }
        let tags: Vec<Tag> = deliveries.iter().map(|delivery| delivery.tag).collect();
        self.consumer.acknowledge(&tags).await
    }

    /// Begins appends while there is room.
    fn begin_appends(&mut self) {
        while !self.waiting.is_empty() && self.flights.len() < APPENDS_IN_FLIGHT && self.bytes < IN_FLIGHT_BYTES {
            let mut flight = Flight::new(self.received);
            while flight.bytes < BATCH_BYTES
                && let Some(delivery) = self.waiting.pop_front()
            {
                flight.add(delivery);
            }
            self.bytes += flight.bytes;
            self.flights.push(self.appender.append(flight).boxed());
        }
    }

    /// Acknowledges what was appended; some when the session cannot go on.
    async fn settle(&mut self, first: Completed) -> Option<End> {
        let mut all = vec![first];
        while let Some(Some(completed)) = self.flights.next().now_or_never() {
            all.push(completed);
        }
        let (mut shipped, mut failed) = (Vec::with_capacity(all.len()), None);
        for Completed { flight, outcome } in all {
            self.bytes -= flight.bytes;
            match outcome {
                Ok(()) => shipped.push(flight),
                Err(error) => failed = Some(End::StreamAway(error)),
            }
        }
        let tags: Vec<Tag> = shipped.iter().flat_map(|flight| &flight.tags).copied().collect();
        if !tags.is_empty()
            && let Err(error) = self.consumer.acknowledge(&tags).await
        {
            return Some(End::QueueLost(error));
        }
        self.held.remove(tags.len());
        for flight in shipped {
            self.appender.metrics.shipped(flight.tags.len(), flight.received.elapsed());
        }
        failed
    }

    /// Receives nothing more and waits for what is on the way; what is left at the deadline goes back with the consumer.
    async fn finish(mut self) -> End {
        let deadline = Deadline::now() + STOP;
        let waiting: Vec<Tag> = self.waiting.drain(..).map(|delivery| delivery.tag).collect();
        if let Err(error) = self.consumer.release(&waiting).await {
            tracing::warn!(%error, "messages could not be released, they go back with the connection");
        }
        self.held.remove(waiting.len());
        while let Ok(Some(completed)) = timeout_at(deadline, self.flights.next()).await {
            if let Some(End::QueueLost(error)) = self.settle(completed).await {
                tracing::warn!(%error, "shipped messages could not be acknowledged, they will be shipped again");
                break;
            }
        }
        if !self.flights.is_empty() {
            tracing::warn!(appends = self.flights.len(), "the stream did not take all in time, the rest goes back");
        }
        End::Stopped
    }
}
