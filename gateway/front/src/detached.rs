//! What goes on although its caller has gone.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::task::{JoinError, JoinSet};

/// The tasks of requests that must come to their end, whoever still waits for it.
#[derive(Default)]
pub(crate) struct Detached(Mutex<JoinSet<()>>);

impl Detached {
    /// Does the work in a task of its own and waits for it; whoever stops waiting does not stop the work. `None`: it
    /// panicked, or was cut off at the end of the process's time to stop.
    pub(crate) async fn run<T: Send + 'static>(&self, work: impl Future<Output = T> + Send + 'static) -> Option<T> {
        let (sender, receiver) = oneshot::channel();
        {
            let mut tasks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            while let Some(ended) = tasks.try_join_next() {
                tell(ended);
            }
            tasks.spawn(async move {
                // Where nobody waits any more, the result was only for them.
                let _ = sender.send(work.await);
            });
        }
        receiver.await.ok()
    }

    /// Waits for all of it, at most so long, and cuts off the rest.
    pub(crate) async fn finish(&self, within: Duration) {
        let mut tasks = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        let all = async {
            while let Some(ended) = tasks.join_next().await {
                tell(ended);
            }
        };
        if tokio::time::timeout(within, all).await.is_err() {
            tracing::warn!("requests whose callers had gone were still in flight at the deadline and are cut off");
            tasks.shutdown().await;
        }
    }
}

/// Nobody may be left who would hear that a task failed.
fn tell(ended: Result<(), JoinError>) {
    if let Err(error) = ended {
        tracing::error!("a request's task failed: {error}");
    }
}
