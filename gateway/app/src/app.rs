//! The composition root: builds the parts of a process's roles and starts them.

use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use prometheus_client::registry::Registry;
use tallygate_aggregator::{Aggregator, AggregatorOptions, retention_days};
use tallygate_core::Generation;
use tallygate_core::fold::Horizon;
use tallygate_embedded::{DataDirLock, lock_data_dir};
use tallygate_front::registry::{PolicyOptions, RegistryOptions};
use tallygate_front::{Front, PolicyRegistry};
use tallygate_host::{Engine, EngineLimits};
use tallygate_queue::Queue;
use tallygate_shipper::{Shipper, ShipperOptions};
use tallygate_stream::Stream;
use tallygate_sums::{Sums, settle};
use tokio_util::sync::CancellationToken;

use crate::config::{Config, Role, Roles};
use crate::console::Sources;
use crate::faults::Fault;
use crate::supervise::{Ended, Supervisor};
use crate::{console, metrics, parts};

/// How long shipper, aggregator and console may take to end what is under way.
const GRACE: Duration = Duration::from_secs(20);
/// Between two tries while a server that the roles need at their start is away.
const RETRY: Duration = Duration::from_secs(1);
/// How often the process measures itself.
const MEASURE_EVERY: Duration = Duration::from_secs(5);

/// The sockets of a process, bound before anything else is done.
#[derive(Debug, Default)]
pub struct Sockets {
    /// One for each configured listener, in order; none without the gateway's role.
    pub partners: Vec<TcpListener>,
    /// The administration's.
    pub admin: Option<TcpListener>,
    /// The metrics'.
    pub metrics: Option<TcpListener>,
}

/// A process of the appliance, running.
pub struct App {
    supervisor: Supervisor,
    _lock: DataDirLock,
}

impl Sockets {
    /// Binds what the configuration names for these roles.
    ///
    /// # Errors
    /// Which address cannot be bound.
    pub fn bind(config: &Config, roles: &Roles) -> Result<Self> {
        let bind = |what: &str, address: std::net::SocketAddr| {
            let listener = TcpListener::bind(address).with_context(|| format!("{what}: cannot listen on {address}"))?;
            listener.set_nonblocking(true)?;
            anyhow::Ok(listener)
        };
        let is_gateway = roles.has(Role::Gateway);
        let listeners = if is_gateway { config.listeners.as_slice() } else { &[] };
        let has_admin = is_gateway || roles.has(Role::Console);
        Ok(Self {
            partners: listeners
                .iter()
                .map(|l| bind(&format!("listener {}", l.name), l.address))
                .collect::<Result<_>>()?,
            admin: config.admin.as_ref().filter(|_| has_admin).map(|admin| bind("admin", admin.address)).transpose()?,
            metrics: config.metrics.map(|address| bind("metrics", address)).transpose()?,
        })
    }
}

impl App {
    /// Builds the parts and starts them. Servers that are away are waited for in the background.
    ///
    /// # Errors
    /// What can never work as configured.
    pub fn start(config: &Arc<Config>, roles: &Roles, sockets: Sockets, fault: Fault) -> Result<Self> {
        let lock = lock_data_dir(&config.data_dir)?;
        let mut registry = Registry::with_prefix("tallygate");
        let mut supervisor = Supervisor::default();
        let queue =
            if roles.has(Role::Gateway) || roles.has(Role::Shipper) { Some(parts::queue(config)?) } else { None };
        let behind = [Role::Shipper, Role::Aggregator, Role::Console].iter().any(|role| roles.has(*role));
        let log =
            if behind { Some((parts::stream(config, &mut registry)?, parts::sums(config, fault)?)) } else { None };
        let mut policies = None;
        if let (true, Some(queue)) = (roles.has(Role::Gateway), &queue) {
            let opened = Arc::new(open_policies(config)?);
            front(&mut supervisor, config, queue, &opened, sockets.partners, &mut registry, fault)?;
            policies = Some(opened);
        }
        if let Some((stream, sums)) = &log {
            let chain = Chain { config: config.clone(), stream: stream.clone(), sums: sums.clone() };
            if let (true, Some(queue)) = (roles.has(Role::Shipper), &queue) {
                shipper(&mut supervisor, chain.clone(), queue.clone(), &mut registry, fault);
            }
            if roles.has(Role::Aggregator) {
                aggregator(&mut supervisor, chain, &mut registry, fault);
            }
        }
        if let (Some(socket), Some(admin)) = (sockets.admin, &config.admin) {
            let sources = Sources { log: log.filter(|_| roles.has(Role::Console)), queue, policies };
            console::start(&mut supervisor, config, admin, roles, socket, sources, &mut registry)?;
        }
        if let Some(socket) = sockets.metrics {
            let resident = metrics::register_process(&mut registry);
            supervisor.start("metrics", GRACE, move |stop| async move {
                let measuring = async {
                    loop {
                        resident.set(metrics::resident_bytes().unwrap_or_default());
                        tokio::time::sleep(MEASURE_EVERY).await;
                    }
                };
                tokio::select! {
                    served = metrics::serve(socket, Arc::new(registry), stop) => served,
                    () = measuring => Ok(()),
                }
            });
        }
        Ok(Self { supervisor, _lock: lock })
    }

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

fn open_policies(config: &Config) -> Result<PolicyRegistry> {
    let engine = Engine::new(EngineLimits::default())?;
    let options = |policy: &crate::config::PolicyConfig| {
        anyhow::Ok(PolicyOptions {
            name: policy.name.clone(),
            component: policy.component.clone(),
            config_json: policy.config.to_string(),
            keys: parts::keys(policy)?,
            limits: parts::policy_limits(policy),
        })
    };
    let policies = config.policies.iter().map(options).collect::<Result<_>>()?;
    Ok(PolicyRegistry::open(RegistryOptions { dir: config.data_dir.join("policies"), policies }, Arc::new(engine))?)
}

fn front(
    supervisor: &mut Supervisor,
    config: &Config,
    queue: &Arc<dyn Queue>,
    policies: &PolicyRegistry,
    sockets: Vec<TcpListener>,
    registry: &mut Registry,
    fault: Fault,
) -> Result<()> {
    let metrics = tallygate_front::Metrics::register(registry);
    let front = Front::new(&parts::front(config, fault)?, queue.clone(), policies, &metrics)?;
    tracing::info!(run = %front.run(), "this run numbers its messages");
    let grace = config.limits.shutdown_time + GRACE;
    supervisor.start("gateway", grace, |stop| async move { Ok(front.serve(sockets, stop.cancelled_owned()).await?) });
    Ok(())
}

/// What every role behind the queue needs.
#[derive(Clone)]
struct Chain {
    config: Arc<Config>,
    stream: Arc<dyn Stream>,
    sums: Arc<dyn Sums>,
}

impl Chain {
    /// The generation of the log, once stream and store can be asked; none when told to stop before.
    async fn generation(&self, stop: &CancellationToken) -> Result<Option<Generation>> {
        loop {
            let asked = async {
                self.stream
                    .prepare(retention_days(horizon(&self.config)))
                    .await
                    .map_err(|e| (e.is_retryable(), e.into()))?;
                settle(&*self.sums, parts::plan(&self.config)).await.map_err(|e| (e.is_retryable(), e.into()))
            };
            let outcome: Result<Generation, (bool, anyhow::Error)> = tokio::select! {
                () = stop.cancelled() => return Ok(None),
                outcome = asked => outcome,
            };
            match outcome {
                Ok(generation) => return Ok(Some(generation)),
                Err((false, error)) => return Err(error),
                Err((true, error)) => tracing::warn!(%error, "waiting for the servers"),
            }
            tokio::select! {
                () = stop.cancelled() => return Ok(None),
                () = tokio::time::sleep(RETRY) => {}
            }
        }
    }
}

fn horizon(config: &Config) -> Horizon {
    Horizon { past: config.aggregator.horizon_days, future: config.aggregator.future_days }
}

fn shipper(supervisor: &mut Supervisor, chain: Chain, queue: Arc<dyn Queue>, registry: &mut Registry, fault: Fault) {
    let metrics = tallygate_shipper::ShipperMetrics::register(registry);
    #[allow(unused_mut, reason = "changed only by a fault")]
    let mut options = ShipperOptions::default();
    #[cfg(feature = "faults")]
    {
        options.acknowledge_before_append = fault.acknowledge_before_append;
    }
    let _ = fault;
    supervisor.start("shipper", GRACE, |stop| async move {
        let Some(generation) = chain.generation(&stop).await? else { return Ok(()) };
        Shipper::new(options, queue, chain.stream, &generation, metrics).run(stop).await;
        Ok(())
    });
}

fn aggregator(supervisor: &mut Supervisor, chain: Chain, registry: &mut Registry, fault: Fault) {
    let metrics = tallygate_aggregator::AggregatorMetrics::register(registry);
    let (config, horizon) = (&chain.config.aggregator, horizon(&chain.config));
    let options = AggregatorOptions {
        horizon,
        flush_every: config.flush_every,
        state_path: Some(chain.config.data_dir.join("aggregator.db")),
        #[cfg(feature = "faults")]
        faults: tallygate_aggregator::Faults { without_deduplication: fault.without_deduplication },
    };
    let _ = fault;
    supervisor.start("aggregator", GRACE, |stop| async move {
        let Some(generation) = chain.generation(&stop).await? else { return Ok(()) };
        Ok(Aggregator::new(options, chain.stream, chain.sums, generation, metrics).run(stop).await?)
    });
}
