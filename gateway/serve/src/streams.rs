//! The requests of one HTTP/2 connection: they run side by side, and end with it.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::task::JoinSet;

/// The tasks of a connection's requests, owned by it: dropped, it ends them all.
pub(crate) struct Streams(Arc<Mutex<JoinSet<()>>>);

/// Starts a connection's requests. Each request holds one of these, so it must not own them in turn.
#[derive(Clone, Debug)]
pub(crate) struct Starter(Weak<Mutex<JoinSet<()>>>);

impl Streams {
    pub(crate) fn new() -> Self {
        Self(Arc::default())
    }

    pub(crate) fn starter(&self) -> Starter {
        Starter(Arc::downgrade(&self.0))
    }

    /// Lets go of the tasks that have ended.
    pub(crate) fn reap(&self) {
        reap(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Ends what is still running: there is no connection left to answer on.
    pub(crate) async fn shutdown(self) {
        let mut tasks = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        tasks.shutdown().await;
    }
}

impl<F> hyper::rt::Executor<F> for Starter
where
    F: Future<Output = ()> + Send + 'static,
{
    fn execute(&self, stream: F) {
        if let Some(tasks) = self.0.upgrade() {
            let mut tasks = tasks.lock().unwrap_or_else(PoisonError::into_inner);
            reap(&mut tasks);
            tasks.spawn(stream);
        }
    }
}

fn reap(tasks: &mut JoinSet<()>) {
    while let Some(ended) = tasks.try_join_next() {
        if let Err(error) = ended {
            tracing::error!("a request's task failed: {error}");
        }
    }
}
