//! (b) The accept path: 2 KB over TLS keep-alive, 64 connections. Floor: bare hyper and rustls answering 202.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use bytes::Bytes;
use futures::stream::{FuturesUnordered, StreamExt};
use http_body_util::{BodyExt, Full};
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tallygate_queue::{AmqpOptions, AmqpQueue, Queue};
use tallygate_test_servers::RabbitMq;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::child::{Measured, free, until_up};
use crate::client::{Http, Sender, tls};
use crate::floors;
use crate::measure::{Cost, figure, process_cpu};
use crate::messages;
use crate::site::Site;

const CONNECTIONS: u64 = 64;
const REQUESTS: u64 = 60_000;
const WARM_UP: u64 = 6_000;
const CONFIRMS: u64 = 100_000;
/// Publishes under way at one time, for both sides of the comparison.
const IN_FLIGHT: usize = 512;

pub fn measure() -> Result<()> {
    let site = Site::new("")?;
    accept("(b) accept, embedded queue", &site, || Measured::alone(&site.config()), "cpu <= 40")?;
    let all = || Measured::tallygate(&site.config(), "gateway,shipper,aggregator,console");
    accept("(b) accept to sums and page, one process", &site, all, "none")?;
    let server = RabbitMq::start()?;
    let runtime = tokio::runtime::Runtime::new()?;
    let raw = runtime.block_on(floors::confirms(&server.url(), CONFIRMS, IN_FLIGHT))?;
    let ours = runtime.block_on(publishes(&server.url()))?;
    figure("(b) publish with confirm, RabbitMQ", &ours, Some(&raw), "rate >= 0.8 x raw");
    println!(
        "(b) confirms: {:.0} a second, raw lapin {:.0}: {:.2} x",
        ours.rate(),
        raw.rate(),
        ours.rate() / raw.rate()
    );
    let site = Site::new(&format!("[queue]\nbackend = \"amqp\"\nurl = \"{}\"\n", server.url()))?;
    let gateway = || Measured::tallygate(&site.config(), "gateway");
    accept("(b) accept, RabbitMQ", &site, gateway, "none")
}

/// What a process of this site takes for a request, beside the floor.
fn accept(name: &str, site: &Site, start: impl Fn() -> Result<Measured>, aim: &str) -> Result<()> {
    let certs = site.certs();
    let floor_at = free()?;
    let floor = Measured::floor(&["accept", &floor_at.to_string(), &certs.display().to_string()])?;
    let measured = start()?;
    until_up(floor_at)?;
    until_up(site.partners)?;
    for http in [Http::One, Http::Two] {
        let bare = requests(&certs, floor_at, http, &floor)?;
        let cost = requests(&certs, site.partners, http, &measured)?;
        figure(&format!("{name}, HTTP/{}", if http == Http::Two { "2" } else { "1.1" }), &cost, Some(&bare), aim);
    }
    Ok(())
}

/// The CPU time that the server takes for a request.
fn requests(certs: &Path, server: SocketAddr, http: Http, process: &Measured) -> Result<Cost> {
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(load(certs, server, http, WARM_UP))?;
    let cpu = process.cpu()?;
    let wall = runtime.block_on(load(certs, server, http, REQUESTS))?;
    Ok(Cost { units: REQUESTS, wall, cpu: process.cpu()? - cpu })
}

async fn load(certs: &Path, server: SocketAddr, http: Http, requests: u64) -> Result<Duration> {
    let next = Arc::new(AtomicU64::new(0));
    let tls = Arc::new(tls(certs, http)?);
    let start = Instant::now();
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..CONNECTIONS {
        tasks.spawn(connection(tls.clone(), server, http, next.clone(), requests));
    }
    while let Some(done) = tasks.join_next().await {
        done??;
    }
    Ok(start.elapsed())
}

async fn connection(
    tls: Arc<rustls::ClientConfig>,
    server: SocketAddr,
    http: Http,
    next: Arc<AtomicU64>,
    requests: u64,
) -> Result<()> {
    let stream = TcpStream::connect(server).await?;
    stream.set_nodelay(true)?;
    let io = TokioIo::new(TlsConnector::from(tls).connect(ServerName::try_from("localhost")?, stream).await?);
    let turn = || next.fetch_add(1, Ordering::Relaxed);
    let request = |turn: u64| {
        let key = format!("key-{}", turn % 1_000);
        let body = Full::new(Bytes::from(messages::json(fresh(turn), &key)));
        Request::post(if http == Http::Two { "https://localhost/v1/transactions" } else { "/v1/transactions" })
            .header("host", "localhost")
            .header("content-type", "application/json")
            .body(body)
    };
    let mut sender = Sender::over(io, http).await?;
    loop {
        let turn = turn();
        if turn >= requests {
            return Ok(());
        }
        check(sender.send(request(turn)?).await?).await?;
    }
}

/// Ids that no other measurement of this run has.
fn fresh(turn: u64) -> u64 {
    static RUN: AtomicU64 = AtomicU64::new(0);
    if turn == 0 {
        RUN.fetch_add(1, Ordering::Relaxed);
    }
    RUN.load(Ordering::Relaxed) * 1_000_000_000 + turn
}

async fn check(response: hyper::Response<hyper::body::Incoming>) -> Result<()> {
    let status = response.status();
    let body = response.into_body().collect().await?.to_bytes();
    ensure!(status == StatusCode::ACCEPTED, "refused with {status}: {}", String::from_utf8_lossy(&body));
    Ok(())
}

/// The queue port's own publishing.
async fn publishes(url: &str) -> Result<Cost> {
    let queue = AmqpQueue::open(AmqpOptions::new(url, "bench-port"))?;
    let message = Bytes::from(vec![b'x'; 2048]);
    while queue.publish(message.clone()).await.is_err() {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let (start, cpu) = (Instant::now(), process_cpu());
    let mut under_way = FuturesUnordered::new();
    for _ in 0..CONFIRMS {
        if under_way.len() >= IN_FLIGHT {
            under_way.next().await.transpose()?;
        }
        under_way.push(queue.publish(message.clone()));
    }
    while let Some(done) = under_way.next().await {
        done?;
    }
    Ok(Cost { units: CONFIRMS, wall: start.elapsed(), cpu: process_cpu() - cpu })
}
