//! How long requests take at a rate that the server is not at its end with, by few and by many connections, and with one that
//! sends as much as all the others.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::Result;
use tokio::task::JoinSet;
use tokio::time::sleep_until;

use crate::client::{Http, Sender};
use crate::load::{Server, check, request};
use crate::measure::quantile;

const WARM_UP: Duration = Duration::from_secs(1);
const STRETCH: Duration = Duration::from_secs(4);

/// Who sends.
#[derive(Clone, Copy, Debug)]
pub struct Senders {
    pub http: Http,
    pub connections: u32,
    /// Whether the first of them sends half of all requests.
    pub one_is_busy: bool,
}

/// Sends so many requests a second and prints how long they took.
pub fn measure(name: &str, server: &Server, senders: Senders, rate: f64) -> Result<()> {
    let times = times(server, senders, rate)?;
    println!(
        "{name}, {}, {} connections{}, {rate:.0} a second: p50 {:.2?} p99 {:.2?} over {} requests",
        senders.http.name(),
        senders.connections,
        if senders.one_is_busy { ", one of them busy" } else { "" },
        quantile(&times, 0.5),
        quantile(&times, 0.99),
        times.len()
    );
    Ok(())
}

/// Sends so many requests a second for some seconds, and returns how long they took, sorted.
pub fn times(server: &Server, senders: Senders, rate: f64) -> Result<Vec<Duration>> {
    let mut times = tokio::runtime::Runtime::new()?.block_on(all(server, senders, rate))?;
    times.sort_unstable();
    Ok(times)
}

async fn all(server: &Server, senders: Senders, rate: f64) -> Result<Vec<Duration>> {
    let over = Arc::new(AtomicBool::new(false));
    let mut tasks = JoinSet::new();
    for connection in 0..senders.connections {
        let share = share(senders, connection);
        let (server, over) = (server.clone(), over.clone());
        tasks.spawn(async move {
            let sender = server.connect(senders.http).await?;
            connection_of(sender, senders.http, Duration::from_secs_f64(1.0 / (rate * share)), &over).await
        });
    }
    tokio::time::sleep(WARM_UP + STRETCH).await;
    over.store(true, Ordering::Relaxed);
    let mut times = Vec::new();
    while let Some(done) = tasks.join_next().await {
        times.extend(done??);
    }
    Ok(times)
}

/// How much of all requests this connection sends.
fn share(senders: Senders, connection: u32) -> f64 {
    let (all, others) = (f64::from(senders.connections), f64::from(senders.connections - 1));
    match (senders.one_is_busy, connection) {
        (false, _) => 1.0 / all,
        (true, 0) => 0.5,
        (true, _) => 0.5 / others,
    }
}

/// Sends one request after each pause, and returns how long those took that were due after the warm-up. Where one is due while
/// its connection is taken, its time begins when it was due.
async fn connection_of(mut sender: Sender, http: Http, pause: Duration, over: &AtomicBool) -> Result<Vec<Duration>> {
    let (began, mut times, mut under_way) = (Instant::now(), Vec::new(), JoinSet::new());
    for turn in 0.. {
        let due = began + pause * turn;
        let mut start = due;
        if due > Instant::now() {
            sleep_until(due.into()).await;
            // The timer's own lateness is no time of the server's.
            start = Instant::now();
        }
        if over.load(Ordering::Relaxed) {
            break;
        }
        match &mut sender {
            one @ Sender::One(_) => times.push(timed(one, http, start).await?),
            // A stream more of the connection; the next does not wait for it.
            Sender::Two(connection) => {
                let mut stream = Sender::Two(connection.clone());
                under_way.spawn(async move { timed(&mut stream, http, start).await });
            }
        }
        while let Some(done) = under_way.try_join_next() {
            times.push(done??);
        }
    }
    while let Some(done) = under_way.join_next().await {
        times.push(done??);
    }
    Ok(times.into_iter().filter(|(start, _)| *start >= began + WARM_UP).map(|(_, took)| took).collect())
}

/// Sends a request, and returns when its time began and how long it took.
async fn timed(sender: &mut Sender, http: Http, start: Instant) -> Result<(Instant, Duration)> {
    check(sender.send(request(http)?).await?).await?;
    Ok((start, start.elapsed()))
}
