//! The role: a member of those who share the log, made anew whenever it fails.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use backon::BackoffBuilder;
use tallygate_core::fold::Horizon;
use tallygate_core::notice::PartitionNotice;
use tallygate_core::{Generation, Work};
use tallygate_stream::{Retention, Stream, StreamError};
use tallygate_sums::{Foreign, Sums, SumsError};
use tokio::sync::watch;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use crate::clock::WallClock;
use crate::failure::Failure;
use crate::kept::Kept;
use crate::local_state::LocalState;
use crate::membership::Membership;
use crate::metrics::AggregatorMetrics;
use crate::parts::Parts;
use crate::teller::Statuses;
use crate::warm_up::warm_up;
use crate::{backoff, limits, timeouts};

/// How an aggregator works.
#[derive(Clone, Debug)]
pub struct AggregatorOptions {
    /// How late and how far ahead transactions may come.
    pub horizon: Horizon,
    /// For how many days the log keeps more than the horizon needs.
    pub lag_days: u16,
    /// The shortest time from the beginning of one flush to that of the next.
    pub flush_every: Duration,
    /// Most rows of one commit.
    pub flush_rows: usize,
    /// So many records at hand, of several partitions, are folded side by side.
    pub side_by_side: usize,
    /// From the end of one comparison of store and topic to the beginning of the next.
    pub compare_every: Duration,
    /// By which a record is found to be stamped too far ahead.
    pub wall: WallClock,
    /// The file for the local state, for this process alone; without it every takeover learns from the log.
    pub state_path: Option<PathBuf>,
    /// What a test build switches off.
    #[cfg(feature = "faults")]
    pub faults: crate::faults::Faults,
}

/// Folds the log into daily sums.
pub struct Aggregator {
    parts: Parts,
    handle: Handle,
    work: watch::Sender<Work>,
}

/// Looks at an aggregator from outside.
#[derive(Clone, Debug)]
pub struct Handle {
    statuses: watch::Receiver<Statuses>,
}

/// Why an aggregator gave up: it will not work until somebody changes something.
#[derive(Debug, thiserror::Error)]
pub enum AggregatorError {
    /// The stream cannot be used.
    #[error(transparent)]
    Stream(StreamError),
    /// The store cannot be used.
    #[error(transparent)]
    Store(SumsError),
    /// The store is another log's.
    #[error(transparent)]
    Foreign(Foreign),
    /// Something in the process or in the log is not as it must be.
    #[error("aggregator: {0}")]
    Broken(String),
}

/// How long the log must keep its records, so that identities can be learnt from it (rule 8), also with a lag of so many
/// days.
pub fn retention(horizon: Horizon, lag_days: u16) -> Retention {
    let fold_days = u32::from(horizon.past) + u32::from(horizon.future) + 1;
    Retention { fold_days, lag_days: u32::from(lag_days) }
}

impl AggregatorOptions {
    /// With every safeguard.
    pub fn new(horizon: Horizon, flush_every: Duration, state_path: Option<PathBuf>) -> Self {
        Self {
            horizon,
            lag_days: 7,
            flush_every,
            flush_rows: limits::FLUSH_ROWS,
            side_by_side: limits::SIDE_BY_SIDE,
            compare_every: timeouts::COMPARE_EVERY,
            wall: WallClock::system(),
            state_path,
            #[cfg(feature = "faults")]
            faults: crate::faults::Faults::default(),
        }
    }
}

impl Aggregator {
    /// Opens the local state. The stream must have been prepared for [`retention`], and the generation settled.
    pub fn new(
        options: AggregatorOptions,
        stream: Arc<dyn Stream>,
        sums: Arc<dyn Sums>,
        generation: Generation,
        metrics: AggregatorMetrics,
    ) -> Self {
        let (statuses, handle) = watch::channel(Statuses::new());
        let state = Arc::new(LocalState::open(options.state_path.as_deref(), &generation));
        let parts = Parts {
            horizon: options.horizon,
            lag_days: options.lag_days,
            flush_every: options.flush_every,
            flush_rows: options.flush_rows,
            side_by_side: options.side_by_side,
            compare_every: options.compare_every,
            wall: options.wall,
            #[cfg(feature = "faults")]
            faults: options.faults,
            generation,
            stream,
            sums,
            state,
            kept: Kept::default(),
            statuses,
            metrics,
        };
        let handle = Handle { statuses: handle };
        Self { parts, handle, work: watch::Sender::new(Work::Goes) }
    }

    /// The same, which says here whether it works.
    #[must_use]
    pub fn saying(self, work: watch::Sender<Work>) -> Self {
        Self { work, ..self }
    }

    /// A handle that outlives the run.
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// Works until asked to stop; what was folded by then is flushed, within a bounded time. What fails and may work
    /// later is tried again, for ever.
    ///
    /// # Errors
    /// What will not work until somebody changes something.
    pub async fn run(self, shutdown: CancellationToken) -> Result<(), AggregatorError> {
        let stopped = async {
            shutdown.cancelled().await;
            sleep(timeouts::STOP_WAIT).await;
            tracing::warn!("the last flush took too long; the next owner folds those records again");
        };
        tokio::select! {
            outcome = self.members(&shutdown) => outcome,
            () = stopped => Ok(()),
        }
    }

    async fn members(&self, shutdown: &CancellationToken) -> Result<(), AggregatorError> {
        let (mut delays, mut refusals) = (backoff::delays().build(), 0);
        self.work.send_replace(Work::Waits("it has not joined those who share the log yet".to_owned()));
        tokio::select! {
            () = warm_up(&self.parts) => {}
            () = shutdown.cancelled() => {}
        }
        while !shutdown.is_cancelled() {
            let begun = Instant::now();
            let outcome = match Membership::begin(&self.parts).await {
                Ok(membership) => {
                    self.work.send_replace(Work::Goes);
                    membership.run(shutdown).await
                }
                Err(failure) => Err(failure),
            };
            let Err(failure) = outcome else { return Ok(()) };
            self.work.send_replace(Work::Waits(failure.to_string()));
            if begun.elapsed() >= timeouts::HEALTHY {
                (delays, refusals) = (backoff::delays().build(), 0);
            }
            self.parts.metrics.failed("membership");
            tracing::warn!(error = %failure, "folding begins anew from what was committed");
            if failure.is_final() {
                return Err(failure.into());
            }
            if !failure.is_retryable() {
                refusals += 1;
                if refusals >= limits::REFUSALS {
                    return Err(failure.into());
                }
            }
            tokio::select! {
                () = sleep(delays.next().unwrap_or_default()) => {}
                () = shutdown.cancelled() => {}
            }
        }
        Ok(())
    }
}

impl Handle {
    /// The partitions that stand, each with the reason.
    pub fn stopped_partitions(&self) -> BTreeMap<u32, String> {
        let statuses = self.statuses.borrow();
        statuses.iter().filter_map(|(number, status)| Some((*number, status.stands.clone()?))).collect()
    }

    /// How the partitions are that are owned here.
    pub fn statuses(&self) -> BTreeMap<u32, PartitionNotice> {
        self.statuses.borrow().clone()
    }
}

impl From<Failure> for AggregatorError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Stream(error) => Self::Stream(error),
            Failure::Store(error) => Self::Store(error),
            Failure::Foreign(foreign) => Self::Foreign(foreign),
            other => Self::Broken(other.to_string()),
        }
    }
}
