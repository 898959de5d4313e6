//! What cannot be read, as sentences; at most some of them.

use crate::limits::NAMED_MESSAGES;

/// What cannot be read.
#[derive(Default)]
pub(super) struct Damage {
    /// The first of it.
    pub(super) named: Vec<String>,
    /// How many places.
    pub(super) places: u64,
}

impl Damage {
    pub(super) fn add(&mut self, what: String) {
        self.places += 1;
        if self.named.len() < NAMED_MESSAGES {
            self.named.push(what);
        }
    }

    pub(super) fn add_all(&mut self, other: Self) {
        self.places += other.places;
        self.named.extend(other.named);
        self.named.truncate(NAMED_MESSAGES);
    }
}
