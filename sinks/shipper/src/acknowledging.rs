//! What is acknowledged, and when: to a queue that sends as much at one go as was acknowledged, and does nothing else meanwhile, in
//! small strides, the next when what takes the place of the last has come.

use std::collections::VecDeque;

use tallygate_queue::Tag;
use tokio::time::Instant;

use crate::timeouts::STRIDE;

/// Messages that were shipped and are not acknowledged yet, in the order in which they were.
#[derive(Debug, Default)]
pub(crate) struct Acknowledging {
    shipped: VecDeque<Tag>,
    /// Of what comes in the place of the last stride, so much has not.
    awaited: usize,
    /// After that it is waited for no longer: the queue has no more.
    patience: Option<Instant>,
}

impl Acknowledging {
    pub(crate) fn add(&mut self, shipped: impl Iterator<Item = Tag>) {
        self.shipped.extend(shipped);
    }

    pub(crate) fn received(&mut self, messages: usize) {
        self.awaited = self.awaited.saturating_sub(messages);
    }

    /// When the next stride is due; none when there is nothing to acknowledge.
    pub(crate) fn due(&self, now: Instant) -> Option<Instant> {
        let waits = self.patience.filter(|until| self.awaited > 0 && *until > now);
        (!self.shipped.is_empty()).then(|| waits.unwrap_or(now))
    }

    /// The next stride, of so many at most.
    pub(crate) fn stride(&mut self, most: usize, now: Instant) -> Vec<Tag> {
        let stride: Vec<Tag> = self.shipped.drain(..most.min(self.shipped.len())).collect();
        (self.awaited, self.patience) = (stride.len(), Some(now + STRIDE));
        stride
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_stride_is_due_when_as_many_came_or_after_a_while() {
        let (now, mut all) = (Instant::now(), Acknowledging::default());
        assert_eq!(all.due(now), None);
        all.add((1..=7).map(Tag));
        assert_eq!(all.due(now), Some(now));
        assert_eq!(all.stride(3, now), [Tag(1), Tag(2), Tag(3)]);
        assert_eq!(all.due(now), Some(now + STRIDE));
        all.received(2);
        assert_eq!(all.due(now), Some(now + STRIDE), "one more is on its way");
        all.received(5);
        assert_eq!(all.due(now), Some(now));
        assert_eq!(all.stride(3, now), [Tag(4), Tag(5), Tag(6)]);
        assert_eq!(all.due(now + STRIDE), Some(now + STRIDE), "nothing came");
        assert_eq!(all.stride(3, now), [Tag(7)]);
        assert_eq!(all.due(now), None);
    }
}
