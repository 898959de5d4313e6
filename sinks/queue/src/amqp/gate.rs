//! How much a consumer's connection may have read that nobody has dealt with; beyond it, the socket is not read.
//!
//! A server sends as many messages as it was allowed, of any size, and the library keeps all that it reads. A server whose
//! socket nobody reads waits: for half a minute, after which it takes the consumer for dead.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use crate::limits::CONSUMER_BYTES;

/// Shut while too much was read.
#[derive(Clone, Debug, Default)]
pub(super) struct Gate(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    /// Read off the socket and not handed out, with what is around messages.
    buffered: usize,
    /// Of messages that were handed out and not settled.
    held: usize,
    reader: Option<Waker>,
}

impl Gate {
    /// Ready while the socket may be read.
    pub(super) fn poll_open(&self, cx: &Context<'_>) -> Poll<()> {
        let mut state = self.state();
        if state.is_open() {
            return Poll::Ready(());
        }
        state.reader = Some(cx.waker().clone());
        Poll::Pending
    }

    /// So much was read off the socket.
    pub(super) fn read(&self, bytes: usize) {
        self.state().buffered += bytes;
    }

    /// A message was handed out.
    pub(super) fn hand_out(&self, bytes: usize) {
        let mut state = self.state();
        state.buffered = state.buffered.saturating_sub(bytes);
        state.held += bytes;
    }

    /// Nothing whole is left to hand out, so what is around messages need not be counted any longer.
    pub(super) fn is_drained(&self) {
        self.change(|state| state.buffered = 0);
    }

    /// Messages were settled.
    pub(super) fn settle(&self, bytes: usize) {
        self.change(|state| state.held = state.held.saturating_sub(bytes));
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        let mut state = self.state();
        change(&mut state);
        let reader = if state.is_open() { state.reader.take() } else { None };
        drop(state);
        if let Some(reader) = reader {
            reader.wake();
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn is_open(&self) -> bool {
        self.buffered + self.held < CONSUMER_BYTES
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Wake;

    use super::*;

    #[derive(Default)]
    struct Woken(AtomicUsize);

    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn it_shuts_at_so_many_bytes_and_wakes_the_reader_when_some_are_settled() {
        let (gate, woken) = (Gate::default(), Arc::new(Woken::default()));
        let waker = Waker::from(Arc::clone(&woken));
        let is_open = || gate.poll_open(&Context::from_waker(&waker)).is_ready();
        gate.read(CONSUMER_BYTES - 1);
        assert!(is_open());
        gate.read(1_000);
        assert!(!is_open());
        gate.hand_out(CONSUMER_BYTES);
        assert!(!is_open(), "it is held now");
        gate.settle(500);
        assert_eq!(woken.0.load(Ordering::Relaxed), 0, "999 bytes of frames are still counted");
        gate.is_drained();
        assert_eq!(woken.0.load(Ordering::Relaxed), 1);
        assert!(is_open());
        gate.settle(CONSUMER_BYTES);
        assert_eq!(woken.0.load(Ordering::Relaxed), 1, "nobody waits");
    }
}
