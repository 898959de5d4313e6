//! (i) TLS: handshakes, full and resumed, beside bare rustls; and the memory of connections on which nothing happens, from their
//! handshake on or since they were answered.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use hyper_util::rt::TokioIo;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use rustls::client::Resumption;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, HandshakeKind};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::aims;
use crate::child::{Log, Measured, free, until_up};
use crate::client::{Http, Sender, tls};
use crate::load::{check, request};
use crate::measure::Cost;
use crate::report::Report;
use crate::site::Site;

const HANDSHAKES: u64 = 6_000;
const WARM_UP: u64 = 400;
/// Clients that shake hands at one time, each at an address of its own.
const CLIENTS: u64 = 8;
/// Connections that stand idle.
const IDLE: u64 = 10_000;
/// How many of them begin at one time.
const BEGUN: u64 = 64;
/// How long they stand until they are looked at: less than a first request may take to come, and where there was one, long enough
/// for what they hold to be given back.
const SILENT: Duration = Duration::from_secs(2);
const ANSWERED: Duration = Duration::from_secs(6);

/// A connection on which nothing happens.
enum Held {
    Silent(Box<TlsStream<TcpStream>>),
    Answered(Sender),
}

/// Measures both.
pub fn measure(report: &mut Report) -> Result<()> {
    let limit = getrlimit(Resource::Nofile);
    let most = limit.maximum.unwrap_or(u64::MAX);
    ensure!(most > IDLE + 100, "{most} files may be open, and {} are needed: ulimit -n", IDLE + 100);
    // The processes that are started have it from this one.
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum })?;
    let site = Site::new("[limits]\nconnections = 16384\nbody_memory = \"4 GiB\"\nheader_time = \"60s\"\n")?;
    let certs = site.certs();
    let floor_at = free()?;
    let floor = Measured::floor(&["handshakes", &floor_at.to_string(), &certs.display().to_string()])?;
    let measured = Measured::alone(&site.config(), Log::Shipped)?;
    until_up(floor_at)?;
    until_up(site.partners)?;
    for (line, kind) in [(&aims::FULL, HandshakeKind::Full), (&aims::RESUMED, HandshakeKind::Resumed)] {
        let bare = handshakes(&certs, floor_at, kind, &floor)?;
        let cost = handshakes(&certs, site.partners, kind, &measured)?;
        report.figure(line, &cost, Some(&bare));
    }
    drop(measured);
    let measured = Measured::alone(&site.config(), Log::Shipped)?;
    until_up(site.partners)?;
    let bare = idle(&certs, floor_at, &floor, None)?;
    let held = idle(&certs, site.partners, &measured, None)?;
    report.memory("(i) 10,000 idle TLS connections", held, bare, Some(aims::IDLE_BYTES));
    drop((floor, measured));
    for (http, aim) in [(Http::One, Some(aims::IDLE_BYTES)), (Http::Two, None)] {
        let floor_at = free()?;
        let floor = Measured::floor(&["accept", "shared", &floor_at.to_string(), &certs.display().to_string()])?;
        let measured = Measured::alone(&site.config(), Log::Shipped)?;
        until_up(floor_at)?;
        until_up(site.partners)?;
        let bare = idle(&certs, floor_at, &floor, Some(http))?;
        let held = idle(&certs, site.partners, &measured, Some(http))?;
        report.memory(&format!("(i) 10,000 idle after a request, {}", http.name()), held, bare, aim);
    }
    Ok(())
}

/// What a handshake costs the process that serves here.
fn handshakes(certs: &Path, server: SocketAddr, kind: HandshakeKind, process: &Measured) -> Result<Cost> {
    let runtime = tokio::runtime::Runtime::new()?;
    let clients = (0..CLIENTS).map(|_| client(certs, kind)).collect::<Result<Vec<_>>>()?;
    let load = |count: u64| {
        let clients = clients.clone();
        async move {
            let next = Arc::new(AtomicU64::new(0));
            let begun = Instant::now();
            let mut tasks = tokio::task::JoinSet::new();
            for (number, tls) in (1_u8..).zip(clients) {
                let next = next.clone();
                tasks.spawn(async move {
                    while next.fetch_add(1, Ordering::Relaxed) < count {
                        close(connect(&tls, server, number).await?).await?;
                    }
                    anyhow::Ok(())
                });
            }
            while let Some(done) = tasks.join_next().await {
                done??;
            }
            anyhow::Ok(begun.elapsed())
        }
    };
    runtime.block_on(load(WARM_UP))?;
    let seen = runtime.block_on(async {
        let stream = connect(&clients[0], server, 1).await?;
        let seen = stream.get_ref().1.handshake_kind();
        close(stream).await.map(|()| seen)
    })?;
    ensure!(seen == Some(kind), "the handshake was {seen:?} rather than {kind:?}");
    let cpu = process.cpu()?;
    let wall = runtime.block_on(load(HANDSHAKES))?;
    Ok(Cost { units: HANDSHAKES, wall, cpu: process.cpu()? - cpu, calls: None })
}

fn client(certs: &Path, kind: HandshakeKind) -> Result<Arc<ClientConfig>> {
    let mut tls = tls(certs, Http::One)?;
    if kind == HandshakeKind::Full {
        tls.resumption = Resumption::disabled();
    }
    Ok(Arc::new(tls))
}

/// Connects from an address of loopback with this last number.
async fn connect(tls: &Arc<ClientConfig>, server: SocketAddr, number: u8) -> Result<TlsStream<TcpStream>> {
    let socket = TcpSocket::new_v4()?;
    socket.bind((Ipv4Addr::new(127, 0, 1, number), 0).into())?;
    let stream = socket.connect(server).await?;
    stream.set_nodelay(true)?;
    Ok(TlsConnector::from(tls.clone()).connect(ServerName::try_from("localhost")?, stream).await?)
}

/// Closes, and reads what there is on the way: tickets. Whoever serves may go without a word then.
async fn close(mut stream: TlsStream<TcpStream>) -> Result<()> {
    stream.shutdown().await?;
    while stream.read(&mut [0; 64]).await.is_ok_and(|read| read > 0) {}
    Ok(())
}

/// The bytes that a process holds for many connections on which nothing happens, each of which was answered once over this HTTP,
/// or has shaken hands alone.
fn idle(certs: &Path, server: SocketAddr, process: &Measured, asked: Option<Http>) -> Result<u64> {
    let mut tls = tls(certs, asked.unwrap_or(Http::One))?;
    tls.resumption = Resumption::disabled();
    let tls = Arc::new(tls);
    let before = process.resident()?;
    tokio::runtime::Runtime::new()?.block_on(async {
        let mut held = Vec::new();
        let mut tasks = tokio::task::JoinSet::new();
        for number in 0..IDLE {
            if tasks.len() as u64 >= BEGUN {
                held.push(tasks.join_next().await.context("nothing began")???);
            }
            let tls = tls.clone();
            tasks.spawn(async move {
                let stream = connect(&tls, server, (number % 200) as u8 + 1).await?;
                match asked {
                    None => Ok(Held::Silent(Box::new(stream))),
                    Some(http) => answered(stream, http).await.map(Held::Answered),
                }
            });
        }
        while let Some(stream) = tasks.join_next().await {
            held.push(stream??);
        }
        tokio::time::sleep(if asked.is_some() { ANSWERED } else { SILENT }).await;
        let resident = process.resident()?.saturating_sub(before);
        let open = held.iter().filter(|held| held.is_open()).count() as u64;
        ensure!(open == IDLE, "{open} connections stand");
        Ok(resident)
    })
}

impl Held {
    fn is_open(&self) -> bool {
        match self {
            Self::Answered(sender) => sender.is_open(),
            // What there is are tickets.
            Self::Silent(stream) => loop {
                match stream.get_ref().0.try_read(&mut [0; 4096]) {
                    Ok(0) => return false,
                    Ok(_) => {}
                    Err(error) => return error.kind() == std::io::ErrorKind::WouldBlock,
                }
            },
        }
    }
}

/// Has one request answered.
async fn answered(stream: TlsStream<TcpStream>, http: Http) -> Result<Sender> {
    let mut sender = Sender::over(TokioIo::new(stream), http).await?;
    check(sender.send(request(http)?).await?).await?;
    Ok(sender)
}
