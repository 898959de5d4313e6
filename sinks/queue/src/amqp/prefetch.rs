//! How many messages a server may send ahead: by the mean size of those that came of late.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::limits::{PREFETCH_BYTES, PREFETCH_FIRST, PREFETCH_LEAST, PREFETCH_MEAN, PREFETCH_MOST};

/// What a server was allowed, and what it should be. It takes another number for a new consumer alone, so the mean is
/// followed in large steps.
#[derive(Debug)]
pub(super) struct Prefetch {
    most: u16,
    now: u16,
    sizes: Sizes,
    /// Messages that came under this number.
    came: usize,
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
        let most = most.clamp(1, PREFETCH_MOST);
        let mut prefetch = Self { most, now: PREFETCH_FIRST.min(most), sizes, came: 0 };
        prefetch.now = prefetch.right().unwrap_or(prefetch.now);
        prefetch
    }

    pub(super) fn now(&self) -> u16 {
        self.now
    }

    pub(super) fn received(&mut self, bytes: usize) {
        self.sizes.see(bytes);
        self.came += 1;
    }

    /// Another number, where one is due. It grows only where as many came as may be sent ahead: by then their size is known.
    /// Whether they were settled does not matter, or those that cannot be shipped would hold up all that come behind them.
    pub(super) fn change(&mut self) -> Option<u16> {
        let right = self.right()?;
        let grows = right / 2 >= self.now && self.came >= usize::from(self.now);
        if !grows && right > self.now / 2 {
            return None;
        }
        self.now = right;
        self.came = 0;
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

    fn receive(prefetch: &mut Prefetch, messages: usize, bytes: usize) {
        (0..messages).for_each(|_| prefetch.received(bytes));
    }

    #[test]
    fn it_grows_and_shrinks_with_what_comes() {
        let sizes = Sizes::default();
        let mut prefetch = Prefetch::new(4_096, sizes.clone());
        assert_eq!((prefetch.now(), prefetch.change()), (PREFETCH_FIRST, None));
        receive(&mut prefetch, usize::from(PREFETCH_FIRST) - 1, 2_000);
        assert_eq!(prefetch.change(), None);
        receive(&mut prefetch, 1, 2_000);
        assert_eq!((prefetch.change(), prefetch.change()), (Some(PREFETCH_MOST), None));
        receive(&mut prefetch, 1, 3_000);
        assert_eq!(prefetch.change(), None);
        receive(&mut prefetch, 4, 8 * MIB);
        let few = prefetch.change().expect("it shrinks");
        assert!(few < 64, "{few}");
        receive(&mut prefetch, 200, 8 * MIB);
        assert_eq!(prefetch.change(), Some(PREFETCH_LEAST));
        let mut next = Prefetch::new(4_096, sizes);
        assert_eq!(next.now(), PREFETCH_LEAST, "the next begins with what is known");
        receive(&mut next, 400, 2_000);
        assert_eq!(next.change(), Some(PREFETCH_MOST));
    }

    #[test]
    fn the_option_is_the_most() {
        let mut prefetch = Prefetch::new(1, Sizes::default());
        receive(&mut prefetch, 100, 10);
        assert_eq!((prefetch.now(), prefetch.change()), (1, None));
        let mut prefetch = Prefetch::new(u16::MAX, Sizes::default());
        receive(&mut prefetch, 1_000, 10);
        assert_eq!(prefetch.change(), Some(PREFETCH_MOST), "or what a quorum queue may be asked for");
    }
}
