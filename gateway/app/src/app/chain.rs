//! What every role behind the queue begins with: stream and store, and the generation of the log.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use backon::{ConstantBuilder, Retryable};
use tallygate_aggregator::{AggregatorError, generation_of_log, retention};
use tallygate_core::fold::Horizon;
use tallygate_core::generation::Plan;
use tallygate_core::{Generation, LogId};
use tallygate_stream::{Stream, StreamError};
use tallygate_sums::{SettleError, Sums, settle};
use tokio_util::sync::CancellationToken;

/// Between two tries while a server that the roles need at their start is away.
const RETRY: Duration = Duration::from_secs(1);

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
    /// The generation of the log, once stream and store can be asked; none when told to stop before.
    pub(super) async fn generation(&self, stop: &CancellationToken) -> Result<Option<Generation>> {
        let settled = (|| self.settled())
            .retry(ConstantBuilder::default().with_delay(RETRY).without_max_times())
            .when(Unsettled::is_retryable)
            .notify(|error, _| tracing::warn!(%error, "waiting for the servers"));
        tokio::select! {
            () = stop.cancelled() => Ok(None),
            settled = settled => Ok(Some(settled?)),
        }
    }

    async fn settled(&self) -> Result<Generation, Unsettled> {
        self.stream.prepare(retention(self.horizon, self.lag_days)).await?;
        // The log knows its own number where the store was emptied.
        let stored = self.sums.generations().await.map_err(SettleError::from)?;
        let known = if stored.is_empty() { generation_of_log(&*self.stream).await? } else { None };
        Ok(settle(&*self.sums, self.plan.clone(), known.as_ref(), LogId(uuid::Uuid::now_v7().as_u128())).await?)
    }
}
