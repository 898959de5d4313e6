//! The turns of callers where requests are served: a call runs as it comes, but for those of callers who take long.

use std::cell::Cell;
use std::collections::HashMap;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{Semaphore, SemaphorePermit};

use crate::caller::Caller;
use crate::limits;

thread_local! {
    /// How long this thread has run policies since it last let others go first, without what a call may take of its time anyway.
    static RAN: Cell<Duration> = const { Cell::new(Duration::ZERO) };
}

/// The turns of all callers.
///
/// A call holds its thread to its end. A thousand of one caller would run one after the other before anybody else's request
/// moves on. So once a thread has run policies for [`limits::RUN_AT_ONCE`], the next call lets all go first that is ready to
/// run, with a turn of its caller in hand, and the caller's others wait for that turn, where they hold nothing. Calls that
/// are soon through cost others no more than any step of a request, and come and go without a turn.
///
/// A caller that had a call which did not end where requests are served has turns for a while, on all threads but one.
pub(crate) struct AtOnce {
    /// How many turns a caller has at one time.
    most_of_caller: usize,
    /// How many there are in `callers`: looked at first, as it is none nearly always.
    known: AtomicUsize,
    callers: Mutex<HashMap<Caller, Calls>>,
}

struct Calls {
    permits: Arc<Semaphore>,
    /// Those that wait for a turn or have one.
    count: usize,
    /// All its calls take turns until then.
    by_turns_until: Option<Instant>,
}

/// A call that waits for its turn or has it, counted until it is dropped.
struct Counted<'t> {
    turns: &'t AtOnce,
    caller: &'t Caller,
}

impl AtOnce {
    /// For as many threads that serve requests.
    pub(crate) fn new(threads: usize) -> Self {
        Self { most_of_caller: threads.saturating_sub(1).max(1), known: AtomicUsize::new(0), callers: Mutex::default() }
    }

    /// Runs a call, at once or when its caller has a turn.
    pub(crate) async fn run<T>(&self, caller: &Caller, call: impl Future<Output = T>) -> T {
        if RAN.get() < limits::RUN_AT_ONCE && !self.goes_by_turns(caller) {
            return timed(call).await;
        }
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

    /// A call of this caller took so long that it did not end where requests are served.
    pub(crate) fn took_long(&self, caller: &Caller) {
        let now = Instant::now();
        self.with_callers(|callers| {
            callers.retain(|_, calls| calls.is_needed(now));
            self.calls(callers, caller).by_turns_until = Some(now + limits::BY_TURNS);
        });
    }

    fn goes_by_turns(&self, caller: &Caller) -> bool {
        if self.known.load(Ordering::Relaxed) == 0 {
            return false;
        }
        let now = Instant::now();
        self.with_callers(|callers| {
            let by_turns = callers.get(caller).is_some_and(|calls| calls.goes_by_turns(now));
            forget(callers, caller, now);
            by_turns
        })
    }

    fn count(&self, caller: &Caller) -> Arc<Semaphore> {
        self.with_callers(|callers| {
            let calls = self.calls(callers, caller);
            calls.count += 1;
            calls.permits.clone()
        })
    }

    fn calls<'c>(&self, callers: &'c mut HashMap<Caller, Calls>, caller: &Caller) -> &'c mut Calls {
        let permits = || Arc::new(Semaphore::new(self.most_of_caller));
        callers.entry(caller.clone()).or_insert_with(|| Calls { permits: permits(), count: 0, by_turns_until: None })
    }

    /// Whatever is done with the callers, afterwards it is known how many there are.
    fn with_callers<T>(&self, work: impl FnOnce(&mut HashMap<Caller, Calls>) -> T) -> T {
        let mut callers = self.callers();
        let done = work(&mut callers);
        self.known.store(callers.len(), Ordering::Relaxed);
        done
    }

    fn callers(&self) -> MutexGuard<'_, HashMap<Caller, Calls>> {
        self.callers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Calls {
    fn goes_by_turns(&self, now: Instant) -> bool {
        self.by_turns_until.is_some_and(|until| now < until)
    }

    fn is_needed(&self, now: Instant) -> bool {
        self.count > 0 || self.goes_by_turns(now)
    }
}

/// Forgets a caller that needs no turns any more.
fn forget(callers: &mut HashMap<Caller, Calls>, caller: &Caller, now: Instant) {
    if callers.get(caller).is_some_and(|calls| !calls.is_needed(now)) {
        callers.remove(caller);
    }
}

/// Runs a call and adds how long this thread ran it, beyond what any call may take.
async fn timed<T>(call: impl Future<Output = T>) -> T {
    let mut call = pin!(call);
    poll_fn(|context| {
        let began = Instant::now();
        let polled = call.as_mut().poll(context);
        RAN.set(RAN.get().saturating_add(began.elapsed().saturating_sub(limits::SOON_THROUGH)));
        polled
    })
    .await
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.turns.with_callers(|callers| {
            if let Some(calls) = callers.get_mut(self.caller) {
                calls.count -= 1;
            }
            forget(callers, self.caller, Instant::now());
        });
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
    async fn a_caller_that_took_long_has_few_turns_at_one_time_and_others_do_not_wait_for_it() {
        let turns = AtOnce::new(3);
        let (greedy, other) = (partner("greedy"), Caller::Address([10, 0, 0, 1].into()));
        turns.took_long(&greedy);
        let mut endless: Vec<_> = (0..2).map(|_| Box::pin(turns.run(&greedy, pending::<()>()))).collect();
        assert!(endless.iter_mut().all(|call| call.now_or_never().is_none()));
        let mut waiting = Box::pin(turns.run(&greedy, async {}));
        assert!(waiting.as_mut().now_or_never().is_none());
        turns.run(&other, async {}).await;
        assert!(waiting.as_mut().now_or_never().is_none());
        endless.pop();
        waiting.as_mut().await;
        drop((endless, waiting));
        assert!(turns.goes_by_turns(&greedy), "for a while");
        if let Some(calls) = turns.callers().get_mut(&greedy) {
            calls.by_turns_until = Some(Instant::now());
        }
        turns.run(&greedy, async {}).await;
        assert!(turns.callers().is_empty(), "and then it is forgotten");
        assert_eq!(turns.known.load(Ordering::Relaxed), 0);
    }

    #[tokio::test]
    async fn where_policies_ran_for_long_the_calls_of_one_caller_let_others_go_first() {
        let turns = Arc::new(AtOnce::new(2));
        let order = Arc::new(Mutex::new(Vec::new()));
        let mut calls = tokio::task::JoinSet::new();
        for (caller, name) in
            [("greedy", "first"), ("greedy", "second"), ("greedy", "third"), ("greedy", "fourth"), ("other", "other")]
        {
            let (turns, order, caller) = (turns.clone(), order.clone(), partner(caller));
            calls.spawn(async move {
                let run = async {
                    std::thread::sleep(limits::RUN_AT_ONCE + limits::SOON_THROUGH);
                    order.lock().unwrap().push(name);
                };
                turns.run(&caller, run).await;
            });
        }
        calls.join_all().await;
        let order = order.lock().unwrap();
        assert!(order.iter().position(|&name| name == "other") <= Some(2), "{order:?}");
        assert!(turns.callers().is_empty());
    }

    #[tokio::test]
    async fn calls_that_are_soon_through_take_no_turns() {
        let turns = AtOnce::new(2);
        for _ in 0..1000 {
            assert!(turns.run(&partner("one"), async {}).now_or_never().is_some());
        }
        assert!(turns.callers().is_empty());
    }
}
