//! The runtimes that commands work in.

use anyhow::{Context, Result};
use tallygate_host::step_back;
use tokio::runtime::{Builder, EnterGuard, Runtime};

/// The niceness of the threads of the roles behind the queue, and of those that they start: against a thread of requests that
/// wants all of a processor, one of them gets about a tenth. Requests are waited for, and what is in the queue is safe there.
const BEHIND_NICE: i32 = 10;

/// The runtime of the roles behind the queue: they have what time of the processors requests leave.
pub struct RuntimeBehind(Option<Runtime>);

impl RuntimeBehind {
    /// # Errors
    /// When the system gives no threads.
    pub(crate) fn start() -> Result<Self> {
        let mut builder = Builder::new_multi_thread();
        builder.enable_all().thread_name("behind").on_thread_start(give_way);
        Ok(Self(Some(builder.build().context("cannot start a runtime")?)))
    }

    /// Until what is returned is dropped, tasks start there.
    pub(crate) fn enter(&self) -> Option<EnterGuard<'_>> {
        self.0.as_ref().map(Runtime::enter)
    }
}

impl Drop for RuntimeBehind {
    /// Waits for nothing: whoever stops waits for the tasks.
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

/// Has this thread, and those that it starts, give way to requests as the roles behind the queue do.
pub(crate) fn give_way() {
    step_back(BEHIND_NICE);
}

/// For a command that asks a server something.
///
/// # Errors
/// When the system gives no threads.
pub(crate) fn small_runtime() -> Result<Runtime> {
    Builder::new_current_thread().enable_all().build().context("cannot start a runtime")
}

/// For a process that runs roles.
///
/// # Errors
/// When the system gives no threads.
pub fn whole_runtime() -> Result<Runtime> {
    Builder::new_multi_thread().enable_all().build().context("cannot start a runtime")
}

#[cfg(test)]
mod tests {
    use rustix::process::getpriority_process;

    use super::*;

    #[tokio::test]
    async fn what_runs_behind_the_queue_gives_way_on_every_thread_that_it_starts() {
        let here = getpriority_process(None).unwrap();
        let behind = RuntimeBehind::start().unwrap();
        let task = {
            let _within = behind.enter();
            #[allow(clippy::disallowed_methods, reason = "it is waited for here")]
            tokio::spawn(async {
                let blocking = tokio::task::spawn_blocking(|| getpriority_process(None)).await;
                let started = std::thread::spawn(|| getpriority_process(None)).join();
                [getpriority_process(None).unwrap(), blocking.unwrap().unwrap(), started.unwrap().unwrap()]
            })
        };
        assert_eq!(task.await.unwrap(), [BEHIND_NICE.max(here); 3]);
        assert_eq!(getpriority_process(None).unwrap(), here);
    }
}
