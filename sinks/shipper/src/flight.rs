//! Messages whose records are appended together.

use std::collections::{BTreeMap, BTreeSet};

use tallygate_stream::StreamError;

use crate::message::Message;

/// Messages on their way to the log.
#[derive(Debug, Default)]
pub(crate) struct Flight {
    pub(crate) messages: Vec<Message>,
    /// Of the messages.
    pub(crate) bytes: usize,
    /// Partitions that take nothing: their records are held up without being tried.
    pub(crate) avoided: BTreeSet<u32>,
    /// Whether it brings what was held up.
    pub(crate) is_retry: bool,
}

/// What became of a flight.
#[derive(Debug, Default)]
pub(crate) struct Landed {
    /// All their records are in the log.
    pub(crate) shipped: Vec<Message>,
    /// Some of their records are not.
    pub(crate) held_up: Vec<Message>,
    /// Why a message of another release was left where it is.
    pub(crate) foreign: Option<String>,
    /// Partitions that took records.
    pub(crate) took: BTreeSet<u32>,
    /// Partitions that did not, and may later.
    pub(crate) away: BTreeMap<u32, StreamError>,
    /// Of the flight.
    pub(crate) messages: usize,
    pub(crate) bytes: usize,
    pub(crate) was_retry: bool,
}

impl Flight {
    pub(crate) fn avoiding(partitions: BTreeSet<u32>) -> Self {
        Self { avoided: partitions, ..Self::default() }
    }

    pub(crate) fn add(&mut self, message: Message) {
        self.bytes += message.bytes.len();
        self.messages.push(message);
    }
}
