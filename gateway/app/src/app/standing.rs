//! Roles that do not work: each stands by name while the others go on, and is tried again by and by.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::fmt;
use std::future::pending;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Result;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use tallygate_core::Work;
use tallygate_core::notice::RoleNotice;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;

use super::chain;
use crate::roles::{Role, Roles};

const TIMES: Times = Times {
    try_every: Duration::from_secs(10),
    patience: Duration::from_secs(10),
    steady: Duration::from_secs(5),
    start: Duration::from_secs(60),
};
/// Most characters of a reason.
const REASON_CHARS: usize = 600;
/// Before a role has said anything.
const SILENT: &str = "it has not begun its work yet";

/// How long what takes.
#[derive(Clone, Copy, Debug)]
struct Times {
    /// Between two tries of a role that gave up.
    try_every: Duration,
    /// A role that waits for so long stands.
    patience: Duration,
    /// A role that works for so long stands no more.
    steady: Duration,
    /// For so long after its start a process ends where its configuration does not fit what the servers hold and no role of
    /// it can work therefore: whoever changed the one or the other is looking.
    start: Duration,
}

/// The roles of this process that stand, each with the reason.
#[derive(Clone, Debug)]
pub(super) struct Standing {
    times: Times,
    reasons: Arc<watch::Sender<Reasons>>,
    stands: Family<RoleLabel, Gauge>,
    company: Company,
    /// Roles that the configuration keeps from their work.
    misfits: Arc<Mutex<BTreeSet<&'static str>>>,
}

/// What a process plays beside a role that stands.
#[derive(Clone, Copy, Debug)]
struct Company {
    /// Roles that are kept here.
    kept: usize,
    /// Whether it has roles that work whatever stream and store hold: gateway or console.
    works_anyhow: bool,
}

/// Why each role that stands does not work.
pub(super) type Reasons = BTreeMap<&'static str, String>;

/// The configuration does not fit what the servers hold.
#[derive(Debug)]
pub struct Misconfigured;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RoleLabel {
    role: &'static str,
}

impl Company {
    fn of(roles: &Roles) -> Self {
        let kept = [Role::Shipper, Role::Aggregator].iter().filter(|role| roles.has(**role)).count();
        Self { kept, works_anyhow: roles.has(Role::Gateway) || roles.has(Role::Console) }
    }
}

impl Standing {
    fn new(times: Times, company: Company) -> Self {
        let (reasons, stands, misfits) = Default::default();
        Self { times, reasons, stands, company, misfits }
    }

    /// Registers `role_stands`, for a process of these roles.
    pub(super) fn register(registry: &mut Registry, roles: &Roles) -> Self {
        let standing = Self::new(TIMES, Company::of(roles));
        let help = "Whether the role does not work: it waits for what it needs, or gave up and is tried again";
        registry.register("role_stands", help, standing.stands.clone());
        standing
    }

    /// What stands and why, one sentence each.
    pub(super) fn troubles(&self) -> Vec<String> {
        let told = |(role, reason): (&&str, &String)| {
            RoleNotice { role: (*role).to_owned(), stands: Some(reason.clone()) }.warning()
        };
        self.reasons.borrow().iter().filter_map(told).collect()
    }

    /// What stands, and what tells of changes.
    pub(super) fn changes(&self) -> watch::Receiver<Reasons> {
        self.reasons.subscribe()
    }

    /// Runs a role until it is told to stop. What it waits for too long or cannot go on for is told; after the latter it is
    /// run again. Each run says whether it works.
    ///
    /// # Errors
    /// At the start of a process of which no role can work: what its configuration says and the servers contradict, as
    /// [`Misconfigured`].
    pub(super) async fn keep<F>(
        &self,
        role: &'static str,
        stop: &CancellationToken,
        mut run: impl FnMut(watch::Sender<Work>) -> F,
    ) -> Result<()>
    where
        F: Future<Output = Result<()>>,
    {
        let started = Instant::now();
        self.stands.get_or_create(&RoleLabel { role }).set(0);
        loop {
            let (work, said) = watch::channel(Work::Waits(SILENT.to_owned()));
            let outcome = tokio::select! {
                outcome = run(work) => outcome,
                never = self.follow(role, said) => match never {},
            };
            let Err(error) = outcome else { return Ok(()) };
            let fits = !chain::is_of_configuration(&error);
            if !self.can_any_work(role, fits) && started.elapsed() < self.times.start {
                return Err(error.context(Misconfigured));
            }
            self.stands(role, &format!("{error:#}"));
            tokio::select! {
                () = sleep(self.times.try_every) => {}
                () = stop.cancelled() => return Ok(()),
            }
        }
    }

    /// Whether any role of the process may work, now that this one fits the servers or does not.
    fn can_any_work(&self, role: &'static str, fits: bool) -> bool {
        let mut misfits = self.misfits.lock().unwrap_or_else(PoisonError::into_inner);
        if fits {
            misfits.remove(role);
        } else {
            misfits.insert(role);
        }
        self.company.works_anyhow || misfits.len() < self.company.kept
    }

    /// Shows for ever how a run does. What works for a moment only, again and again, does not count as working.
    async fn follow(&self, role: &'static str, mut said: watch::Receiver<Work>) -> Infallible {
        let mut unsteady_since = Some(Instant::now());
        loop {
            let (work, now) = (said.borrow_and_update().clone(), Instant::now());
            let due = match work {
                Work::Goes => unsteady_since.map(|_| now + self.times.steady),
                Work::Waits(_) => Some(*unsteady_since.get_or_insert(now) + self.times.patience),
            };
            tokio::select! {
                () = changed(&mut said) => continue,
                () = reached(due) => {}
            }
            match work {
                Work::Goes => {
                    unsteady_since = None;
                    self.goes_on(role);
                }
                Work::Waits(why) => self.stands(role, &why),
            }
            changed(&mut said).await;
        }
    }

    pub(super) fn stands(&self, role: &'static str, reason: &str) {
        self.stands.get_or_create(&RoleLabel { role }).set(1);
        let reason: String = reason.chars().take(REASON_CHARS).collect();
        self.reasons.send_if_modified(|reasons| {
            if reasons.get(role) == Some(&reason) {
                return false;
            }
            // Some servers tell the same in other words each time.
            if reasons.contains_key(role) {
                tracing::info!(role, reason, "the role stands");
            } else {
                tracing::error!(role, reason, "the role stands");
            }
            reasons.insert(role, reason);
            true
        });
    }

    fn goes_on(&self, role: &'static str) {
        self.can_any_work(role, true);
        self.stands.get_or_create(&RoleLabel { role }).set(0);
        self.reasons.send_if_modified(|reasons| {
            let stood = reasons.remove(role).is_some();
            if stood {
                tracing::info!(role, "the role goes on");
            }
            stood
        });
    }
}

/// Never when nobody says anything any more.
async fn changed(said: &mut watch::Receiver<Work>) {
    if said.changed().await.is_err() {
        pending().await
    }
}

/// When that time is reached; never when there is none.
async fn reached(time: Option<Instant>) {
    match time {
        Some(time) => sleep_until(time).await,
        None => pending().await,
    }
}

#[cfg(test)]
impl Default for Standing {
    fn default() -> Self {
        Self::new(TIMES, Company::of(&Roles::default()))
    }
}

#[cfg(test)]
impl Standing {
    /// One that is in a hurry.
    pub(super) fn soon() -> Self {
        let soon = Duration::from_millis(50);
        Self::new(
            Times { try_every: soon, patience: soon, steady: soon, start: Duration::ZERO },
            Company::of(&Roles::default()),
        )
    }
}

impl fmt::Display for Misconfigured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the configuration does not fit what the servers hold")
    }
}

#[cfg(test)]
mod tests;
