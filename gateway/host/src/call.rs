//! One call of a policy: its store, what it has used of memory and time, and why it ended.

use std::cell::Cell;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use wasmtime::{ResourceLimiter, Store, Trap, UpdateDeadline};

use crate::advice;
use crate::failure::PolicyFailure;
use crate::keys::Keys;
use crate::limits;
use crate::spec::Limits;

thread_local! {
    /// The thread's CPU time when it last began to run a policy, or at the last tick. A call's time counts only while it
    /// runs: one that stepped aside for others, or whose thread had to wait for a processor, must not be charged for that.
    static RUNNING_SINCE: Cell<Option<Duration>> = const { Cell::new(None) };
}

/// What one call of a policy used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Used {
    /// The time in which it ran, its own and the host's for it.
    pub time: Duration,
    /// The most memory that it had, in bytes, its code apart.
    pub memory: usize,
}

/// How a call runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pace {
    /// Where requests are served, in one go: what takes longer than a tick, or asks for much, is stopped and begun again on
    /// the threads for slow work.
    AtOnce,
    /// On those threads, in turns with others.
    InTurns,
    /// At activation, where nothing else waits for the thread.
    Configuring,
}

/// What a store of wasmtime carries for us.
pub(crate) struct Call {
    pub(crate) policy: Arc<str>,
    pub(crate) message: String,
    pub(crate) keys: Keys,
    pub(crate) pace: Pace,
    pub(crate) lines_left: u32,
    /// What it has logged, kept until it is clear that it will not be begun again.
    pub(crate) lines: Vec<(tracing::Level, String)>,
    pub(crate) limits: Limits,
    used: Duration,
    /// What its memories have grown to, all of them together.
    memory: usize,
    /// Of that, what they began with.
    memory_begun: usize,
    out_of_time: bool,
    out_of_memory: bool,
    /// It was stopped to be begun again on the threads for slow work.
    slow: bool,
}

/// Why a call was stopped that is to be begun again; nobody gets to see it.
#[derive(Debug, thiserror::Error)]
#[error("the call is to be begun again where it holds nobody up")]
struct Slow;

impl Call {
    pub(crate) fn new(policy: Arc<str>, message: String, keys: Keys, limits: Limits, pace: Pace) -> Self {
        Self {
            policy,
            message,
            keys,
            pace,
            lines_left: limits::LOG_LINES,
            lines: Vec::new(),
            limits,
            used: Duration::ZERO,
            memory: 0,
            memory_begun: 0,
            out_of_time: false,
            out_of_memory: false,
            slow: false,
        }
    }

    /// Whether a call that ended with this error is to be begun again.
    pub(crate) fn is_slow(&self, error: &wasmtime::Error) -> bool {
        // An error that is no trap is the host's: it refused to copy out what the policy returned or passed.
        self.pace == Pace::AtOnce && !self.out_of_time && (self.slow || error.downcast_ref::<Trap>().is_none())
    }

    /// Stops a call that is about to make the host work through so many bytes where requests are served.
    pub(crate) fn not_at_once(&mut self, bytes: usize) -> wasmtime::Result<()> {
        if self.pace == Pace::AtOnce && bytes > limits::CRYPTO_BYTES_AT_ONCE {
            self.slow = true;
            return Err(Slow.into());
        }
        Ok(())
    }

    /// The most memory that it had, in bytes.
    pub(crate) fn memory(&self) -> usize {
        self.memory
    }

    /// Whose fault it was that a call ended with this error.
    pub(crate) fn failure(&self, error: &wasmtime::Error) -> PolicyFailure {
        if self.out_of_time {
            return PolicyFailure::Timeout(self.limits.time);
        }
        if self.out_of_memory {
            return PolicyFailure::OutOfMemory(self.limits.memory);
        }
        if let Some(trap) = error.downcast_ref::<Trap>() {
            return PolicyFailure::Trap(advice::trap(*trap, error));
        }
        PolicyFailure::Trap(error.root_cause().to_string())
    }

    fn step_aside(&mut self) -> UpdateDeadline {
        let now = thread_time();
        // Most calls end before their first tick, so where requests are served nothing asks for the time before that.
        if let Some(since) = RUNNING_SINCE.replace(Some(now)) {
            self.used += now.saturating_sub(since);
        }
        if self.used >= self.limits.time {
            self.out_of_time = true;
            return UpdateDeadline::Interrupt;
        }
        match self.pace {
            Pace::AtOnce if self.used >= limits::TICK / 2 => {
                self.slow = true;
                UpdateDeadline::Interrupt
            }
            // It is the first tick, or this thread had to wait for a processor.
            Pace::AtOnce | Pace::Configuring => UpdateDeadline::Continue(1),
            Pace::InTurns => UpdateDeadline::Yield(1),
        }
    }
}

impl ResourceLimiter for Call {
    fn memory_growing(&mut self, current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        let fits = desired <= self.limits.memory;
        if fits && current == 0 {
            self.memory_begun += desired;
        }
        if self.pace == Pace::AtOnce && fits && desired > self.memory_begun + limits::MEMORY_AT_ONCE {
            self.slow = true;
            return Ok(false);
        }
        self.out_of_memory |= !fits;
        if fits {
            self.memory += desired.saturating_sub(current);
        }
        Ok(fits)
    }

    fn table_growing(&mut self, _current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        // Of what a small policy may have less, its pool says so.
        Ok(desired <= limits::LARGE_TABLE_ELEMENTS)
    }
}

/// A store for one call.
pub(crate) fn store(engine: &wasmtime::Engine, call: Call) -> Store<Call> {
    let mut store = Store::new(engine, call);
    let at_once = store.data().pace == Pace::AtOnce;
    store.limiter(|call| call);
    store.set_hostcall_fuel(if at_once { limits::LIFT_BYTES_AT_ONCE } else { limits::LIFT_BYTES });
    store.set_epoch_deadline(1);
    store.epoch_deadline_callback(|mut context| Ok(context.data_mut().step_aside()));
    store
}

/// Runs a call's future and measures only the time in which it really runs; into `spent` too, where somebody asks.
pub(crate) async fn measured<T>(future: impl Future<Output = T>, mut spent: Option<&mut Duration>) -> T {
    let mut future = pin!(future);
    poll_fn(|context| {
        let began = thread_time();
        RUNNING_SINCE.set(Some(began));
        let polled = future.as_mut().poll(context);
        if let Some(spent) = &mut spent {
            **spent += thread_time().saturating_sub(began);
        }
        // Nothing that this thread does from here on is this call's, nor the next one's.
        RUNNING_SINCE.set(None);
        polled
    })
    .await
}

/// Makes a call in one go, and measures its time where somebody asks; else that is nothing. The clock is a system call, and
/// what is asked at once is stopped soon enough when measured from its first tick.
pub(crate) fn measured_at_once<T>(call: impl FnOnce() -> T, asked: bool) -> (T, Duration) {
    let began = asked.then(thread_time);
    RUNNING_SINCE.set(began);
    let returned = call();
    RUNNING_SINCE.set(None);
    let time = began.map(|began| thread_time().saturating_sub(began)).unwrap_or_default();
    (returned, time)
}

/// The CPU time that this thread has used.
fn thread_time() -> Duration {
    Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).unwrap_or_default()
}
