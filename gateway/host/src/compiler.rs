//! The one thread that compiles while requests run, and steps back for them.

use std::sync::mpsc::{self, SyncSender, TrySendError};

use crate::failure::{CompilerBusy, EngineError};
use crate::limits;
use crate::priority::step_back;

type Job = Box<dyn FnOnce() + Send>;

/// Takes what is to be compiled, one after the other.
#[derive(Clone)]
pub struct Compiler {
    jobs: SyncSender<Job>,
}

impl Compiler {
    /// Starts the thread; it ends with the last clone of this.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start() -> Result<Self, EngineError> {
        let (jobs, waiting) = mpsc::sync_channel::<Job>(limits::COMPILING_WAIT);
        std::thread::Builder::new()
            .name("policy-compiler".into())
            .spawn(move || {
                step_back(limits::COMPILING_NICE);
                for job in waiting {
                    // What panics is its asker's, who sees that no answer comes.
                    let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(job));
                }
            })
            .map_err(|error| EngineError(format!("no thread to compile on: {error}")))?;
        Ok(Self { jobs })
    }

    /// Does this when its turn comes and waits for its end. Blocking. None where it panicked.
    ///
    /// # Errors
    /// [`CompilerBusy`] at once, where [`limits::COMPILING_WAIT`] others wait already.
    pub fn run<T: Send + 'static>(&self, job: impl FnOnce() -> T + Send + 'static) -> Result<Option<T>, CompilerBusy> {
        let (answer, answered) = mpsc::sync_channel(1);
        let job = move || {
            // Nobody waits any more where this fails.
            let _ = answer.send(job());
        };
        match self.jobs.try_send(Box::new(job)) {
            Ok(()) => Ok(answered.recv().ok()),
            Err(TrySendError::Full(_)) => Err(CompilerBusy),
            Err(TrySendError::Disconnected(_)) => Ok(None),
        }
    }
}

impl std::fmt::Debug for Compiler {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Compiler").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::sync::{Arc, Barrier};
    use std::time::Duration;

    use super::*;

    #[test]
    fn jobs_run_one_after_the_other_on_a_thread_of_low_priority_and_outlive_one_that_panics() {
        let compiler = Compiler::start().unwrap();
        assert_eq!(compiler.run(|| panic!("as a test")).unwrap(), None::<()>);
        let nice = || (std::thread::current().name().map(str::to_owned), rustix::process::getpriority_process(None));
        let (name, priority) = compiler.run(nice).unwrap().unwrap();
        assert_eq!(name.as_deref(), Some("policy-compiler"));
        assert_eq!(priority.unwrap(), limits::COMPILING_NICE);
        assert_ne!(rustix::process::getpriority_process(None).unwrap(), limits::COMPILING_NICE, "this thread stays");
    }

    #[test]
    fn what_may_not_wait_is_told_so_at_once() {
        let compiler = Compiler::start().unwrap();
        let (told, tells) = mpsc::channel();
        let (begun, end) = (Arc::new(Barrier::new(2)), Arc::new(Barrier::new(2)));
        let (ours, held) = ((begun.clone(), end.clone()), compiler.clone());
        let first = std::thread::spawn(move || held.run(move || (begun.wait(), end.wait())).map(drop));
        ours.0.wait();
        // The first is under way; these are one more than may wait behind it.
        let ask = |_| {
            let (compiler, told) = (compiler.clone(), told.clone());
            std::thread::spawn(move || told.send(compiler.run(|| ())).unwrap())
        };
        let others: Vec<_> = (0..=limits::COMPILING_WAIT).map(ask).collect();
        assert_eq!(tells.recv_timeout(Duration::from_secs(10)).unwrap(), Err(CompilerBusy));
        ours.1.wait();
        first.join().unwrap().unwrap();
        for other in others {
            other.join().unwrap();
        }
        drop(told);
        assert_eq!(tells.iter().filter(Result::is_ok).count(), limits::COMPILING_WAIT);
        assert_eq!(compiler.run(|| 7).unwrap(), Some(7));
    }
}
