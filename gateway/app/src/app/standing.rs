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

const TIMES: Times =
    Times { try_every: Duration::from_secs(10), healthy: Duration::from_secs(30), start: Duration::from_secs(60) };

/// How long what takes.
#[derive(Clone, Copy, Debug)]
struct Times {
    /// Between two tries of a role that stands.
    try_every: Duration,
    /// A role that works for so long stands no more.
    healthy: Duration,
    /// For so long after its start a process ends when its configuration does not fit what the servers hold: whoever
    /// changed the one or the other is looking.
    start: Duration,
}

/// The roles of this process that stand, each with the reason.
#[derive(Clone, Debug)]
pub(super) struct Standing {
    times: Times,
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
    fn new(times: Times) -> Self {
        Self { times, reasons: Arc::default(), stands: Family::default() }
    }

    /// Registers `role_stands`.
    pub(super) fn register(registry: &mut Registry) -> Self {
        let standing = Self::new(TIMES);
        let help = "Whether the role cannot go on until somebody changes something";
        registry.register("role_stands", help, standing.stands.clone());
        standing
    }

    /// What stands and why, one sentence each.
    pub(super) fn troubles(&self) -> Vec<String> {
        let every = self.times.try_every.as_secs();
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
                () = sleep(self.times.healthy) => {
                    self.goes_on(role);
                    running.await
                }
            };
            let Err(error) = outcome else { return Ok(()) };
            if started.elapsed() < self.times.start && chain::is_of_configuration(&error) {
                return Err(error.context(Misconfigured));
            }
            self.cannot_go_on(role, format!("{error:#}"));
            tokio::select! {
                () = sleep(self.times.try_every) => {}
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

#[cfg(test)]
impl Default for Standing {
    fn default() -> Self {
        Self::new(TIMES)
    }
}

impl fmt::Display for Misconfigured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the configuration does not fit what the servers hold")
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use tallygate_aggregator::AggregatorError;
    use tallygate_core::LogId;
    use tallygate_stream::StreamError;
    use tallygate_sums::Foreign;
    use tokio::time::timeout;

    use super::*;
    use crate::supervise::Supervisor;

    const SHORT: Duration = Duration::from_millis(50);
    const LONG: Duration = Duration::from_secs(1);

    fn standing(start: Duration) -> Standing {
        Standing::new(Times { try_every: SHORT, healthy: SHORT, start })
    }

    fn foreign() -> anyhow::Error {
        AggregatorError::Foreign(Foreign { store: LogId(1), log: LogId(2) }).into()
    }

    async fn until(what: impl Fn() -> bool) {
        let looking = async {
            while !what() {
                sleep(SHORT / 10).await;
            }
        };
        timeout(LONG * 30, looking).await.unwrap();
    }

    #[tokio::test]
    async fn what_a_role_cannot_go_on_for_ends_nothing_else_and_it_goes_on_when_that_is_set_right() {
        let (standing, wrong) = (standing(LONG), Arc::new(AtomicBool::new(true)));
        let mut supervisor = Supervisor::default();
        let (kept, left) = (standing.clone(), wrong.clone());
        supervisor.start("aggregator", LONG, |stop| async move {
            let run = || async {
                if left.load(Ordering::Relaxed) {
                    return Err(StreamError::Refused("topic t: retention.ms is 1".into()).into());
                }
                stop.cancelled().await;
                Ok(())
            };
            kept.keep("aggregator", &stop, run).await
        });
        supervisor.start("gateway", LONG, |stop| async move {
            stop.cancelled().await;
            Ok(())
        });
        let gauge = || standing.stands.get_or_create(&RoleLabel { role: "aggregator" }).get();
        until(|| !standing.troubles().is_empty()).await;
        assert!(timeout(SHORT * 10, supervisor.watch()).await.is_err(), "nothing ends");
        let told = standing.troubles();
        assert!(told[0].starts_with("the aggregator stands") && told[0].contains("retention.ms is 1"), "{told:?}");
        assert_eq!(gauge(), 1);
        wrong.store(false, Ordering::Relaxed);
        until(|| standing.troubles().is_empty()).await;
        assert_eq!(gauge(), 0);
        supervisor.stop().await;
    }

    #[tokio::test]
    async fn a_configuration_that_does_not_fit_the_servers_ends_a_process_at_its_start_alone() {
        let stop = CancellationToken::new();
        let error = standing(LONG).keep("aggregator", &stop, || async { Err(foreign()) }).await.unwrap_err();
        assert!(error.is::<Misconfigured>() && format!("{error:#}").contains("belongs to log"), "{error:#}");
        let standing = standing(Duration::ZERO);
        let later = standing.keep("aggregator", &stop, || async { Err(foreign()) });
        assert!(timeout(SHORT * 10, later).await.is_err());
        assert!(standing.troubles()[0].contains("belongs to log"));
    }

    #[tokio::test]
    async fn a_role_that_stands_stops_when_it_is_told_to() {
        let (standing, stop) = (Standing { times: TIMES, ..standing(LONG) }, CancellationToken::new());
        let kept = standing.keep("shipper", &stop, || async { Err(StreamError::Refused("no".into()).into()) });
        let told = async {
            sleep(SHORT).await;
            stop.cancel();
        };
        let (kept, ()) = timeout(LONG * 30, async { tokio::join!(kept, told) }).await.unwrap();
        assert!(kept.is_ok());
    }
}
