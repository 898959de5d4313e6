//! What the journal's thread is given: it is woken once for all that the tasks of one turn put in.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// Work that waits for the thread.
#[derive(Debug)]
pub(super) struct Inbox<T> {
    waiting: Mutex<Waiting<T>>,
    arrived: Condvar,
}

#[derive(Debug)]
struct Waiting<T> {
    work: VecDeque<T>,
    is_closed: bool,
    /// The thread waits to be woken, and nobody is about to.
    is_idle: bool,
}

/// It was closed, or the thread has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Closed;

/// The thread's end of it; dropped, nothing more is taken in.
#[derive(Debug)]
pub(super) struct Receiving<T>(Arc<Inbox<T>>);

/// Wakes the thread when it is dropped, also with the task that would have.
struct Waking<'i, T>(&'i Inbox<T>);

impl<T> Default for Inbox<T> {
    fn default() -> Self {
        let waiting = Waiting { work: VecDeque::new(), is_closed: false, is_idle: false };
        Self { waiting: Mutex::new(waiting), arrived: Condvar::new() }
    }
}

impl<T> Inbox<T> {
    /// Puts work in. Whoever finds the thread idle lets the tasks go first that are ready to run, and may have work too,
    /// before it wakes the thread.
    pub(super) async fn put(&self, work: T) -> Result<(), Closed> {
        let wakes = {
            let mut waiting = self.lock();
            if waiting.is_closed {
                return Err(Closed);
            }
            waiting.work.push_back(work);
            std::mem::take(&mut waiting.is_idle)
        };
        if wakes {
            let _waking = Waking(self);
            tokio::task::yield_now().await;
        }
        Ok(())
    }

    pub(super) fn is_closed(&self) -> bool {
        self.lock().is_closed
    }

    /// What is in there is still worked off.
    pub(super) fn close(&self) {
        self.lock().is_closed = true;
        self.arrived.notify_one();
    }

    fn lock(&self) -> MutexGuard<'_, Waiting<T>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Receiving<T> {
    pub(super) fn of(inbox: Arc<Inbox<T>>) -> Self {
        Self(inbox)
    }

    /// Waits for work and takes it, in order and so much at most. False once it is closed and nothing is left.
    pub(super) fn take(&self, into: &mut Vec<T>, most: usize) -> bool {
        let mut waiting = self.0.lock();
        loop {
            if !waiting.work.is_empty() {
                let count = waiting.work.len().min(most);
                into.extend(waiting.work.drain(..count));
                return true;
            }
            if waiting.is_closed {
                return false;
            }
            waiting.is_idle = true;
            waiting = self.0.arrived.wait(waiting).unwrap_or_else(PoisonError::into_inner);
            waiting.is_idle = false;
        }
    }
}

impl<T> Drop for Receiving<T> {
    fn drop(&mut self) {
        let left = {
            let mut waiting = self.0.lock();
            waiting.is_closed = true;
            std::mem::take(&mut waiting.work)
        };
        // Whoever waits for it hears that it ended.
        drop(left);
    }
}

impl<T> Drop for Waking<'_, T> {
    fn drop(&mut self) {
        self.0.arrived.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    fn idle() -> (Arc<Inbox<u32>>, std::thread::JoinHandle<Vec<Vec<u32>>>) {
        let inbox = Arc::new(Inbox::default());
        let receiving = Receiving::of(inbox.clone());
        let thread = std::thread::spawn(move || {
            let mut taken = Vec::new();
            loop {
                let mut group = Vec::new();
                if !receiving.take(&mut group, 4) {
                    return taken;
                }
                taken.push(group);
            }
        });
        while !inbox.lock().is_idle {
            std::thread::yield_now();
        }
        (inbox, thread)
    }

    #[tokio::test]
    async fn the_thread_is_woken_once_for_all_that_is_put_in_at_one_time() {
        let (inbox, thread) = idle();
        let puts = (0..6).map(|work| inbox.put(work));
        assert!(futures::future::join_all(puts).await.iter().all(Result::is_ok));
        inbox.close();
        assert_eq!(inbox.put(7).await, Err(Closed));
        assert_eq!(thread.join().unwrap(), [vec![0, 1, 2, 3], vec![4, 5]]);
    }

    #[tokio::test]
    async fn a_task_that_ends_before_it_wakes_the_thread_wakes_it_all_the_same() {
        let (inbox, thread) = idle();
        assert!(inbox.put(1).now_or_never().is_none());
        while !inbox.lock().is_idle {
            std::thread::yield_now();
        }
        inbox.close();
        assert_eq!(thread.join().unwrap(), [[1]]);
    }

    #[tokio::test]
    async fn where_the_thread_has_ended_nothing_is_taken_in() {
        let inbox = Arc::new(Inbox::default());
        let receiving = Receiving::of(inbox.clone());
        inbox.put(Arc::new(())).await.unwrap();
        let left = inbox.lock().work[0].clone();
        drop(receiving);
        assert!(inbox.is_closed());
        assert_eq!((Arc::strong_count(&left), inbox.put(left.clone()).await), (1, Err(Closed)));
    }
}
