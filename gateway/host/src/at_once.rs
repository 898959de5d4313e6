//! The turns of callers where requests are served: of each, few calls run at one time, however many it sends.

use std::cell::Cell;
use std::collections::HashMap;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{Semaphore, SemaphorePermit};

use crate::caller::Caller;
use crate::limits;

thread_local! {
    /// How long this thread has run policies since it last let others go first.
    static RAN: Cell<Duration> = const { Cell::new(Duration::ZERO) };
}

/// The turns of all callers.
///
/// A call holds its thread to its end. A thousand of one caller would run one after the other before anybody else's request
/// moves on; so those that have no turn wait here, where they hold nothing, and whoever has one on a thread that has run
/// policies for [`limits::RUN_AT_ONCE`] lets all go first that is ready to run.
pub(crate) struct AtOnce {
    /// How many calls of one caller may run at one time.
    most_of_caller: usize,
    /// Those that have any.
    callers: Mutex<HashMap<Caller, Calls>>,
}

struct Calls {
    permits: Arc<Semaphore>,
    /// Waiting and running.
    count: usize,
}

/// A call that waits for its turn or has it, counted until it is dropped.
struct Counted<'t> {
    turns: &'t AtOnce,
    caller: &'t Caller,
}

impl AtOnce {
    /// For as many threads that serve requests: all but one of them, and at least one, may run calls of one caller.
    pub(crate) fn new(threads: usize) -> Self {
        Self { most_of_caller: threads.saturating_sub(1).max(1), callers: Mutex::default() }
    }

    /// Runs a call once its caller has a turn.
    pub(crate) async fn run<T>(&self, caller: &Caller, call: impl Future<Output = T>) -> T {
        let permits = self.count(caller);
        // Dropped last, once the turn was given on.
        let _counted = Counted { turns: self, caller };
        let _permit: Option<SemaphorePermit<'_>> = permits.acquire().await.ok();
        if RAN.get() >= limits::RUN_AT_ONCE {
            // With its turn in hand, so that the caller's others do not run meanwhile.
            tokio::task::yield_now().await;
            RAN.set(Duration::ZERO);
        }
        timed(call).await
    }

    fn count(&self, caller: &Caller) -> Arc<Semaphore> {
        let mut callers = self.callers();
        if let Some(calls) = callers.get_mut(caller) {
            calls.count += 1;
            return calls.permits.clone();
        }
        let permits = Arc::new(Semaphore::new(self.most_of_caller));
        callers.insert(caller.clone(), Calls { permits: permits.clone(), count: 1 });
        permits
    }

    fn callers(&self) -> MutexGuard<'_, HashMap<Caller, Calls>> {
        self.callers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Runs a call and adds how long this thread ran it.
async fn timed<T>(call: impl Future<Output = T>) -> T {
    let mut call = pin!(call);
    poll_fn(|context| {
        let began = Instant::now();
        let polled = call.as_mut().poll(context);
        RAN.set(RAN.get().saturating_add(began.elapsed()));
        polled
    })
    .await
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        let mut callers = self.turns.callers();
        if let Some(calls) = callers.get_mut(self.caller) {
            calls.count -= 1;
            if calls.count == 0 {
                callers.remove(self.caller);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use futures::FutureExt;

    use super::*;

    fn partner(name: &str) -> Caller {
        Caller::Partner(name.into())
    }

    #[tokio::test]
    async fn a_caller_has_few_turns_at_one_time_and_others_do_not_wait_for_it() {
        let turns = AtOnce::new(3);
        let (greedy, other) = (partner("greedy"), Caller::Address([10, 0, 0, 1].into()));
        let mut endless: Vec<_> = (0..2).map(|_| Box::pin(turns.run(&greedy, pending::<()>()))).collect();
        assert!(endless.iter_mut().all(|call| call.now_or_never().is_none()));
        let mut waiting = Box::pin(turns.run(&greedy, async {}));
        assert!(waiting.as_mut().now_or_never().is_none());
        turns.run(&other, async {}).await;
        assert!(waiting.as_mut().now_or_never().is_none());
        endless.pop();
        waiting.as_mut().await;
        drop((endless, waiting));
        assert!(turns.callers().is_empty(), "and whoever has none is forgotten");
    }
}
