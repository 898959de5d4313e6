//! How many messages a server may send ahead: by the mean size of those that came of late.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::limits::{PREFETCH_BYTES, PREFETCH_FIRST, PREFETCH_LEAST, PREFETCH_MEAN};

/// What a server was allowed, and what it should be. It takes another number for a new consumer alone, so the mean is
/// followed in large steps.
#[derive(Debug)]
pub(super) struct Prefetch {
    most: u16,
    now: u16,
    sizes: Sizes,
    /// Messages that were settled under this number.
    settled: usize,
}

/// A running mean of the sizes of messages, in bytes; 0 before the first. Clones share it, so that the next consumer begins
/// with what the last one knew.
#[derive(Clone, Debug, Default)]
pub(super) struct Sizes(Arc<AtomicUsize>);

impl Sizes {
    fn see(&self, bytes: usize) {
        let mean = self.mean().unwrap_or(bytes);
        let next = (mean * (PREFETCH_MEAN - 1) + bytes) / PREFETCH_MEAN;
        self.0.store(next.max(1), Ordering::Relaxed);
    }

    fn mean(&self) -> Option<usize> {
        Some(self.0.load(Ordering::Relaxed)).filter(|mean| *mean > 0)
    }
}

impl Prefetch {
    pub(super) fn new(most: u16, sizes: Sizes) -> Self {
        let most = most.max(1);
        let mut prefetch = Self { most, now: PREFETCH_FIRST.min(most), sizes, settled: 0 };
        prefetch.now = prefetch.right().unwrap_or(prefetch.now);
        prefetch
    }

    pub(super) fn now(&self) -> u16 {
        self.now
    }

    pub(super) fn received(&mut self, bytes: usize) {
        self.sizes.see(bytes);
    }

    pub(super) fn settled(&mut self, messages: usize) {
        self.settled += messages;
    }

    /// Another number, where one is due. It grows only where as many messages were settled as may be sent ahead: what
    /// cannot be shipped is not to be gathered.
    pub(super) fn change(&mut self) -> Option<u16> {
        let right = self.right()?;
        let grows = right / 2 >= self.now && self.settled >= usize::from(self.now);
        if !grows && right > self.now / 2 {
            return None;
        }
        self.now = right;
        self.settled = 0;
        Some(right)
    }

    fn right(&self) -> Option<u16> {
        let by_size = u16::try_from(PREFETCH_BYTES / self.sizes.mean()?).unwrap_or(u16::MAX);
        Some(by_size.max(PREFETCH_LEAST).min(self.most))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: usize = 1024 * 1024;

    #[test]
    fn it_grows_with_what_is_settled_and_shrinks_with_what_comes() {
        let sizes = Sizes::default();
        let mut prefetch = Prefetch::new(4_096, sizes.clone());
        assert_eq!((prefetch.now(), prefetch.change()), (PREFETCH_FIRST, None));
        (0..200).for_each(|_| prefetch.received(2_000));
        assert_eq!(prefetch.change(), None, "nothing was settled");
        prefetch.settled(usize::from(PREFETCH_FIRST));
        assert_eq!((prefetch.change(), prefetch.change()), (Some(4_096), None));
        prefetch.received(3_000);
        assert_eq!(prefetch.change(), None);
        (0..4).for_each(|_| prefetch.received(8 * MIB));
        let few = prefetch.change().expect("it shrinks");
        assert!(few < 64, "{few}");
        (0..200).for_each(|_| prefetch.received(8 * MIB));
        assert_eq!(prefetch.change(), Some(PREFETCH_LEAST));
        assert_eq!(Prefetch::new(4_096, sizes).now(), PREFETCH_LEAST, "the next begins with what is known");
        (0..400).for_each(|_| prefetch.received(2_000));
        assert_eq!(prefetch.change(), None, "nothing was settled");
        prefetch.settled(400);
        assert_eq!(prefetch.change(), Some(4_096));
    }

    #[test]
    fn the_option_is_the_most() {
        let mut prefetch = Prefetch::new(1, Sizes::default());
        (0..100).for_each(|_| prefetch.received(10));
        prefetch.settled(100);
        assert_eq!((prefetch.now(), prefetch.change()), (1, None));
    }
}
