//! Partners that send JSON transactions of 2 KB, as fast as they are answered.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::child::Measured;
use crate::client::{Http, Sender, tls};
use crate::measure::Cost;
use crate::messages;

/// Connections, on each of which one request is under way.
const CONNECTIONS: u64 = 64;
const REQUESTS: u64 = 40_000;
const WARM_UP: u64 = 6_000;
/// Of the pass that counts system calls.
const COUNTED: u64 = 6_000;

/// A server and what its clients need.
#[derive(Clone, Debug)]
pub struct Server {
    pub address: SocketAddr,
    pub certs: PathBuf,
}

impl Server {
    pub fn new(address: SocketAddr, certs: &Path) -> Self {
        Self { address, certs: certs.to_owned() }
    }

    /// Another connection to it.
    pub async fn connect(&self, http: Http) -> Result<Sender> {
        let stream = TcpStream::connect(self.address).await?;
        stream.set_nodelay(true)?;
        let tls = TlsConnector::from(Arc::new(tls(&self.certs, http)?));
        Sender::over(TokioIo::new(tls.connect(ServerName::try_from("localhost")?, stream).await?), http).await
    }

    /// What a request costs the process that serves here: CPU time, and in a pass of its own system calls.
    pub fn cost(&self, http: Http, process: &Measured) -> Result<Cost> {
        let runtime = tokio::runtime::Runtime::new()?;
        runtime.block_on(self.load(http, WARM_UP))?;
        let cpu = process.cpu()?;
        let wall = runtime.block_on(self.load(http, REQUESTS))?;
        let cost = Cost { units: REQUESTS, wall, cpu: process.cpu()? - cpu, calls: None };
        let calls = process.count_calls();
        runtime.block_on(self.load(http, COUNTED))?;
        Ok(cost.with_calls(calls.stop(), COUNTED))
    }

    /// Sends so many requests.
    async fn load(&self, http: Http, requests: u64) -> Result<Duration> {
        let next = Arc::new(AtomicU64::new(0));
        let start = Instant::now();
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..CONNECTIONS {
            let (server, next) = (self.clone(), next.clone());
            tasks.spawn(async move {
                let mut sender = server.connect(http).await?;
                while next.fetch_add(1, Ordering::Relaxed) < requests {
                    check(sender.send(request(http)?).await?).await?;
                }
                anyhow::Ok(())
            });
        }
        while let Some(done) = tasks.join_next().await {
            done??;
        }
        Ok(start.elapsed())
    }
}

/// A transaction with an id that no other of this run has.
pub fn request(http: Http) -> Result<Request<Full<Bytes>>> {
    static TURN: AtomicU64 = AtomicU64::new(0);
    let turn = TURN.fetch_add(1, Ordering::Relaxed);
    let body = Full::new(Bytes::from(messages::json(turn, &format!("key-{}", turn % 1_000))));
    let target = if http == Http::Two { "https://localhost/v1/transactions" } else { "/v1/transactions" };
    Ok(Request::post(target).header("host", "localhost").header("content-type", "application/json").body(body)?)
}

/// Reads the answer, which must be that the transaction was accepted.
pub async fn check(response: hyper::Response<hyper::body::Incoming>) -> Result<()> {
    let status = response.status();
    let body = response.into_body().collect().await?.to_bytes();
    ensure!(status == StatusCode::ACCEPTED, "refused with {status}: {}", String::from_utf8_lossy(&body));
    Ok(())
}
