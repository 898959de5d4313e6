//! The partners' side as a service: built from options, checked as a whole, then served until it is told to stop.

use std::io;
use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tallygate_core::{Day, Run};
use tallygate_queue::Queue;
use tallygate_serve::Server;
use tokio::sync::Semaphore;

use crate::access::Partners;
use crate::body::Room;
use crate::ingest::Ingest;
use crate::limits::{FAULTS, Limits};
use crate::listener::{Listener, PartnersSide};
use crate::metrics::{Metrics, RouteLabels};
use crate::options::FrontOptions;
use crate::registry::{PolicyRegistry, RegistryError};
use crate::routes::Routes;
use crate::{routes, trace};

/// The partners' side, ready to serve.
pub struct Front {
    listeners: Vec<Listener>,
    gate: Arc<Gate>,
    run: Run,
}

/// Why the partners' side cannot be built or served.
#[derive(Debug, thiserror::Error)]
pub enum FrontError {
    /// A listener's options.
    #[error("listener {0:?}: {1}")]
    Listener(String, String),
    /// A partner's options.
    #[error("partner {0:?}: {1}")]
    Partner(String, String),
    /// A route's options.
    #[error("route {0:?}: {1}")]
    Route(String, String),
    /// An upstream's options.
    #[error("upstream {0:?}: {1}")]
    Upstream(String, String),
    /// A policy that a route names.
    #[error("route {0:?}: {1}")]
    Policy(String, #[source] Box<RegistryError>),
    /// The journal's folder.
    #[error("{}: the journal cannot be written: {}", .0.display(), .1)]
    Journal(PathBuf, #[source] io::Error),
    /// A socket.
    #[error("listener {0:?}: the socket cannot be used: {1}")]
    Socket(String, #[source] io::Error),
    /// A listener ended that should not have.
    #[error("a listener ended: {0}")]
    Ended(String),
}

/// What all requests share.
pub(crate) struct Gate {
    pub(crate) routes: Routes,
    /// What requests that found no route are counted under.
    pub(crate) nowhere: RouteLabels,
    pub(crate) partners: Partners,
    pub(crate) ingest: Ingest,
    pub(crate) limits: Limits,
    pub(crate) metrics: Metrics,
    pub(crate) faults: Semaphore,
    pub(crate) room: Arc<Room>,
    in_flight: Arc<InFlight>,
}

/// A place among the requests in flight, given back when dropped.
pub(crate) struct Place(Arc<InFlight>);

struct InFlight {
    now: AtomicUsize,
    most: usize,
    metrics: Metrics,
}

impl Front {
    /// Checks the options, as far as that needs neither sockets nor policies, and touches nothing.
    ///
    /// # Errors
    /// The first thing that is wrong, named, with what would be right.
    pub fn check(options: &FrontOptions) -> Result<(), FrontError> {
        let metrics = Metrics::register(&mut prometheus_client::registry::Registry::default());
        listeners(options)?;
        let partners = Partners::new(&options.partners)?;
        routes::build(options, &partners, None, &metrics)?;
        Ok(())
    }

    /// Builds the whole; a run of the gateway begins here. Blocking: versions that routes pin are compiled.
    ///
    /// # Errors
    /// As [`check`](Self::check), and when a policy or the journal cannot be used.
    pub fn new(
        options: &FrontOptions,
        queue: Arc<dyn Queue>,
        policies: &PolicyRegistry,
        metrics: &Metrics,
    ) -> Result<Self, FrontError> {
        let run = trace::new_run();
        let partners = Partners::new(&options.partners)?;
        let routes = routes::build(options, &partners, Some(policies), metrics)?;
        let today = Day::of_unix_millis(unix_millis());
        let limits = &options.limits;
        let gate = Gate {
            routes,
            nowhere: RouteLabels { route: "".into() },
            partners,
            ingest: Ingest::new(options, queue, run, today, metrics)?,
            limits: limits.clone(),
            metrics: metrics.clone(),
            faults: Semaphore::new(FAULTS),
            room: Room::new(limits.held_bytes),
            in_flight: Arc::new(InFlight { now: AtomicUsize::new(0), most: limits.requests, metrics: metrics.clone() }),
        };
        Ok(Self { listeners: listeners(options)?, gate: Arc::new(gate), run })
    }

    /// The run that numbers this front's messages.
    #[must_use]
    pub fn run(&self) -> Run {
        self.run
    }

    /// Serves the listeners on these sockets, in their order, until `shutdown` is ready; then stops accepting, lets
    /// requests in flight end for at most [`Limits::shutdown_time`], and closes.
    ///
    /// # Errors
    /// When a socket cannot be used, or a listener ends by itself.
    pub async fn serve(self, sockets: Vec<TcpListener>, shutdown: impl Future<Output = ()>) -> Result<(), FrontError> {
        if sockets.len() != self.listeners.len() {
            let problem = format!("{} sockets for {} listeners", sockets.len(), self.listeners.len());
            return Err(FrontError::Ended(problem));
        }
        let mut server = Server::new(self.gate.limits.serving());
        for (listener, socket) in self.listeners.into_iter().zip(sockets) {
            let (name, tls) = (listener.labels.clone(), listener.tls.clone());
            let service = PartnersSide { listener, gate: self.gate.clone() };
            server.listen(&name, socket, tls, service).map_err(|error| FrontError::Socket(name.to_string(), error))?;
        }
        server.run(shutdown).await.map_err(|ended| FrontError::Ended(ended.0))
    }
}

impl Gate {
    /// A place among the requests in flight, if there is one.
    pub(crate) fn place(&self) -> Option<Place> {
        let now = self.in_flight.now.fetch_add(1, Ordering::Relaxed);
        self.metrics.requests_in_flight.inc();
        // Made first, so that it is given back on either way out.
        let place = Place(self.in_flight.clone());
        (now < self.in_flight.most).then_some(place)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.now.fetch_sub(1, Ordering::Relaxed);
        self.0.metrics.requests_in_flight.dec();
    }
}

/// The gateway's clock.
pub(crate) fn unix_millis() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

fn listeners(options: &FrontOptions) -> Result<Vec<Listener>, FrontError> {
    let mut listeners: Vec<Listener> = Vec::new();
    for (place, option) in options.listeners.iter().enumerate() {
        let wrong = |problem| FrontError::Listener(option.name.clone(), problem);
        if listeners.iter().any(|other| *other.labels == *option.name) {
            return Err(wrong("stands twice".to_owned()));
        }
        listeners.push(Listener::new(place, option).map_err(wrong)?);
    }
    Ok(listeners)
}
