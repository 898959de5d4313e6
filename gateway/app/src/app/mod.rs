//! The composition root: builds the parts of a process's roles and starts them.

mod administration;
mod aggregator;
mod chain;
mod dead_letters;
mod gateway;
mod health;
mod metrics_page;
mod policy_admin;
mod role_teller;
mod shipper;
mod sockets;
mod standing;

#[cfg(test)]
mod fakes;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use prometheus_client::registry::Registry;
use tallygate_aggregator::AggregatorMetrics;
use tallygate_console::metrics::Metrics as ConsoleMetrics;
use tallygate_embedded::{DataDirLock, lock_data_dir};
use tallygate_front::registry::RegistryError;
use tallygate_front::{Front, FrontError, Metrics as FrontMetrics, PolicyRegistry};
use tallygate_queue::Queue;
use tallygate_shipper::{Queues, ShipperMetrics};
use tallygate_stream::Stream;
use tallygate_sums::Sums;

use crate::config::{Config, Problem};
use crate::replay::{Letters, Replays};
use crate::roles::{Role, Roles};
use crate::runtime::RuntimeBehind;
use crate::supervise::{Ended, Supervisor};
use crate::{check, parts, policy_engine};
use administration::Sources;
use chain::Chain;
pub use sockets::Sockets;
pub use standing::Misconfigured;
use standing::Standing;

/// How long shipper, aggregator and console may take to end what is under way.
const GRACE: Duration = Duration::from_secs(20);

/// A process of the appliance, built but for its sockets.
pub struct App {
    config: Arc<Config>,
    roles: Roles,
    registry: Registry,
    queue: Option<Arc<dyn Queue>>,
    /// Where a shipper parks what the stream refuses.
    parked: Option<Arc<dyn Queue>>,
    log: Option<(Arc<dyn Stream>, Arc<dyn Sums>)>,
    gateway: Option<(Front, Arc<PolicyRegistry>)>,
    /// Of shipper and aggregator.
    behind: RuntimeBehind,
    lock: DataDirLock,
}

/// A process of the appliance, running.
pub struct Running {
    supervisor: Supervisor,
    _behind: RuntimeBehind,
    _lock: DataDirLock,
}

/// Why a process cannot be built.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The configuration asks for what can never work.
    #[error("{}", Lines(.0))]
    Configuration(Vec<Problem>),
    /// What it needs is not there now, such as a data directory that another process has.
    #[error(transparent)]
    Environment(#[from] anyhow::Error),
}

struct Lines<'p>(&'p [Problem]);

impl App {
    /// Builds the parts. Servers that are away, and files that do not open, are waited for once it runs.
    ///
    /// # Errors
    /// What can never work as configured, or cannot work now.
    pub fn build(config: &Arc<Config>, roles: &Roles) -> Result<Self, BuildError> {
        let mut app = Self::open(config, roles)?;
        if let Some(queue) = app.queue.clone().filter(|_| roles.has(Role::Gateway)) {
            app.gateway = Some(build_gateway(config, queue, &mut app.registry)?);
        }
        Ok(app)
    }

    /// Opens what the roles meet at.
    fn open(config: &Arc<Config>, roles: &Roles) -> anyhow::Result<Self> {
        let lock = lock_data_dir(&config.data_dir)?;
        let mut registry = Registry::with_prefix("tallygate");
        let has_any = |some: &[Role]| some.iter().any(|role| roles.has(*role));
        let queue = has_any(&[Role::Gateway, Role::Shipper]).then(|| parts::queue_later(config)).transpose()?;
        let parked = roles.has(Role::Shipper).then(|| parts::parked_later(config)).transpose()?;
        let mut log = None;
        if has_any(&[Role::Shipper, Role::Aggregator, Role::Console]) {
            log = Some((parts::stream_later(config, &mut registry)?, parts::sums_later(config)?));
        }
        let (config, roles, behind) = (config.clone(), roles.clone(), RuntimeBehind::start()?);
        Ok(Self { config, roles, registry, queue, parked, log, gateway: None, behind, lock })
    }

    /// Starts the roles on these sockets.
    pub fn start(self, sockets: Sockets) -> Running {
        let Self { config, roles, mut registry, queue, parked, log, gateway, behind, lock } = self;
        let mut supervisor = Supervisor::default();
        let standing = Standing::register(&mut registry, &roles);
        let (mut policies, mut journal, mut publishing) = (None, None, None);
        if let Some((front, opened)) = gateway {
            journal = Some(front.journal());
            publishing = Some(front.publishing());
            let deadline = config.front.limits.shutdown_time + GRACE;
            gateway::start(&mut supervisor, front, sockets.partners, deadline);
            policies = Some(opened);
        }
        if let Some((stream, sums)) = &log {
            let (plan, horizon, lag_days) = (config.plan.clone(), config.aggregator.horizon, config.lag_days);
            let chain = Chain { stream: stream.clone(), sums: sums.clone(), plan, horizon, lag_days };
            let _within = behind.enter();
            if let (Some(transactions), Some(parked)) = (queue.clone(), parked.clone()) {
                let queues = Queues { transactions, parked };
                let metrics = ShipperMetrics::register(&mut registry);
                let options = config.shipper.clone();
                shipper::start(&mut supervisor, options, chain.clone(), queues, metrics, standing.clone(), GRACE);
            }
            if roles.has(Role::Aggregator) {
                let metrics = AggregatorMetrics::register(&mut registry);
                aggregator::start(&mut supervisor, config.aggregator.clone(), chain, metrics, standing.clone(), GRACE);
            }
            if roles.has(Role::Shipper) || roles.has(Role::Aggregator) {
                role_teller::start(&mut supervisor, &standing, sums.clone(), GRACE);
            }
        }
        let watched = roles.has(Role::Aggregator) || roles.has(Role::Console);
        let dead_letters = log
            .as_ref()
            .filter(|_| watched)
            .map(|(stream, _)| dead_letters::start(&mut supervisor, &mut registry, stream.clone(), GRACE));
        if let (Some(socket), Some(admin)) = (sockets.admin, &config.admin) {
            let replays = queue.clone().map(|queue| {
                let letters = Letters::new(config.clone(), log.as_ref().map(|(stream, _)| stream.clone()));
                Arc::new(Replays::new(queue, letters, config.front.clone(), &config.plan))
            });
            let log = log.filter(|_| roles.has(Role::Console));
            let roles = roles.to_string();
            let sources =
                Sources { roles, log, queue, parked, policies, journal, publishing, dead_letters, standing, replays };
            let metrics = ConsoleMetrics::register(&mut registry);
            administration::start(&mut supervisor, admin, config.front.zone.clone(), socket, sources, metrics);
        }
        if let Some(socket) = sockets.metrics {
            metrics_page::start(&mut supervisor, socket, registry, GRACE);
        }
        Running { supervisor, _behind: behind, _lock: lock }
    }
}

impl Running {
    /// Starts one more task, which stops before all others.
    pub fn before_all(&mut self, first: Supervisor) {
        self.supervisor.put_before(first);
    }

    /// Runs until told to stop, or until a task ends that should not; then stops everything in order.
    ///
    /// # Errors
    /// The task that ended.
    pub async fn run(mut self, stop: impl Future<Output = ()>) -> Result<(), Ended> {
        let ended = tokio::select! {
            () = stop => None,
            ended = self.supervisor.watch() => Some(ended),
        };
        self.supervisor.stop().await;
        ended.map_or(Ok(()), Err)
    }
}

fn build_gateway(
    config: &Config,
    queue: Arc<dyn Queue>,
    registry: &mut Registry,
) -> Result<(Front, Arc<PolicyRegistry>), BuildError> {
    let build = || -> anyhow::Result<_> {
        let engine = Arc::new(policy_engine::whole()?);
        let metrics = FrontMetrics::register(registry);
        let policies = PolicyRegistry::open(config.policies.clone(), engine, &metrics)?;
        let front = Front::new(&config.front, queue, &policies, &metrics)?;
        Ok((front, Arc::new(policies)))
    };
    build().map_err(|error| {
        let is_policy = error.is::<RegistryError>() || matches!(error.downcast_ref(), Some(FrontError::Policy(..)));
        // That was the first one; those of the others are told with it, and where they stand.
        let problems = if is_policy { check::components(config) } else { Vec::new() };
        if problems.is_empty() { BuildError::Environment(error) } else { BuildError::Configuration(problems) }
    })
}

impl fmt::Display for Lines<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, problem) in self.0.iter().enumerate() {
            write!(f, "{}{problem}", if place == 0 { "" } else { "\n" })?;
        }
        Ok(())
    }
}
