//! How soon more is taken from the queue: at once while little is on its way, so that nothing waits; while much is, when a good
//! many have come, so that what is done for some together is done for many.

use tokio::time::Instant;

use crate::limits::{BATCH_MESSAGES, GATHER_MESSAGES};
use crate::timeouts::GATHER;

#[derive(Debug, Default)]
pub(crate) struct Pace {
    /// When more is taken.
    next: Option<Instant>,
}

impl Pace {
    /// So many were received, and so many are on their way with them.
    pub(crate) fn received(&mut self, messages: usize, on_their_way: usize, now: Instant) {
        // Where there were as many as may come at one time, more are there already.
        let gathers = on_their_way >= GATHER_MESSAGES && messages < BATCH_MESSAGES;
        self.next = gathers.then(|| now + GATHER);
    }

    /// When more is taken; none says at once.
    pub(crate) fn next(&mut self, now: Instant) -> Option<Instant> {
        self.next = self.next.filter(|next| *next > now);
        self.next
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn little_is_taken_at_once_and_much_is_gathered() {
        let now = Instant::now();
        let mut pace = Pace::default();
        pace.received(10, GATHER_MESSAGES - 1, now);
        assert_eq!(pace.next(now), None);
        pace.received(10, GATHER_MESSAGES, now);
        assert_eq!(pace.next(now), Some(now + GATHER));
        assert_eq!(pace.next(now + GATHER), None, "it is over");
        assert_eq!(pace.next(now), None, "and stays so");
        pace.received(BATCH_MESSAGES, BATCH_MESSAGES, now);
        assert_eq!(pace.next(now), None, "more is there already");
    }
}
