//! The threads for what takes long: few, of low priority, and shared by callers in turns, so that none of them waits for all
//! that another one has sent.

mod turns;

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use tokio::sync::oneshot;
use tracing::instrument::WithSubscriber;

use self::turns::{Job, Turns};
use crate::caller::Caller;
use crate::failure::EngineError;
use crate::limits;
use crate::priority::step_back;

type Work = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Runs what takes long. Cloning it is cheap; its threads end with the last clone.
#[derive(Clone)]
pub struct SlowPool(Arc<Threads>);

/// Why something was not run to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SlowPoolError {
    /// As much waits as may; later there may be room.
    #[error("as much waits for the threads for slow work as may")]
    Full,
    /// It panicked.
    #[error("a task on the threads for slow work panicked")]
    Panicked,
}

/// What the threads share; dropped with the last pool, and then the threads end.
struct Threads(Arc<Shared>);

struct Shared {
    turns: Mutex<Turns<Work>>,
    more: Condvar,
}

/// Takes the caller's work back where nobody waits for it any more.
struct Waiting<'p> {
    pool: &'p Shared,
    caller: &'p Caller,
    number: u64,
}

impl SlowPool {
    /// Starts half as many threads as there are processors, and at least one. At most `begun` pieces of work are begun at
    /// one time.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(begun: usize) -> Result<Self, EngineError> {
        let threads = std::thread::available_parallelism().map_or(1, |cores| (cores.get() / 2).max(1));
        let turns = Turns::new(threads, begun.max(1));
        let shared = Arc::new(Shared { turns: Mutex::new(turns), more: Condvar::new() });
        let pool = Self(Arc::new(Threads(shared.clone())));
        for _ in 0..threads {
            let shared = shared.clone();
            std::thread::Builder::new()
                .name("slow-work".into())
                .spawn(move || {
                    step_back(limits::SLOW_NICE);
                    shared.work();
                })
                .map_err(|error| EngineError(format!("no thread for slow work: {error}")))?;
        }
        Ok(pool)
    }

    /// Runs a future that waits for nothing but its next turn: it is polled again and again, other callers' in between.
    /// Whoever stops waiting for it ends it at its next turn.
    ///
    /// # Errors
    /// At once, where [`limits::SLOW_WAITING_CALLER`] of this caller, [`limits::SLOW_WAITING_CLASS`] of partners or of strangers,
    /// or [`limits::SLOW_WAITING`] of all wait already; and when the work panicked.
    pub async fn run<T: Send + 'static>(
        &self,
        caller: &Caller,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, SlowPoolError> {
        let (answer, answered) = oneshot::channel();
        let work = work.with_current_subscriber();
        let work = async move {
            let mut work = pin!(work);
            let answered = poll_fn(|context| {
                if answer.is_closed() {
                    return Poll::Ready(None);
                }
                work.as_mut().poll(context).map(Some)
            });
            if let Some(answered) = answered.await {
                // Nobody waits any more where this fails.
                let _ = answer.send(answered);
            }
        };
        let shared = &*self.0.0;
        let number = shared.turns().add(caller, Box::pin(work)).ok_or(SlowPoolError::Full)?;
        shared.more.notify_one();
        let _waiting = Waiting { pool: shared, caller, number };
        answered.await.map_err(|_| SlowPoolError::Panicked)
    }

    /// Whether nothing more of this caller would be taken now.
    pub(crate) fn is_full(&self, caller: &Caller) -> bool {
        self.0.0.turns().is_full(caller)
    }
}

impl Shared {
    /// What each thread does until the pool is gone.
    fn work(&self) {
        let mut turns = self.turns();
        while let Some(taken) = turns.next() {
            let Some(mut job) = taken else {
                turns = self.more.wait(turns).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            drop(turns);
            let mut context = Context::from_waker(Waker::noop());
            let polled = catch_unwind(AssertUnwindSafe(|| job.work.as_mut().poll(&mut context)));
            if let Ok(Poll::Pending) = polled {
                turns = self.turns();
                turns.pause(job);
            } else {
                let Job { caller, work, .. } = job;
                // What panicked is its asker's, who sees that no answer comes. Dropping it may do the same again.
                let _ = catch_unwind(AssertUnwindSafe(|| drop(work)));
                turns = self.turns();
                turns.ended(&caller);
            }
            // It is there again, or makes room for others.
            self.more.notify_one();
        }
    }

    fn turns(&self) -> MutexGuard<'_, Turns<Work>> {
        self.turns.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        // What was not begun holds little, and goes here; what was is ended on its own thread.
        let unwanted = self.pool.turns().give_up(self.caller, self.number);
        drop(unwanted);
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        self.0.turns().close();
        self.0.more.notify_all();
    }
}

impl std::fmt::Debug for SlowPool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SlowPool").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
