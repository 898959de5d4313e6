//! Keeps the store of sums equal to the topic, beside the folding: what is missing or behind is written again (rule 12).
//!
//! Each record of the topic is a true row of some prefix of the log, and the newer of two wins in the store: writing one
//! again does no harm, whoever owns the partition by now. The fold is never touched by what is found here.

mod pass;
mod place;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tallygate_core::Generation;
use tallygate_stream::{Stream, StreamError};
use tallygate_sums::{Foreign, Sums, SumsError};
use tokio::sync::{mpsc, watch};
use tokio::time::{sleep, timeout};

use self::pass::Pass;
use crate::metrics::AggregatorMetrics;
use crate::news::News;
use crate::timeouts::BACKOFF;

/// What is to be compared.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Wanted {
    /// The partitions that are ours and have a position.
    pub(crate) partitions: BTreeSet<u32>,
    /// Raised when the store may have lost something.
    pub(crate) round: u64,
}

/// Compares round after round.
pub(crate) struct Comparer {
    pub(crate) stream: Arc<dyn Stream>,
    pub(crate) sums: Arc<dyn Sums>,
    pub(crate) generation: Generation,
    pub(crate) metrics: AggregatorMetrics,
    /// From the end of one round to the beginning of the next.
    pub(crate) every: Duration,
}

/// Why a comparison ended early.
#[derive(Debug, thiserror::Error)]
enum Broken {
    #[error(transparent)]
    Stream(#[from] StreamError),
    #[error(transparent)]
    Store(#[from] SumsError),
}

impl Comparer {
    /// Never returns before nobody listens any more.
    pub(crate) async fn run(self, mut wanted: watch::Receiver<Wanted>, news: mpsc::Sender<News>) {
        loop {
            let Wanted { partitions, .. } = wanted.borrow_and_update().clone();
            let pause = match self.round(&partitions, &mut wanted, &news).await {
                Ok(()) => self.every,
                Err(error) => {
                    tracing::debug!(%error, "store and topic cannot be compared now");
                    BACKOFF.1
                }
            };
            let changed = timeout(pause, wanted.changed()).await;
            if news.is_closed() || matches!(changed, Ok(Err(_))) {
                return;
            }
        }
    }

    async fn round(
        &self,
        partitions: &BTreeSet<u32>,
        wanted: &mut watch::Receiver<Wanted>,
        news: &mpsc::Sender<News>,
    ) -> Result<(), Broken> {
        if partitions.is_empty() {
            return Ok(());
        }
        if let Some(foreign) = self.claim().await? {
            let _ = news.send(News::Foreign(foreign)).await;
            return Ok(());
        }
        for partition in partitions {
            if !wanted.borrow().partitions.contains(partition) {
                continue;
            }
            let found = Pass::new(self, *partition, news).run().await?;
            let _ = news.send(News::Compared(*partition, found)).await;
            // Nothing hurries: whoever folds comes first.
            sleep(BACKOFF.0).await;
        }
        Ok(())
    }

    /// An empty store takes the log's number on; one of another log is told.
    async fn claim(&self) -> Result<Option<Foreign>, SumsError> {
        let stored = self.sums.generations().await?;
        if stored.is_empty() {
            tracing::warn!("the store of sums is empty: it takes this log's number on, and its rows are written again");
            self.sums.add_generation(&self.generation).await?;
        }
        Ok(Foreign::find(&stored, self.generation.log))
    }
}
