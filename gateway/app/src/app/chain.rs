//! What every role behind the queue begins with: stream and store, and the generation of the log.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use tallygate_aggregator::{AggregatorError, generation_of_log, retention};
use tallygate_core::fold::Horizon;
use tallygate_core::generation::Plan;
use tallygate_core::{Generation, LogId, Work};
use tallygate_stream::{Stream, StreamError};
use tallygate_sums::{SettleError, Sums, settle};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

/// Between two tries while a server that the roles need at their start is away.
const RETRY: Duration = Duration::from_secs(1);
/// How often it is asked whether the stream lets this process in.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// What every role behind the queue needs.
#[derive(Clone)]
pub(super) struct Chain {
    pub(super) stream: Arc<dyn Stream>,
    pub(super) sums: Arc<dyn Sums>,
    pub(super) plan: Plan,
    pub(super) horizon: Horizon,
    pub(super) lag_days: u16,
}

/// Stream or store cannot be worked with.
#[derive(Debug, thiserror::Error)]
enum Unsettled {
    #[error(transparent)]
    Stream(#[from] StreamError),
    #[error(transparent)]
    Store(#[from] SettleError),
}

impl Unsettled {
    fn is_retryable(&self) -> bool {
        match self {
            Self::Stream(error) => error.is_retryable(),
            Self::Store(error) => error.is_retryable(),
        }
    }
}

/// Whether it is the configuration that does not fit what the servers hold.
pub(super) fn is_of_configuration(error: &anyhow::Error) -> bool {
    let is_unsettled =
        matches!(error.downcast_ref(), Some(Unsettled::Store(SettleError::Changed(_) | SettleError::Foreign(_))));
    is_unsettled || matches!(error.downcast_ref(), Some(AggregatorError::Foreign(_)))
}

impl Chain {
    /// The generation of the log, once stream and store can be asked; none when told to stop before. Says what it waits for
    /// meanwhile.
    pub(super) async fn generation(
        &self,
        work: &watch::Sender<Work>,
        stop: &CancellationToken,
    ) -> Result<Option<Generation>> {
        tokio::select! {
            () = stop.cancelled() => Ok(None),
            settled = self.until_settled(work) => Ok(Some(settled?)),
        }
    }

    /// Runs a role and passes on what it says of itself. While the stream does not let this process in, that is said, which a
    /// role finds out much later, when its calls have had their time.
    pub(super) async fn run<F>(
        &self,
        work: watch::Sender<Work>,
        run: impl FnOnce(watch::Sender<Work>) -> F,
    ) -> Result<()>
    where
        F: Future<Output = Result<()>>,
    {
        let (says, said) = watch::channel(work.borrow().clone());
        tokio::select! {
            outcome = run(says) => outcome,
            never = self.pass_on(said, &work) => match never {},
        }
    }

    async fn pass_on(&self, mut said: watch::Receiver<Work>, work: &watch::Sender<Work>) -> Infallible {
        loop {
            let own = said.borrow_and_update().clone();
            let now = match (own, self.stream.refuses_us()) {
                (Work::Goes, Some(why)) => Work::Waits(format!("the stream does not let this process in: {why}")),
                (own, _) => own,
            };
            work.send_if_modified(|before| {
                let is_new = *before != now;
                *before = now;
                is_new
            });
            if let Ok(Err(_)) = timeout(LOOK_EVERY, said.changed()).await {
                // Nobody says anything any more.
                sleep(LOOK_EVERY).await;
            }
        }
    }

    async fn until_settled(&self, work: &watch::Sender<Work>) -> Result<Generation, Unsettled> {
        let mut is_first = true;
        loop {
            // How a try failed says more than that the next one has not ended.
            let waits_for = move |whom: &str| {
                if is_first {
                    work.send_replace(Work::Waits(format!("no answer yet from {whom}")));
                }
            };
            match self.settled(waits_for).await {
                Err(error) if error.is_retryable() => {
                    tracing::warn!(%error, "waiting for the servers");
                    work.send_replace(Work::Waits(error.to_string()));
                }
                settled => return settled,
            }
            is_first = false;
            sleep(RETRY).await;
        }
    }

    async fn settled(&self, waits_for: impl Fn(&str)) -> Result<Generation, Unsettled> {
        waits_for("the stream");
        self.stream.prepare(retention(self.horizon, self.lag_days)).await?;
        waits_for("the store of sums");
        // The log knows its own number where the store was emptied.
        let stored = self.sums.generations().await.map_err(SettleError::from)?;
        let known = if stored.is_empty() { generation_of_log(&*self.stream).await? } else { None };
        Ok(settle(&*self.sums, self.plan.clone(), known.as_ref(), LogId(uuid::Uuid::now_v7().as_u128())).await?)
    }
}

#[cfg(test)]
mod tests;
