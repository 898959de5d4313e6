//! Roles that cannot go on: each stands by name while the others work, and is tried again by and by.

use std::collections::BTreeMap;
use std::fmt;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Result;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::chain;

/// Between two tries of a role that stands.
const TRY_EVERY: Duration = Duration::from_secs(10);
/// A role that works for so long stands no more.
const HEALTHY: Duration = Duration::from_secs(30);
/// For so long after its start a process ends when its configuration does not fit what the servers hold: whoever changed
/// the one or the other is looking.
const START: Duration = Duration::from_secs(60);

/// The roles of this process that stand, each with the reason.
#[derive(Clone, Debug, Default)]
pub(super) struct Standing {
    reasons: Arc<Mutex<BTreeMap<&'static str, String>>>,
    stands: Family<RoleLabel, Gauge>,
}

/// The configuration does not fit what the servers hold.
#[derive(Debug)]
pub struct Misconfigured;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RoleLabel {
    role: &'static str,
}

impl Standing {
    /// Registers `role_stands`.
    pub(super) fn register(registry: &mut Registry) -> Self {
        let standing = Self::default();
        let help = "Whether the role cannot go on until somebody changes something";
        registry.register("role_stands", help, standing.stands.clone());
        standing
    }

    /// What stands and why, one sentence each.
    pub(super) fn troubles(&self) -> Vec<String> {
        let every = TRY_EVERY.as_secs();
        let told =
            |(role, reason): (&&str, &String)| format!("the {role} stands, and tries again every {every} s: {reason}");
        self.reasons().iter().map(told).collect()
    }

    /// Runs a role until it is told to stop. What it cannot go on for is told, and then it is run again.
    ///
    /// # Errors
    /// At the start of a process alone: what its configuration says and the servers contradict, as [`Misconfigured`].
    pub(super) async fn keep<F>(
        &self,
        role: &'static str,
        stop: &CancellationToken,
        mut run: impl FnMut() -> F,
    ) -> Result<()>
    where
        F: Future<Output = Result<()>>,
    {
        let started = Instant::now();
        self.stands.get_or_create(&RoleLabel { role }).set(0);
        loop {
            let mut running = pin!(run());
            let outcome = tokio::select! {
                outcome = &mut running => outcome,
                () = sleep(HEALTHY) => {
                    self.goes_on(role);
                    running.await
                }
            };
            let Err(error) = outcome else { return Ok(()) };
            if started.elapsed() < START && chain::is_of_configuration(&error) {
                return Err(error.context(Misconfigured));
            }
            self.cannot_go_on(role, format!("{error:#}"));
            tokio::select! {
                () = sleep(TRY_EVERY) => {}
                () = stop.cancelled() => return Ok(()),
            }
        }
    }

    fn cannot_go_on(&self, role: &'static str, reason: String) {
        self.stands.get_or_create(&RoleLabel { role }).set(1);
        let mut reasons = self.reasons();
        if reasons.get(role) != Some(&reason) {
            tracing::error!(role, reason, "the role stands");
            reasons.insert(role, reason);
        }
    }

    fn goes_on(&self, role: &'static str) {
        self.stands.get_or_create(&RoleLabel { role }).set(0);
        if self.reasons().remove(role).is_some() {
            tracing::info!(role, "the role goes on");
        }
    }

    fn reasons(&self) -> MutexGuard<'_, BTreeMap<&'static str, String>> {
        self.reasons.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Display for Misconfigured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the configuration does not fit what the servers hold")
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;
    use std::sync::atomic::{AtomicU32, Ordering};

    use tallygate_aggregator::AggregatorError;
    use tallygate_core::LogId;
    use tallygate_stream::StreamError;
    use tallygate_sums::Foreign;

    use super::*;
    use crate::supervise::Supervisor;

    fn gauge(standing: &Standing) -> i64 {
        standing.stands.get_or_create(&RoleLabel { role: "aggregator" }).get()
    }

    fn foreign() -> anyhow::Error {
        AggregatorError::Foreign(Foreign { store: LogId(1), log: LogId(2) }).into()
    }

    #[tokio::test(start_paused = true)]
    async fn what_a_role_cannot_go_on_for_ends_nothing_else_and_it_goes_on_when_that_is_set_right() {
        let (standing, wrong) = (Standing::default(), Arc::new(AtomicU32::new(u32::MAX)));
        let mut supervisor = Supervisor::default();
        let (kept, left) = (standing.clone(), wrong.clone());
        supervisor.start("aggregator", Duration::from_secs(1), |stop| async move {
            let run = || {
                let is_wrong = left.load(Ordering::Relaxed) > 0;
                let stop = stop.clone();
                async move {
                    if is_wrong {
                        return Err(StreamError::Refused("topic t: retention.ms is 1".into()).into());
                    }
                    stop.cancelled().await;
                    Ok(())
                }
            };
            kept.keep("aggregator", &stop, run).await
        });
        supervisor.start("gateway", Duration::from_secs(1), |stop| async move {
            stop.cancelled().await;
            Ok(())
        });
        let an_hour = tokio::time::timeout(Duration::from_secs(3_600), supervisor.watch()).await;
        assert!(an_hour.is_err(), "{an_hour:?}");
        let told = standing.troubles();
        assert!(told.len() == 1 && told[0].contains("the aggregator stands"), "{told:?}");
        assert!(told[0].contains("topic t: retention.ms is 1"), "{told:?}");
        assert_eq!(gauge(&standing), 1);
        wrong.store(0, Ordering::Relaxed);
        sleep(TRY_EVERY + HEALTHY + Duration::from_secs(1)).await;
        assert_eq!((standing.troubles().len(), gauge(&standing)), (0, 0));
        supervisor.stop().await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_configuration_that_does_not_fit_the_servers_ends_a_process_at_its_start_alone() {
        let stop = CancellationToken::new();
        let at_the_start = Standing::default().keep("aggregator", &stop, || async { Err(foreign()) }).await;
        let error = at_the_start.unwrap_err();
        assert!(error.is::<Misconfigured>() && format!("{error:#}").contains("belongs to log"), "{error:#}");
        let standing = Standing::default();
        let later = standing.keep("aggregator", &stop, || async {
            sleep(START).await;
            Err(foreign())
        });
        let later = tokio::time::timeout(Duration::from_secs(3_600), later).await;
        assert!(later.is_err() && standing.troubles()[0].contains("belongs to log"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_role_that_stands_stops_when_it_is_told_to() {
        let (standing, stop) = (Standing::default(), CancellationToken::new());
        let kept = standing.keep("shipper", &stop, || async { Err(StreamError::Refused("no".into()).into()) });
        let told = async {
            sleep(Duration::from_secs(15)).await;
            stop.cancel();
            pending::<()>().await;
        };
        tokio::select! {
            kept = kept => assert!(kept.is_ok()),
            () = told => {}
        }
    }
}
