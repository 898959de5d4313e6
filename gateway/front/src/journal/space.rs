//! The bytes that a journal may come to, claimed before a message is queued, so that its line has room afterwards.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::metrics::JournalMetrics;
use crate::limits::JOURNAL_NEARLY_FULL_PERCENT;

/// The journal has no room for another line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the journal is full: it has {} of the {} that journal.max_bytes allows, and the message needs {wanted} B; raise it, or move \
     files of past days away and give their folder to reconcile by --journal",
    Bytes(*.used),
    Bytes(*.most)
)]
pub struct JournalFull {
    used: u64,
    most: u64,
    wanted: u64,
}

/// What may be written, what was, and what is promised.
#[derive(Debug)]
pub(super) struct Space {
    most: u64,
    state: Mutex<State>,
    metrics: JournalMetrics,
}

#[derive(Debug, Default)]
struct State {
    used: u64,
    claimed: u64,
    /// What the last message that was refused would have needed.
    refused: Option<u64>,
}

/// Room for one line; given back when it is dropped unused.
#[derive(Debug)]
pub struct Room {
    space: Arc<Space>,
    bytes: u64,
}

impl Space {
    pub(super) fn new(most: u64, metrics: JournalMetrics) -> Self {
        metrics.max_bytes.set(i64::try_from(most).unwrap_or(i64::MAX));
        Self { most, state: Mutex::default(), metrics }
    }

    /// Claims room for a line of at most so many bytes.
    pub(super) fn claim(self: &Arc<Self>, bytes: u64) -> Result<Room, JournalFull> {
        let mut state = self.lock();
        let used = state.used.saturating_add(state.claimed);
        if used.saturating_add(bytes) > self.most {
            state.refused = Some(bytes);
            return Err(JournalFull { used, most: self.most, wanted: bytes });
        }
        state.refused = None;
        state.claimed += bytes;
        Ok(Room { space: self.clone(), bytes })
    }

    /// So much was written in a room that was claimed.
    pub(super) fn written(&self, bytes: u64) {
        let mut state = self.lock();
        state.used = state.used.saturating_add(bytes);
        self.show(&state);
    }

    /// What the files were found to come to.
    pub(super) fn found(&self, used: u64) {
        let mut state = self.lock();
        state.used = used;
        state.refused = state.refused.filter(|wanted| used.saturating_add(*wanted) > self.most);
        self.show(&state);
    }

    /// What an operator must know of it, if anything.
    pub(super) fn trouble(&self) -> Option<String> {
        let state = self.lock();
        let (used, most) = (Bytes(state.used), Bytes(self.most));
        if state.refused.is_some() {
            return Some(format!(
                "the journal is full, {used} of journal.max_bytes, {most}: new messages are refused; raise it, or move files of \
                 past days away"
            ));
        }
        let percent = u128::from(state.used) * 100 / u128::from(self.most.max(1));
        (percent >= u128::from(JOURNAL_NEARLY_FULL_PERCENT)).then(|| {
            format!(
                "the journal has {used}, {percent} % of journal.max_bytes, {most}: raise it, or lower journal.keep_days; at 100 % \
                 new messages are refused"
            )
        })
    }

    fn show(&self, state: &State) {
        self.metrics.bytes.set(i64::try_from(state.used).unwrap_or(i64::MAX));
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Room {
    /// The most that the line may have.
    pub(super) fn bytes(&self) -> usize {
        usize::try_from(self.bytes).unwrap_or(usize::MAX)
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        let mut state = self.space.lock();
        state.claimed = state.claimed.saturating_sub(self.bytes);
    }
}

/// A size as people read it.
struct Bytes(u64);

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let units = [("GiB", 1_u64 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];
        match units.into_iter().find(|(_, unit)| self.0 >= *unit) {
            Some((name, unit)) => write!(f, "{}.{} {name}", self.0 / unit, self.0 % unit * 10 / unit),
            None => write!(f, "{} B", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(most: u64, metrics: JournalMetrics) -> Arc<Space> {
        Arc::new(Space::new(most, metrics))
    }

    #[test]
    fn room_is_given_once_and_back_when_it_is_not_used() {
        let space = of(100, JournalMetrics::default());
        let first = space.claim(60).unwrap();
        assert_eq!(space.claim(60).unwrap_err(), JournalFull { used: 60, most: 100, wanted: 60 });
        assert!(space.trouble().unwrap().contains("journal.max_bytes"), "it was refused");
        drop(first);
        let second = space.claim(60).unwrap();
        space.written(50);
        drop(second);
        assert_eq!(space.trouble(), None);
        assert!(space.claim(50).is_ok());
    }

    #[test]
    fn near_the_bound_it_says_so_before_anything_is_refused() {
        let metrics = JournalMetrics::default();
        let space = of(1 << 20, metrics.clone());
        space.found((1 << 20) * 79 / 100);
        assert_eq!(space.trouble(), None);
        space.found((1 << 20) * 81 / 100);
        let trouble = space.trouble().unwrap();
        assert!(trouble.contains("80 % of journal.max_bytes, 1.0 MiB"), "{trouble}");
        assert_eq!((metrics.bytes.get(), metrics.max_bytes.get()), ((1 << 20) * 81 / 100, 1 << 20));
    }

    #[test]
    fn what_was_removed_by_hand_makes_room() {
        let space = of(100, JournalMetrics::default());
        space.found(100);
        assert!(space.claim(1).is_err());
        space.found(10);
        assert_eq!(space.trouble(), None);
        assert!(space.claim(90).is_ok());
    }
}
