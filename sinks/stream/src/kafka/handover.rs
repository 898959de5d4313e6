//! Between the thread that polls Kafka and the task that takes: a queue that knows when it is full and when all was taken.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use crate::limits::WAITING_BYTES;
use crate::port::StreamError;

/// The queue, with one thread that puts and one task that takes.
pub(super) struct Handover<T> {
    state: Mutex<State<T>>,
    taken: Condvar,
    ready: Notify,
}

struct State<T> {
    items: VecDeque<(T, usize)>,
    bytes: usize,
    failure: Option<StreamError>,
    failed: bool,
    closed: bool,
}

impl<T> Handover<T> {
    pub(super) fn new() -> Self {
        let state = State { items: VecDeque::new(), bytes: 0, failure: None, failed: false, closed: false };
        Self { state: Mutex::new(state), taken: Condvar::new(), ready: Notify::new() }
    }

    /// Puts an item that weighs so many bytes; the one who puts waits for space before it makes the item.
    pub(super) fn put(&self, item: T, bytes: usize) {
        let mut state = self.lock();
        state.bytes += bytes;
        state.items.push_back((item, bytes));
        self.ready.notify_one();
    }

    /// Ends it: what was put is still taken, then this error, once. The first error stays.
    pub(super) fn fail(&self, error: StreamError) {
        let mut state = self.lock();
        if !state.failed {
            state.failure = Some(error);
            state.failed = true;
        }
        self.ready.notify_one();
    }

    /// Whether there is space, now or before the time is over. There is none to wait for once nobody takes any more.
    pub(super) fn wait_for_space(&self, patience: Duration) -> bool {
        self.wait(patience, |state| state.bytes < WAITING_BYTES)
    }

    /// Whether all was taken, now or before the time is over.
    pub(super) fn wait_until_taken(&self, patience: Duration) -> bool {
        self.wait(patience, |state| state.items.is_empty())
    }

    /// Nobody takes any more, or it failed.
    pub(super) fn is_over(&self) -> bool {
        let state = self.lock();
        state.closed || state.failed
    }

    /// Says that nobody takes any more.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.taken.notify_all();
    }

    /// The next item, when there is one. Cancel-safe; for one task.
    pub(super) async fn next(&self) -> Result<T, StreamError> {
        loop {
            if let Some(next) = self.take() {
                return next;
            }
            // One permit is kept for the one task, so nothing put since is missed.
            self.ready.notified().await;
        }
    }

    /// The next item, if it is there.
    pub(super) fn take(&self) -> Option<Result<T, StreamError>> {
        let mut state = self.lock();
        if let Some((item, bytes)) = state.items.pop_front() {
            state.bytes = state.bytes.saturating_sub(bytes);
            self.taken.notify_all();
            return Some(Ok(item));
        }
        let over = || StreamError::Away("this reader ended before; open it again".to_owned());
        state.failed.then(|| Err(state.failure.take().unwrap_or_else(over)))
    }

    fn wait(&self, patience: Duration, is_so: impl Fn(&State<T>) -> bool) -> bool {
        let until = Instant::now() + patience;
        let mut state = self.lock();
        loop {
            if is_so(&state) {
                return true;
            }
            let left = until.saturating_duration_since(Instant::now());
            if state.closed || left.is_zero() {
                return false;
            }
            state = self.taken.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn items_come_in_order_and_then_the_first_error() {
        let handover = Handover::new();
        handover.put(1, 0);
        handover.put(2, 0);
        handover.fail(StreamError::Away("first".into()));
        handover.fail(StreamError::Away("second".into()));
        assert_eq!((handover.next().await.unwrap(), handover.next().await.unwrap()), (1, 2));
        assert_eq!(handover.next().await.unwrap_err().to_string(), "stream is away: first");
        assert!(handover.next().await.is_err());
    }

    #[test]
    fn it_is_full_at_its_limit_and_free_again_when_taken_from() {
        let handover = Handover::new();
        handover.put((), WAITING_BYTES);
        assert!(!handover.wait_for_space(Duration::ZERO));
        assert!(handover.take().is_some());
        assert!(handover.wait_for_space(Duration::ZERO) && handover.wait_until_taken(Duration::ZERO));
    }

    #[test]
    fn nobody_waits_for_one_who_went() {
        let handover = Handover::new();
        handover.put((), WAITING_BYTES);
        handover.close();
        assert!(!handover.wait_until_taken(Duration::from_secs(60)));
    }
}
