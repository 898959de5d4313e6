//! Messages of which the stream did not take all: when they are tried again, and what is said of them.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use backon::{BackoffBuilder, ExponentialBackoff};
use tallygate_queue::{QueueError, Tag};
use tallygate_stream::StreamError;
use tokio::time::Instant;

use crate::backoff;
use crate::flight::{Flight, Landed};
use crate::limits::{
    BATCH_BYTES, BATCH_MESSAGES, HELD_UP_BYTES, HELD_UP_MESSAGES, REFUSED_BYTES, REFUSED_MESSAGES, TROUBLES,
};
use crate::message::{Left, Message};
use crate::timeouts::{HELD_UP, PARK_AGAIN};

/// What a session holds up. They stay leased, and what of them is in the log is not appended again.
#[derive(Default)]
pub(crate) struct HeldUp {
    messages: VecDeque<Message>,
    /// Of the messages.
    bytes: usize,
    partitions: BTreeMap<u32, Away>,
    /// Those of the messages that are being tried, at most one flight of them at a time.
    tried: Option<(usize, usize)>,
    /// Those that are being parked, at most one batch at a time.
    parking: Option<(usize, usize)>,
    /// Why some could not be parked, and when that is tried again.
    not_parked: Option<(String, Instant)>,
}

/// A partition that takes nothing.
struct Away {
    why: StreamError,
    again: Instant,
    delays: ExponentialBackoff,
}

impl HeldUp {
    /// Takes in what a flight tells.
    pub(crate) fn learn(&mut self, landed: &mut Landed) {
        if landed.was_retry {
            self.tried = None;
        }
        for partition in &landed.took {
            self.partitions.remove(partition);
        }
        for (&partition, why) in &landed.away {
            let new = || Away { why: why.clone(), again: Instant::now(), delays: backoff::delays().build() };
            let is_known = self.partitions.contains_key(&partition);
            let away = self.partitions.entry(partition).or_insert_with(new);
            // Of flights that began before it was known, one counts.
            if landed.was_retry || !is_known {
                away.why = why.clone();
                away.again = Instant::now() + away.delays.next().unwrap_or_default();
            }
        }
        for message in landed.held_up.drain(..) {
            self.bytes += message.bytes.len();
            self.messages.push_back(message);
        }
    }

    /// The next messages to try again, with what of them may be tried now.
    pub(crate) fn take_due(&mut self) -> Option<Flight> {
        let now = Instant::now();
        if self.due_at(now).is_none_or(|due| due > now) {
            return None;
        }
        let avoided = self.partitions.iter().filter(|(_, away)| away.again > now).map(|(partition, _)| *partition);
        let mut flight = Flight { is_retry: true, ..Flight::avoiding(avoided.collect()) };
        for _ in 0..self.messages.len() {
            if flight.messages.len() >= BATCH_MESSAGES || flight.bytes >= BATCH_BYTES {
                break;
            }
            let Some(message) = self.messages.pop_front() else { break };
            if message.left.as_ref().is_some_and(|left| left.is_due(&flight.avoided, now)) {
                self.bytes -= message.bytes.len();
                flight.add(message);
            } else {
                self.messages.push_back(message);
            }
        }
        if flight.messages.is_empty() {
            // Nobody waits for them any longer; whoever comes next finds out.
            self.partitions.retain(|_, away| away.again > now);
            return None;
        }
        self.tried = Some((flight.messages.len(), flight.bytes));
        Some(flight)
    }

    /// When there is something to try again; none while there is nothing, or something is being tried.
    pub(crate) fn due_at(&self, now: Instant) -> Option<Instant> {
        if self.tried.is_some() || self.messages.is_empty() {
            return None;
        }
        let later = self.partitions.values().map(|away| away.again);
        let lefts = || self.messages.iter().filter_map(|message| message.left.as_ref());
        let avoided: BTreeSet<u32> = self.partitions.keys().copied().collect();
        if lefts().any(|left| left.is_due(&avoided, now)) {
            return Some(now);
        }
        later.chain(lefts().filter_map(Left::refused_again)).min()
    }

    /// Refused messages that are too many to be held, the oldest of them, to be parked.
    pub(crate) fn take_surplus(&mut self) -> Vec<Message> {
        let now = Instant::now();
        let (mut messages, mut bytes) = (0, 0);
        for message in self.refused_alone() {
            messages += 1;
            bytes += message.bytes.len();
        }
        let is_surplus = |messages: usize, bytes: usize| messages > REFUSED_MESSAGES || bytes > REFUSED_BYTES;
        let waits = self.parking.is_some() || self.not_parked.as_ref().is_some_and(|(_, again)| *again > now);
        let (mut surplus, mut size) = (Vec::new(), 0);
        if waits || !is_surplus(messages, bytes) {
            return surplus;
        }
        for _ in 0..self.messages.len() {
            let Some(message) = self.messages.pop_front() else { break };
            let has_room = surplus.len() < BATCH_MESSAGES && size < BATCH_BYTES;
            if has_room && is_surplus(messages, bytes) && is_refused_alone(&message) {
                messages -= 1;
                bytes -= message.bytes.len();
                size += message.bytes.len();
                surplus.push(message);
            } else {
                self.messages.push_back(message);
            }
        }
        self.bytes -= size;
        self.parking = Some((surplus.len(), size));
        surplus
    }

    /// What was to be parked is parked, or comes back for this reason.
    pub(crate) fn are_parked(&mut self, back: Vec<Message>, error: Option<&QueueError>) {
        self.parking = None;
        self.not_parked = error.map(|error| (error.to_string(), Instant::now() + PARK_AGAIN));
        for message in back {
            self.bytes += message.bytes.len();
            self.messages.push_back(message);
        }
    }

    /// When what could not be parked is to be parked again.
    pub(crate) fn parked_again(&self) -> Option<Instant> {
        self.not_parked.as_ref().map(|(_, again)| *again).filter(|_| self.parking.is_none())
    }

    /// Partitions that are not tried by what comes new.
    pub(crate) fn partitions(&self) -> BTreeSet<u32> {
        self.partitions.keys().copied().collect()
    }

    /// Whether more may be held up; else nothing is received until it moves.
    pub(crate) fn has_room(&self) -> bool {
        let (tried, parking) = (self.tried.unwrap_or_default(), self.parking.unwrap_or_default());
        self.len() < HELD_UP_MESSAGES && self.bytes + tried.1 + parking.1 < HELD_UP_BYTES
    }

    /// The messages that were held for longer than a server leaves them to anyone; they are no longer held.
    pub(crate) fn take_expired(&mut self) -> Vec<Tag> {
        let is_expired = |message: &Message| message.received.elapsed() >= HELD_UP;
        let expired: Vec<Tag> = self.messages.iter().filter(|m| is_expired(m)).map(|message| message.tag).collect();
        self.messages.retain(|message| !is_expired(message));
        self.bytes = self.messages.iter().map(|message| message.bytes.len()).sum();
        expired
    }

    /// All messages but those being tried; they are no longer held.
    pub(crate) fn take_all(&mut self) -> Vec<Tag> {
        self.bytes = 0;
        self.messages.drain(..).map(|message| message.tag).collect()
    }

    pub(crate) fn len(&self) -> usize {
        let of = |some: Option<(usize, usize)>| some.map_or(0, |(messages, _)| messages);
        self.messages.len() + of(self.tried) + of(self.parking)
    }

    /// Messages with a record that was refused.
    pub(crate) fn refused(&self) -> usize {
        self.refusals().count()
    }

    /// Why a partition takes nothing.
    pub(crate) fn why(&self) -> Option<&StreamError> {
        self.partitions.values().map(|away| &away.why).next()
    }

    pub(crate) fn troubles(&self) -> Vec<String> {
        let refused = self.refusals().next().map(|why| {
            let count = self.refused();
            format!("{count} messages stay in the queue, because the stream refuses records of theirs: {why}")
        });
        let full = (!self.has_room()).then(|| {
            format!("nothing more is taken from the queue before some of {} messages held up are shipped", self.len())
        });
        let away = self.partitions.iter().map(|(partition, away)| {
            format!("partition {partition} of the log takes nothing, its messages are held up: {}", away.why)
        });
        let not_parked =
            self.not_parked.as_ref().map(|(why, _)| format!("what the stream refuses cannot be parked: {why}"));
        full.into_iter().chain(not_parked).chain(refused).chain(away).take(TROUBLES).collect()
    }

    fn refused_alone(&self) -> impl Iterator<Item = &Message> {
        self.messages.iter().filter(|message| is_refused_alone(message))
    }

    fn refusals(&self) -> impl Iterator<Item = &str> {
        self.messages.iter().filter_map(|message| message.left.as_ref().and_then(Left::refusal))
    }
}

fn is_refused_alone(message: &Message) -> bool {
    message.left.as_ref().is_some_and(Left::is_refused_alone)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use bytes::Bytes;
    use tallygate_queue::Delivery;

    use super::*;

    fn held_up(tag: u64, left: impl FnOnce(&mut Left)) -> Message {
        let mut message =
            Message::new(Delivery { tag: Tag(tag), message: Bytes::from_static(b"message") }, Instant::now());
        left(message.left.insert(Left::default()));
        message
    }

    fn away(partition: u32) -> (u32, StreamError) {
        (partition, StreamError::Away("no leader".to_owned()))
    }

    #[test]
    fn what_is_due_is_tried_at_once_and_one_flight_at_a_time() {
        let mut all = HeldUp::default();
        let messages = vec![held_up(1, |left| left.wait(0, 3)), held_up(2, |left| left.refuse(0, || "no".to_owned()))];
        all.learn(&mut Landed { held_up: messages, took: [3].into(), ..Landed::default() });
        let flight = all.take_due().expect("it took records since");
        assert_eq!(flight.messages.iter().map(|message| message.tag).collect::<Vec<_>>(), [Tag(1)]);
        assert!(all.take_due().is_none() && all.due_at(Instant::now()).is_none());
        all.learn(&mut Landed { shipped: flight.messages, was_retry: true, ..Landed::default() });
        assert_eq!((all.len(), all.refused()), (1, 1));
        assert!(all.due_at(Instant::now()).unwrap() > Instant::now(), "what was refused is tried later");
    }

    #[test]
    fn a_partition_is_tried_later_and_later_and_not_beside_others() {
        let mut all = HeldUp::default();
        let messages = vec![held_up(1, |left| left.wait(0, 3)), held_up(2, |left| left.wait(0, 4))];
        let tells = |held_up| Landed { held_up, away: [away(3)].into(), took: [4].into(), ..Landed::default() };
        all.learn(&mut tells(messages));
        let flight = all.take_due().unwrap();
        assert_eq!((flight.messages.len(), flight.avoided.contains(&3)), (1, true));
        let mut due = Instant::now();
        for _ in 0..4 {
            all.learn(&mut Landed { was_retry: true, ..tells(Vec::new()) });
            let next = all.due_at(Instant::now()).unwrap();
            assert!(next > due);
            due = next;
        }
        assert_eq!(all.partitions(), [3].into());
        all.learn(&mut Landed { took: [3].into(), ..Landed::default() });
        assert_eq!(all.take_due().unwrap().messages.len(), 1);
    }
}
