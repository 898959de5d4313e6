//! The one place where long-running tasks start, are watched, and are stopped in order.

use std::future::Future;
use std::time::Duration;

use tokio::task::{JoinError, JoinHandle};
use tokio_util::sync::CancellationToken;

/// Tasks in the order in which they stop: the first to begin with, each before the next is told to.
#[derive(Default)]
pub struct Supervisor {
    tasks: Vec<Task>,
}

struct Task {
    name: &'static str,
    stop: CancellationToken,
    /// How long it may take once it was told to stop.
    grace: Duration,
    handle: JoinHandle<anyhow::Result<()>>,
}

/// A task ended though nobody had told it to.
#[derive(Debug, thiserror::Error)]
#[error("{task} ended: {why:#}")]
pub struct Ended {
    /// The task.
    pub task: &'static str,
    /// What it said.
    pub why: anyhow::Error,
}

impl Supervisor {
    /// Starts a task behind those that stop before it.
    pub fn start<F>(&mut self, name: &'static str, grace: Duration, task: impl FnOnce(CancellationToken) -> F)
    where
        F: Future<Output = anyhow::Result<()>> + Send + 'static,
    {
        let stop = CancellationToken::new();
        #[allow(clippy::disallowed_methods, reason = "this is the place where tasks start")]
        let handle = tokio::spawn(task(stop.clone()));
        self.tasks.push(Task { name, stop, grace, handle });
    }

    /// Puts another's tasks before all of these.
    pub fn put_before(&mut self, mut first: Self) {
        first.tasks.append(&mut self.tasks);
        self.tasks = first.tasks;
    }

    /// Waits until a task ends by itself, which none should. Cancel-safe.
    pub async fn watch(&mut self) -> Ended {
        if self.tasks.is_empty() {
            return std::future::pending().await;
        }
        let waits = self.tasks.iter_mut().map(|task| Box::pin(async { (task.name, (&mut task.handle).await) }));
        let ((task, outcome), ..) = futures::future::select_all(waits).await;
        self.tasks.retain(|other| other.name != task);
        Ended { task, why: why(outcome) }
    }

    /// Tells each task to stop and waits for it, in order; one that takes longer than its grace is left behind.
    pub async fn stop(self) {
        for Task { name, stop, grace, mut handle } in self.tasks {
            stop.cancel();
            match tokio::time::timeout(grace, &mut handle).await {
                Ok(Ok(Ok(()))) => tracing::info!(task = name, "stopped"),
                Ok(outcome) => tracing::warn!(task = name, why = format!("{:#}", why(outcome)), "stopped badly"),
                Err(_) => {
                    handle.abort();
                    tracing::warn!(task = name, ?grace, "did not stop in time");
                }
            }
        }
    }
}

fn why(outcome: Result<anyhow::Result<()>, JoinError>) -> anyhow::Error {
    match outcome {
        Ok(Ok(())) => anyhow::anyhow!("it returned"),
        Ok(Err(error)) => error,
        Err(error) => error.into(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[tokio::test]
    async fn a_task_that_dies_is_noticed() {
        let mut supervisor = Supervisor::default();
        supervisor.start("steady", Duration::from_secs(1), |stop| async move {
            stop.cancelled().await;
            Ok(())
        });
        supervisor.start("frail", Duration::from_secs(1), |_| async { anyhow::bail!("no disk") });
        let ended = supervisor.watch().await;
        assert_eq!((ended.task, ended.why.to_string().as_str()), ("frail", "no disk"));
        supervisor.stop().await;
    }

    #[tokio::test]
    async fn tasks_stop_in_order_and_a_stuck_one_holds_up_nobody_for_long() {
        let stopped = Arc::new(Mutex::new(Vec::new()));
        let mut supervisor = Supervisor::default();
        for name in ["first", "stuck", "last"] {
            let stopped = stopped.clone();
            supervisor.start(name, Duration::from_millis(100), move |stop| async move {
                stop.cancelled().await;
                if name == "stuck" {
                    std::future::pending::<()>().await;
                }
                stopped.lock().unwrap().push(name);
                Ok(())
            });
        }
        supervisor.stop().await;
        assert_eq!(*stopped.lock().unwrap(), ["first", "last"]);
    }
}
