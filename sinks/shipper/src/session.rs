//! One consumer of the queue, and the appends of what it received, several at a time.

use std::collections::VecDeque;
use std::sync::Arc;

use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use futures::{FutureExt, StreamExt};
use tallygate_queue::{Consumer, Delivery, Queue, QueueError, Tag};
use tallygate_stream::StreamError;
use tokio::time::{Instant, sleep_until, timeout_at};
use tokio_util::sync::CancellationToken;

use crate::acknowledging::Acknowledging;
use crate::appender::Appender;
use crate::flight::{Flight, Landed};
use crate::held::Held;
use crate::held_up::HeldUp;
use crate::limits::{APPENDS_IN_FLIGHT, BATCH_BYTES, BATCH_MESSAGES, IN_FLIGHT_BYTES};
use crate::message::{Left, Message};
use crate::pace::Pace;
use crate::parked::{Parking, park};
use crate::timeouts::{LEASE, STOP};

/// Why a session ended. What it had leased and not acknowledged has gone back.
pub(crate) enum End {
    /// It was told to.
    Stopped,
    /// The consumer was lost.
    QueueLost(QueueError),
    /// The stream takes nothing.
    StreamAway(StreamError),
    /// There is a message that another release must ship.
    Foreign(String),
}

pub(crate) struct Session<'a> {
    appender: &'a Appender,
    held: &'a Held,
    consumer: Box<dyn Consumer>,
    pace: Pace,
    /// Received and not yet on the way.
    waiting: VecDeque<Message>,
    flights: FuturesUnordered<BoxFuture<'a, Landed>>,
    /// Of the flights.
    messages: usize,
    bytes: usize,
    acknowledging: Acknowledging,
    held_up: HeldUp,
    /// Where messages go that are too many of those that the stream refuses, and those on their way there.
    place: &'a Arc<dyn Queue>,
    parking: FuturesUnordered<BoxFuture<'a, Parking>>,
    /// When the stream last took something, or there was nothing that it should have taken.
    moved: Instant,
    #[cfg(feature = "faults")]
    acknowledges_early: bool,
}

impl<'a> Session<'a> {
    pub(crate) fn new(
        appender: &'a Appender,
        held: &'a Held,
        consumer: Box<dyn Consumer>,
        place: &'a Arc<dyn Queue>,
    ) -> Self {
        Self {
            appender,
            held,
            consumer,
            pace: Pace::default(),
            waiting: VecDeque::new(),
            flights: FuturesUnordered::new(),
            messages: 0,
            bytes: 0,
            acknowledging: Acknowledging::default(),
            held_up: HeldUp::default(),
            place,
            parking: FuturesUnordered::new(),
            moved: Instant::now(),
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
        let end = self.ship(stop).await;
        match end {
            End::Stopped | End::Foreign(_) => self.finish().await,
            End::StreamAway(_) => self.acknowledge_all().await,
            End::QueueLost(_) => {}
        }
        end
    }

    /// What is left of what was shipped.
    async fn acknowledge_all(&mut self) {
        if let Err(End::QueueLost(error)) = self.acknowledge(usize::MAX).await {
            tracing::warn!(%error, "shipped messages could not be acknowledged, they will be shipped again");
        }
    }

    async fn ship(&mut self, stop: &CancellationToken) -> End {
        loop {
            self.begin_appends();
            self.begin_parking();
            let pause = self.pace.next(Instant::now());
            let acknowledge = self.acknowledging.due(Instant::now());
            let again = self.held_up.due_at(Instant::now()).into_iter().chain(self.held_up.parked_again()).min();
            tokio::select! {
                biased;
                () = stop.cancelled() => return End::Stopped,
                Some(landed) = self.flights.next() => {
                    if let Err(end) = self.settle(landed).await {
                        return end;
                    }
                }
                () = sleep_until(acknowledge.unwrap_or_else(Instant::now)), if acknowledge.is_some() => {
                    if let Err(end) = self.acknowledge(self.consumer.stride()).await {
                        return end;
                    }
                }
                Some(parking) = self.parking.next() => {
                    if let Err(end) = self.settle_parked(parking).await {
                        return end;
                    }
                }
                () = sleep_until(again.unwrap_or_else(Instant::now)), if again.is_some() => {}
                () = sleep_until(pause.unwrap_or_else(Instant::now)), if pause.is_some() => {}
                received = self.consumer.receive(BATCH_MESSAGES),
                    if pause.is_none() && self.waiting.is_empty() && self.held_up.has_room() => match received
                {
                    Ok(deliveries) => {
                        self.held.add(deliveries.len());
                        #[cfg(feature = "faults")]
                        if let Err(error) = self.acknowledge_early(&deliveries).await {
                            return End::QueueLost(error);
                        }
                        self.take_in(deliveries);
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

    fn take_in(&mut self, deliveries: Vec<Delivery>) {
        let now = Instant::now();
        self.acknowledging.received(deliveries.len());
        self.pace.received(deliveries.len(), self.messages + deliveries.len(), now);
        if self.flights.is_empty() && self.held_up.len() == 0 {
            self.moved = now;
        }
        self.waiting.extend(deliveries.into_iter().map(|delivery| Message::new(delivery, now)));
    }

    /// Begins appends while there is room.
    fn begin_appends(&mut self) {
        if let Some(flight) = self.held_up.take_due() {
            self.begin(flight);
        }
        while !self.waiting.is_empty() && self.flights.len() < APPENDS_IN_FLIGHT && self.bytes < IN_FLIGHT_BYTES {
            let mut flight = Flight::avoiding(self.held_up.partitions());
            while flight.bytes < BATCH_BYTES
                && let Some(message) = self.waiting.pop_front()
            {
                flight.add(message);
            }
            self.begin(flight);
        }
    }

    fn begin(&mut self, flight: Flight) {
        self.messages += flight.messages.len();
        self.bytes += flight.bytes;
        self.flights.push(self.appender.append(flight).boxed());
    }

    /// Parks what is refused and too much to be held.
    fn begin_parking(&mut self) {
        let surplus = self.held_up.take_surplus();
        if !surplus.is_empty() {
            self.parking.push(park(Arc::clone(self.place), surplus).boxed());
        }
    }

    /// Acknowledges what is parked, as it stands there now.
    async fn settle_parked(&mut self, parking: Parking) -> Result<(), End> {
        let Parking { parked, not_parked, error } = parking;
        if let Some(error) = &error {
            tracing::warn!(%error, messages = not_parked.len(), "what the stream refuses cannot be parked");
        }
        if let Some(why) = parked.iter().find_map(|message| message.left.as_ref().and_then(Left::refusal)) {
            self.held.are_parked_for(why.to_owned());
        }
        self.held_up.are_parked(not_parked, error.as_ref());
        let tags: Vec<Tag> = parked.iter().map(|message| message.tag).collect();
        if !tags.is_empty() {
            self.consumer.acknowledge(&tags).await.map_err(End::QueueLost)?;
        }
        self.held.remove(tags.len());
        self.held.were_parked(tags.len());
        self.tell();
        Ok(())
    }

    /// So many at most of those that were shipped.
    async fn acknowledge(&mut self, most: usize) -> Result<(), End> {
        let tags = self.acknowledging.stride(most, Instant::now());
        if !tags.is_empty() {
            self.consumer.acknowledge(&tags).await.map_err(End::QueueLost)?;
        }
        self.held.remove(tags.len());
        Ok(())
    }

    /// Has acknowledged what was appended, and holds up what was not; how it ends when the session cannot go on.
    async fn settle(&mut self, first: Landed) -> Result<(), End> {
        let mut all = vec![first];
        while let Some(Some(landed)) = self.flights.next().now_or_never() {
            all.push(landed);
        }
        let (mut shipped, mut foreign) = (Vec::with_capacity(all.len()), None);
        for mut landed in all {
            self.messages -= landed.messages;
            self.bytes -= landed.bytes;
            if !landed.took.is_empty() {
                self.moved = Instant::now();
            }
            self.held_up.learn(&mut landed);
            shipped.append(&mut landed.shipped);
            foreign = landed.foreign.or(foreign);
        }
        self.acknowledging.add(shipped.iter().map(|message| message.tag));
        for message in shipped {
            self.appender.metrics.shipped(message.received.elapsed());
        }
        self.release_expired().await?;
        self.tell();
        match (foreign, self.held_up.why()) {
            (Some(foreign), _) => Err(End::Foreign(foreign)),
            (None, Some(why)) if self.nothing_moves() => Err(End::StreamAway(why.clone())),
            _ => Ok(()),
        }
    }

    /// Whether no partition at all took anything for so long that it is the stream that is away.
    fn nothing_moves(&self) -> bool {
        self.moved.elapsed() >= LEASE && self.held_up.partitions().len() >= self.appender.records.partitions()
    }

    async fn release_expired(&mut self) -> Result<(), End> {
        let expired = self.held_up.take_expired();
        if expired.is_empty() {
            return Ok(());
        }
        tracing::warn!(
            messages = expired.len(),
            "what the stream does not take goes back to the queue, and is tried anew"
        );
        self.held.remove(expired.len());
        self.consumer.release(&expired).await.map_err(End::QueueLost)
    }

    fn tell(&self) {
        let metrics = &self.appender.metrics;
        let figure = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        metrics.held_up.set(figure(self.held_up.len()));
        self.held.is_troubled_by(self.held_up.troubles(), self.held_up.refused());
    }

    /// Receives nothing more and waits for what is on the way; what is left at the deadline goes back with the consumer.
    async fn finish(&mut self) {
        let deadline = Instant::now() + STOP;
        self.acknowledge_all().await;
        let mut unshipped: Vec<Tag> = self.waiting.drain(..).map(|message| message.tag).collect();
        unshipped.extend(self.held_up.take_all());
        if let Err(error) = self.consumer.release(&unshipped).await {
            tracing::warn!(%error, "messages could not be released, they go back with the connection");
        }
        self.held.remove(unshipped.len());
        while let Ok(Some(landed)) = timeout_at(deadline, self.flights.next()).await {
            let settled = self.settle(landed).await;
            self.acknowledge_all().await;
            if let Err(End::QueueLost(_)) = settled {
                break;
            }
        }
        if !self.flights.is_empty() {
            tracing::warn!(appends = self.flights.len(), "the stream did not take all in time, the rest goes back");
        }
    }
}
