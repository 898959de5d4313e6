//! Threads that give way to those of requests.

use rustix::process::setpriority_process;

/// Gives this thread less of the processor than others that want it. On Linux a priority is each thread's own.
pub fn step_back(niceness: i32) {
    if let Err(error) = setpriority_process(None, niceness) {
        let thread = std::thread::current();
        tracing::warn!("the thread {} has the priority of requests: {error}", thread.name().unwrap_or_default());
    }
}
