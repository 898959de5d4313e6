//! The partners' side as a service: built from options, checked as a whole, then served until it is told to stop.

use std::convert::Infallible;
use std::net::TcpListener;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use tallygate_core::{Day, Run};
use tallygate_queue::Queue;
use tallygate_serve::Server;

use crate::clock::Clock;
use crate::detached::Detached;
use crate::error::FrontError;
use crate::faults::Faults;
use crate::held::Capacity;
use crate::ingest::Ingest;
use crate::invalid::InvalidOption;
use crate::journal::Journal;
use crate::limits::JOURNAL_LOOK_EVERY;
use crate::listener::{Listener, PartnersSide};
use crate::metrics::{Metrics, RouteLabels};
use crate::observer::Observer;
use crate::options::FrontOptions;
use crate::parts::Parts;
use crate::publishing::Publishing;
use crate::registry::PolicyRegistry;
use crate::shared::Shared;
use crate::{clock, routes, trace};

/// The partners' side, ready to serve.
pub struct Front {
    listeners: Vec<Listener>,
    shared: Arc<Shared>,
    run: Run,
}

impl Front {
    /// All that is wrong with the options, as far as that can be told without sockets, and touches nothing. `policies` are
    /// the names of those there are.
    #[must_use]
    pub fn check(options: &FrontOptions, policies: &[&str]) -> Vec<InvalidOption> {
        let metrics = Metrics::register(&mut prometheus_client::registry::Registry::default());
        Parts::build(options, policies, &metrics).err().unwrap_or_default()
    }

    /// Builds the whole; a run of the gateway begins here. Blocking: versions that routes pin are loaded.
    ///
    /// # Errors
    /// What [`check`](Self::check) finds, and when a policy or the journal cannot be used.
    pub fn new(
        options: &FrontOptions,
        queue: Arc<dyn Queue>,
        policies: &PolicyRegistry,
        metrics: &Metrics,
    ) -> Result<Self, FrontError> {
        let run = trace::new_run();
        let names = policies.names();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let Parts { listeners, partners, routes } =
            Parts::build(options, &names, metrics).map_err(FrontError::Options)?;
        let today = Day::of_unix_millis(clock::unix_millis());
        let limits = &options.limits;
        let shared = Shared {
            routes: routes::with_policies(routes, &options.routes, policies, metrics)?,
            nowhere: RouteLabels { route: "".into() },
            partners,
            ingest: Arc::new(Ingest::new(options, queue, run, today, metrics)?),
            limits: limits.clone(),
            metrics: metrics.clone(),
            capacity: Capacity::new(limits, metrics),
            faults: Faults::new(),
            detached: Detached::default(),
            clock: Clock::System,
            observer: None,
        };
        Ok(Self { listeners, shared: Arc::new(shared), run })
    }

    /// The front, with somebody who looks on.
    #[must_use]
    pub fn observed_by(mut self, observer: Arc<dyn Observer>) -> Self {
        if let Some(shared) = Arc::get_mut(&mut self.shared) {
            shared.observer = Some(observer);
        }
        self
    }

    /// The front, with a clock that stands still, for a trial run: Unix milliseconds. Its requests all have the same ids.
    #[must_use]
    pub fn at(mut self, unix_millis: i64) -> Self {
        if let Some(shared) = Arc::get_mut(&mut self.shared) {
            shared.clock = Clock::Standing(unix_millis);
        }
        self
    }

    /// The run that numbers this front's messages.
    #[must_use]
    pub fn run(&self) -> Run {
        self.run
    }

    /// What it journals.
    #[must_use]
    pub fn journal(&self) -> Arc<Journal> {
        self.shared.ingest.journal().clone()
    }

    /// How its queue does.
    #[must_use]
    pub fn publishing(&self) -> Publishing {
        self.shared.metrics.publishing.clone()
    }

    /// Serves the listeners on these sockets, in their order, until `shutdown` is ready; then stops accepting, lets
    /// requests in flight end for at most [`Limits::shutdown_time`](crate::Limits::shutdown_time), and closes.
    ///
    /// # Errors
    /// When a socket cannot be used, or a listener ends by itself.
    pub async fn serve(self, sockets: Vec<TcpListener>, shutdown: impl Future<Output = ()>) -> Result<(), FrontError> {
        if sockets.len() != self.listeners.len() {
            let problem = format!("{} sockets for {} listeners", sockets.len(), self.listeners.len());
            return Err(FrontError::Ended(problem));
        }
        let mut server = Server::new(self.shared.limits.serving());
        for (listener, socket) in self.listeners.into_iter().zip(sockets) {
            let (name, tls) = (listener.labels.clone(), listener.tls.clone());
            let service = PartnersSide { listener, shared: self.shared.clone() };
            server.listen(&name, socket, tls, service).map_err(|error| FrontError::Socket(name.to_string(), error))?;
        }
        let told = OnceLock::new();
        let shutdown = async {
            shutdown.await;
            let _ = told.set(Instant::now());
        };
        let ended = tokio::select! {
            ended = server.run(shutdown) => ended.map_err(|ended| FrontError::Ended(ended.0)),
            never = tend(&self.shared) => match never {},
        };
        let spent = told.get().map_or(Duration::ZERO, Instant::elapsed);
        self.shared.detached.finish(self.shared.limits.shutdown_time.saturating_sub(spent)).await;
        look_after(&self.shared).await;
        ended
    }
}

/// Looks after the journal's files again and again.
async fn tend(shared: &Shared) -> Infallible {
    let mut told = None;
    loop {
        look_after(shared).await;
        let trouble = shared.ingest.journal().trouble();
        if let Some(trouble) = trouble.as_deref().filter(|_| told.is_none()) {
            tracing::warn!("{trouble}");
        }
        told = trouble;
        tokio::time::sleep(JOURNAL_LOOK_EVERY).await;
    }
}

/// Where the journal gives no answer, that is its trouble, which is told.
async fn look_after(shared: &Shared) {
    let today = Day::of_unix_millis(shared.clock.unix_millis());
    let _ = shared.ingest.journal().tend(today).await;
}
