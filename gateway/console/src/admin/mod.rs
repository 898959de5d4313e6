//! The administration server: login, API and page, over HTTPS on a listener given from outside.
//!
//! The API, all under `/api/v1`; answers are JSON, refusals `application/problem+json`:
//!
//! | method and path | what it does |
//! |---|---|
//! | `GET session`, `POST login` `{"name","password"}`, `POST logout` | people |
//! | `GET status` | how the appliance does |
//! | `GET sums?day&key&currency&order&top` | a day's totals and top keys, or one key's sums |
//! | `GET dead-letters?day&partner&reason&most`, `GET dead-letters/{partition}/{offset}` | dead letters |
//! | `GET events?day&key&currency&order&top` | the live page's feed, server-sent events |
//! | `GET policies`, `POST policies/{name}/versions` (the component's bytes) | policies and their versions |
//! | `POST policies/{name}/activate` `{"version"}`, `POST policies/{name}/rollback` | which of them works |
//!
//! People have a session cookie; programs send `Authorization: Bearer` with a token, or `Basic` with a user's name and
//! password.

mod access;
mod assets;
mod body;
mod events;
mod password;
mod patient;
mod people;
mod policy_routes;
mod problem;
mod query;
mod reading;
mod route;
mod server;
mod session;
mod throttle;

use std::sync::Arc;

use rustls::ServerConfig;
use tallygate_core::day::Zone;
use tallygate_stream::Stream;
use tallygate_sums::Sums;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

pub use access::Token;
pub use password::{BadHash, User, hash_password};

use crate::limits::{BROWSERS, PUSHES};
use crate::live::{Live, LiveHandle};
use crate::metrics::Metrics;
use crate::policies::PolicyAdmin;
use crate::status::StatusSource;
use access::Access;
use tallygate_reading::ledger::Reader;

/// How the console is set up.
pub struct Options {
    /// The zone whose day is today's.
    pub zone: Zone,
    /// Certificate and key; the protocols offered are the console's own choice.
    pub tls: Arc<ServerConfig>,
    /// Who may log in.
    pub users: Vec<User>,
    /// The programs that may call.
    pub tokens: Vec<Token>,
}

/// What the console shows and administers. What this process does not have is none, and its routes say so.
#[derive(Clone, Default)]
pub struct Parts {
    /// Store and stream: the sums, the live page, the dead letters.
    pub reading: Option<(Arc<dyn Sums>, Arc<dyn Stream>)>,
    /// The policies.
    pub policies: Option<Arc<dyn PolicyAdmin>>,
    /// How the appliance does.
    pub status: Option<Arc<dyn StatusSource>>,
}

/// The administration server; [`run`](Self::run) it.
pub struct Console {
    state: Arc<State>,
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

/// What every request needs.
struct State {
    access: Access,
    zone: Zone,
    reading: Option<Reading>,
    policies: Option<Arc<dyn PolicyAdmin>>,
    status: Option<Arc<dyn StatusSource>>,
    pushes: Semaphore,
    browsers: Arc<Semaphore>,
    metrics: Metrics,
    stop: CancellationToken,
}

/// Store and stream.
struct Reading {
    reader: Reader,
    stream: Arc<dyn Stream>,
    live: LiveHandle,
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
            Reading { reader, stream, live: handle }
        });
        let state = Arc::new(State {
            access: Access::new(options.users, options.tokens, metrics.clone()),
            zone: options.zone,
            reading,
            policies: parts.policies,
            status: parts.status,
            pushes: Semaphore::new(PUSHES),
            browsers: Arc::new(Semaphore::new(BROWSERS)),
            metrics,
            stop: stop.clone(),
        });
        let console = Self { state, live, tls: options.tls };
        (console, Handle { stop })
    }

    /// Serves until it is stopped; requests in flight get [`STOP_TIME`](crate::limits::STOP_TIME) to finish.
    ///
    /// # Errors
    /// When one of its tasks ended by itself.
    pub async fn run(self, listener: TcpListener) -> Result<(), Failure> {
        let mut tasks = JoinSet::new();
        if let Some(live) = self.live {
            tasks.spawn(async move {
                live.run().await;
                "live page"
            });
        }
        let stop = self.state.stop.clone();
        let server = server::serve(listener, self.tls, self.state);
        tokio::pin!(server);
        tokio::select! {
            () = &mut server => Ok(()),
            ended = tasks.join_next(), if !tasks.is_empty() => {
                stop.cancel();
                server.await;
                Err(match ended {
                    Some(Err(error)) => Failure { task: "live page", why: error.to_string() },
                    _ => Failure { task: "live page", why: "it returned".to_owned() },
                })
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
