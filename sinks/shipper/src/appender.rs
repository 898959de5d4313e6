//! Appends the records of messages, a piece at a time, and keeps in mind which of them the stream did not take.

use std::collections::BTreeSet;
use std::sync::Arc;

use tallygate_stream::{NewRecord, NotAppended, Stream, StreamError};
use tokio::time::Instant;

use crate::flight::{Flight, Landed};
use crate::limits::{PIECE_BYTES, PIECE_RECORDS};
use crate::message::{Left, Message};
use crate::metrics::ShipperMetrics;
use crate::records::{self, Records};

/// Makes records of messages and appends them.
pub(crate) struct Appender {
    pub(crate) records: Records,
    pub(crate) stream: Arc<dyn Stream>,
    pub(crate) metrics: ShipperMetrics,
}

/// Records that are appended by one call.
#[derive(Default)]
struct Piece {
    records: Vec<NewRecord>,
    places: Vec<Place>,
    bytes: usize,
}

/// Where a record comes from and goes to.
#[derive(Clone, Copy)]
struct Place {
    message: usize,
    ordinal: u32,
    partition: u32,
}

/// A flight under way.
struct Attempt {
    landed: Landed,
    avoided: BTreeSet<u32>,
    /// Of each message.
    left: Vec<Left>,
}

impl Appender {
    pub(crate) async fn append(&self, flight: Flight) -> Landed {
        let Flight { messages, bytes, avoided, is_retry } = flight;
        let landed = Landed { messages: messages.len(), bytes, was_retry: is_retry, ..Landed::default() };
        let left = messages.iter().map(|_| Left::default()).collect();
        let mut attempt = Attempt { landed, avoided, left };
        let mut foreign = BTreeSet::new();
        let mut piece = Piece::default();
        for (at, message) in messages.iter().enumerate() {
            let tried = attempt.tried(at, message);
            let records = match self.records.of(&message.bytes, tried.as_deref()) {
                Ok(records) => records,
                Err(error) => {
                    attempt.landed.foreign = Some(error.to_string());
                    foreign.insert(at);
                    continue;
                }
            };
            for (ordinal, record) in records {
                let place = Place { message: at, ordinal, partition: record.partition };
                if attempt.avoided.contains(&record.partition) {
                    attempt.wait(place);
                    continue;
                }
                piece.add(place, record);
                if piece.is_full() {
                    self.append_piece(&messages, &mut piece, &mut attempt).await;
                }
            }
        }
        self.append_piece(&messages, &mut piece, &mut attempt).await;
        let Attempt { mut landed, left, .. } = attempt;
        for (at, (message, left)) in messages.into_iter().zip(left).enumerate() {
            if foreign.contains(&at) {
                continue;
            }
            if left.is_empty() {
                landed.shipped.push(message);
            } else {
                landed.held_up.push(Message { left: Some(left), ..message });
            }
        }
        landed
    }

    async fn append_piece(&self, messages: &[Message], piece: &mut Piece, attempt: &mut Attempt) {
        let Piece { records, places, .. } = std::mem::take(piece);
        if records.is_empty() {
            return;
        }
        let outcome = self.stream.append(records).await;
        let failed = outcome.as_ref().err().map_or(&[][..], NotAppended::records);
        self.metrics.records.inc_by((places.len() - failed.len().min(places.len())) as u64);
        if let Err(error) = &outcome {
            self.metrics.append_errors.inc();
            tracing::warn!(%error, of = places.len(), "the stream did not take records, they will be tried again");
        }
        let mut failed = failed.iter().peekable();
        for (index, place) in places.into_iter().enumerate() {
            match failed.next_if(|record| record.index == index) {
                None => drop(attempt.landed.took.insert(place.partition)),
                Some(record) => attempt.fail(place, messages, &record.error),
            }
        }
    }
}

impl Attempt {
    /// The ordinals of what is tried of a message now: none says all.
    fn tried(&mut self, at: usize, message: &Message) -> Option<Vec<u32>> {
        let before = message.left.as_ref()?;
        let now = Instant::now();
        let mut tried = Vec::new();
        for record in before.records() {
            if before.record_is_due(record, &self.avoided, now) {
                tried.push(record.ordinal);
            } else if let Some(left) = self.left.get_mut(at) {
                left.keep(*record, before);
            }
        }
        Some(tried)
    }

    fn wait(&mut self, place: Place) {
        if let Some(left) = self.left.get_mut(place.message) {
            left.wait(place.ordinal, place.partition);
        }
    }

    fn fail(&mut self, place: Place, messages: &[Message], error: &StreamError) {
        if error.is_retryable() {
            self.wait(place);
            // What is behind it in this flight would wait as long for nothing.
            self.avoided.insert(place.partition);
            self.landed.away.entry(place.partition).or_insert_with(|| error.clone());
        } else if let Some(left) = self.left.get_mut(place.message) {
            let name = || messages.get(place.message).map(|message| records::name(&message.bytes)).unwrap_or_default();
            left.refuse(place.ordinal, || format!("{}: {error}", name()));
        }
    }
}

impl Piece {
    fn add(&mut self, place: Place, record: NewRecord) {
        self.bytes += record.key.len() + record.value.len();
        self.places.push(place);
        self.records.push(record);
    }

    fn is_full(&self) -> bool {
        self.records.len() >= PIECE_RECORDS || self.bytes >= PIECE_BYTES
    }
}
