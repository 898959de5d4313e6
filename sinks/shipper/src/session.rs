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

use crate::flight::{Flight, Landed};
use crate::limits::{BATCH_BYTES, BATCH_MESSAGES, FLIGHTS, FLYING_BYTES, STOP};
use crate::shipper::Shipper;

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
    shipper: &'a Shipper,
    consumer: Box<dyn Consumer>,
    /// Received and not yet on the way.
    waiting: VecDeque<Delivery>,
    received: Instant,
    flights: FuturesUnordered<BoxFuture<'a, Landed>>,
    flying_bytes: usize,
}

impl<'a> Session<'a> {
    pub(crate) fn new(shipper: &'a Shipper, consumer: Box<dyn Consumer>) -> Self {
        Self {
            shipper,
            consumer,
            waiting: VecDeque::new(),
            received: Instant::now(),
            flights: FuturesUnordered::new(),
            flying_bytes: 0,
        }
    }

    /// Ships until it is told to stop or cannot go on.
    pub(crate) async fn run(mut self, stop: &CancellationToken) -> End {
        loop {
            self.take_off();
            tokio::select! {
                biased;
                () = stop.cancelled() => return self.finish().await,
                Some(landed) = self.flights.next() => if let Some(end) = self.settle(landed).await {
                    return end;
                },
                received = self.consumer.receive(BATCH_MESSAGES), if self.waiting.is_empty() => match received {
                    Ok(deliveries) => if let Err(error) = self.accept(deliveries).await {
                        return End::QueueLost(error);
                    },
                    Err(error) => return End::QueueLost(error),
                },
            }
        }
    }

    #[cfg_attr(not(feature = "faults"), allow(clippy::unused_async))]
    async fn accept(&mut self, deliveries: Vec<Delivery>) -> Result<(), QueueError> {
        #[cfg(feature = "faults")]
        if self.shipper.options.acknowledge_before_append {
            let tags: Vec<Tag> = deliveries.iter().map(|delivery| delivery.tag).collect();
            self.consumer.acknowledge(&tags).await?;
        }
        self.received = Instant::now();
        self.waiting.extend(deliveries);
        Ok(())
    }

    /// Begins appends while there is room.
    fn take_off(&mut self) {
        while !self.waiting.is_empty() && self.flights.len() < FLIGHTS && self.flying_bytes < FLYING_BYTES {
            let mut flight = Flight::new(self.received);
            while flight.bytes < BATCH_BYTES
                && let Some(delivery) = self.waiting.pop_front()
            {
                flight.add(delivery);
            }
            self.flying_bytes += flight.bytes;
            let shipper = self.shipper;
            self.flights.push(flight.fly(&shipper.records, &*shipper.stream, &shipper.metrics).boxed());
        }
    }

    /// Acknowledges what has landed; some when the session cannot go on.
    async fn settle(&mut self, first: Landed) -> Option<End> {
        let mut all = vec![first];
        while let Some(Some(landed)) = self.flights.next().now_or_never() {
            all.push(landed);
        }
        let (mut shipped, mut failed) = (Vec::with_capacity(all.len()), None);
        for Landed { flight, outcome } in all {
            self.flying_bytes -= flight.bytes;
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
        for flight in shipped {
            self.shipper.metrics.shipped(flight.tags.len(), flight.received.elapsed());
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
        while let Ok(Some(landed)) = timeout_at(deadline, self.flights.next()).await {
            if let Some(End::QueueLost(error)) = self.settle(landed).await {
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
