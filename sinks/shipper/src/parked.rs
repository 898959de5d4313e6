//! Messages that the stream refuses and that are too many to be held: they wait in a queue of their own, and are tried again.
//!
//! What is parked stands there before it leaves the queue, so a process that dies in between leaves it in both: a redelivery,
//! which counts nowhere. It is tried from the oldest on, and what is refused again goes behind the others, so that each has its
//! turn.

use std::sync::Arc;

use futures::future::join_all;
use tallygate_queue::{Consumer, Delivery, Queue, QueueError, Tag};
use tokio::time::{Instant, sleep, timeout};

use crate::appender::Appender;
use crate::flight::{Flight, Landed};
use crate::held::Held;
use crate::limits::{PARKED_A_TURN, PARKED_A_TURN_BYTES, PARKED_AT_ONCE};
use crate::message::{Left, Message};
use crate::timeouts::{PARKED_QUIET, REFUSED_AGAIN};

/// What came of messages that were to be parked.
pub(crate) struct Parking {
    pub(crate) parked: Vec<Message>,
    pub(crate) not_parked: Vec<Message>,
    /// Why the latter were not.
    pub(crate) error: Option<QueueError>,
}

/// Parks messages, each for itself.
pub(crate) async fn park(place: Arc<dyn Queue>, messages: Vec<Message>) -> Parking {
    let outcomes = join_all(messages.iter().map(|message| place.publish(message.bytes.clone()))).await;
    let mut parking = Parking { parked: Vec::new(), not_parked: Vec::new(), error: None };
    for (message, outcome) in messages.into_iter().zip(outcomes) {
        match outcome {
            Ok(()) => parking.parked.push(message),
            Err(error) => {
                parking.not_parked.push(message);
                parking.error = Some(error);
            }
        }
    }
    parking
}

/// Tries again what is parked.
pub(crate) struct Parked<'a> {
    pub(crate) appender: &'a Appender,
    pub(crate) held: &'a Held,
    pub(crate) place: &'a Arc<dyn Queue>,
}

/// What came of some that were tried.
#[derive(Default)]
struct Tried {
    shipped: usize,
    /// Why the last of those was refused that were.
    refusal: Option<String>,
    /// There is no sense in trying more now.
    is_over: bool,
}

impl Parked<'_> {
    /// Tries them now and then, for ever.
    pub(crate) async fn run(&self) {
        loop {
            let error = self.turn().await.err();
            if let Some(error) = &error {
                tracing::warn!(%error, "what is parked cannot be tried now");
            }
            self.held.parking_answers(error.map(|error| error.to_string()));
            sleep(REFUSED_AGAIN).await;
        }
    }

    /// Tries as many as a turn may, and more as long as some are shipped.
    async fn turn(&self) -> Result<(), QueueError> {
        let mut left = usize::try_from(self.place.depth().await?).unwrap_or(usize::MAX);
        self.held.are_parked(left);
        let (mut messages, mut bytes, mut refusal) = (0, 0, None);
        let mut consumer = if left > 0 { Some(self.place.consume(PARKED_AT_ONCE).await?) } else { None };
        while let Some(consumer) = consumer.as_deref_mut().filter(|_| left > 0)
            && messages < PARKED_A_TURN
            && bytes < PARKED_A_TURN_BYTES
        {
            // Another shipper may have leased the rest.
            let Ok(received) = timeout(PARKED_QUIET, consumer.receive(usize::from(PARKED_AT_ONCE))).await else {
                break;
            };
            let received = received?;
            let (count, size) = (received.len(), received.iter().map(|delivery| delivery.message.len()).sum::<usize>());
            left = left.saturating_sub(count);
            self.held.add(count);
            let tried = self.try_some(consumer, received).await;
            self.held.remove(count);
            let tried = tried?;
            refusal = tried.refusal.or(refusal);
            (messages, bytes) = if tried.shipped > 0 { (0, 0) } else { (messages + count, bytes + size) };
            if tried.is_over {
                break;
            }
        }
        if let Some(why) = refusal {
            self.held.are_parked_for(why);
        }
        Ok(())
    }

    /// First of each what most likely is refused, its largest record: what else there is of it is not appended for nothing.
    async fn try_some(&self, consumer: &mut dyn Consumer, some: Vec<Delivery>) -> Result<Tried, QueueError> {
        let (mut tried, mut probes, mut rest) = (Tried::default(), Vec::new(), Vec::new());
        for delivery in some {
            let mut message = Message::new(delivery, Instant::now());
            // One of another release is left where it is.
            let Ok(records) = self.appender.records.sizes(&message.bytes) else { continue };
            let Some(largest) = records.iter().max_by_key(|(_, bytes)| *bytes).map(|(ordinal, _)| *ordinal) else {
                continue;
            };
            let others: Vec<u32> =
                records.into_iter().map(|(ordinal, _)| ordinal).filter(|one| *one != largest).collect();
            message.left = Some(Left::of(&[largest]));
            rest.push((message.tag, others));
            probes.push(message);
        }
        let mut landed = self.append(probes).await;
        let (mut shipped, mut seconds) = (Vec::new(), Vec::new());
        for mut message in landed.shipped.drain(..) {
            let others = rest.iter().find(|(tag, _)| *tag == message.tag).map_or(&[][..], |(_, others)| others);
            if others.is_empty() {
                shipped.push(message);
            } else {
                message.left = Some(Left::of(others));
                seconds.push(message);
            }
        }
        let mut second = self.append(seconds).await;
        shipped.append(&mut second.shipped);
        landed.held_up.append(&mut second.held_up);
        tried.shipped = shipped.len();
        self.settle(consumer, &shipped).await?;
        self.held.left_parking(shipped.len());
        for message in &shipped {
            self.appender.metrics.shipped(message.received.elapsed());
        }
        let (refused, away): (Vec<Message>, Vec<Message>) =
            landed.held_up.into_iter().partition(|message| message.left.as_ref().is_some_and(Left::is_refused_alone));
        let refusal = refused.iter().filter_map(|message| message.left.as_ref().and_then(Left::refusal)).next_back();
        tried.refusal = refusal.map(str::to_owned);
        // The consumer gives back what waits for its partition, and what cannot go behind the others.
        let behind = park(Arc::clone(self.place), refused).await;
        tried.is_over = !away.is_empty() || behind.error.is_some();
        self.settle(consumer, &behind.parked).await?;
        Ok(tried)
    }

    async fn append(&self, messages: Vec<Message>) -> Landed {
        let mut flight = Flight { is_retry: true, ..Flight::default() };
        messages.into_iter().for_each(|message| flight.add(message));
        self.appender.append(flight).await
    }

    async fn settle(&self, consumer: &mut dyn Consumer, messages: &[Message]) -> Result<(), QueueError> {
        let tags: Vec<Tag> = messages.iter().map(|message| message.tag).collect();
        if tags.is_empty() { Ok(()) } else { consumer.acknowledge(&tags).await }
    }
}
