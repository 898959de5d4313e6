//! The console, put together and run.

use std::net::TcpListener;
use std::pin::pin;
use std::sync::Arc;
use std::time::Instant;

use rustls::ServerConfig;
use tallygate_reading::dead_letters::Newest;
use tallygate_reading::ledger::Reader;
use tallygate_reading::limits::DEAD_LETTERS_BYTES;
use tallygate_serve::LineLimit;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::access::Access;
use super::options::{Options, Parts};
use super::router::router;
use super::server::listen;
use super::shared::{Reading, Shared};
use crate::limits::{BROWSERS, PUSHES, REPLAYS, STRANGERS_LINES, STRANGERS_PAUSE};
use crate::live::Live;
use crate::metrics::Metrics;

/// The administration server; [`run`](Self::run) it.
pub struct Console {
    shared: Arc<Shared>,
    live: Option<Live>,
    tls: Arc<ServerConfig>,
}

/// Stops the console.
#[derive(Clone, Debug)]
pub struct Handle {
    stop: CancellationToken,
}

/// The console ended by itself.
#[derive(Debug, thiserror::Error)]
#[error("the console's {task} ended: {why}")]
pub struct Failure {
    task: &'static str,
    why: String,
}

impl Console {
    /// Sets the console up; nothing runs yet.
    pub fn new(options: Options, parts: Parts, metrics: Metrics) -> (Self, Handle) {
        let stop = CancellationToken::new();
        let mut live = None;
        let reading = parts.reading.map(|(sums, stream)| {
            let reader = Reader::new(sums);
            let (service, handle) = Live::new(stream.clone(), reader.clone(), options.zone.clone(), metrics.clone());
            live = Some(service);
            Reading { reader, letters: Newest::new(stream, DEAD_LETTERS_BYTES), live: handle }
        });
        let shared = Arc::new(Shared {
            access: Access::new(options.users, options.tokens, metrics.clone()),
            zone: options.zone,
            reading,
            policies: parts.policies,
            replays: parts.replays,
            status: parts.status,
            pushes: Semaphore::new(PUSHES),
            replaying: Semaphore::new(REPLAYS),
            browsers: Arc::new(Semaphore::new(BROWSERS)),
            strangers: Arc::new(LineLimit::new(STRANGERS_LINES, STRANGERS_PAUSE, Instant::now())),
            metrics,
            stop: stop.clone(),
        });
        let console = Self { shared, live, tls: options.tls };
        (console, Handle { stop })
    }

    /// Serves until it is stopped; requests in flight get [`STOP_TIMEOUT`](crate::limits::STOP_TIMEOUT) to finish.
    ///
    /// # Errors
    /// When the socket cannot be used, or one of its tasks ended by itself.
    pub async fn run(self, listener: TcpListener) -> Result<(), Failure> {
        let stop = self.shared.stop.clone();
        let router = router(self.shared.clone());
        let failed = |why: String| Failure { task: "server", why };
        let server = listen(listener, self.tls, router, &self.shared.metrics).map_err(|e| failed(e.to_string()))?;
        let mut tasks = JoinSet::new();
        if let Some(live) = self.live {
            tasks.spawn(live.run());
        }
        let mut server = pin!(server.run(stop.cancelled()));
        tokio::select! {
            ended = &mut server => ended.map_err(|e| failed(e.to_string())),
            ended = tasks.join_next(), if !tasks.is_empty() => {
                stop.cancel();
                let _ = server.await;
                let why = match ended {
                    Some(Err(error)) => error.to_string(),
                    _ => "it returned".to_owned(),
                };
                Err(Failure { task: "live page", why })
            }
        }
    }
}

impl Handle {
    /// Stops accepting, ends the feeds, lets requests in flight finish; [`Console::run`] returns then.
    pub fn stop(&self) {
        self.stop.cancel();
    }
}
