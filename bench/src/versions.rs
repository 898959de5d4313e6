//! (g) Versions of a policy: how long activating a kept one takes, how long a start with many, and what requests notice of
//! either. Floor of a request's time: the same requests while nothing is switched.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use bytes::Bytes;
use tallygate::demo::Partner;

use crate::admin::Admin;
use crate::child::{Measured, until_up};
use crate::measure::quantile;
use crate::messages;
use crate::site::Site;

/// Versions that are kept when the process starts again.
const VERSIONS: u8 = 100;
const SWITCHES: usize = 50;
/// Senders, and the requests of all of them in a second: so few that they wait for nothing but what is measured.
const SENDERS: u64 = 4;
const RATE: u64 = 200;
const STRETCH: Duration = Duration::from_secs(10);
const BETWEEN: Duration = Duration::from_millis(100);

pub fn measure() -> Result<()> {
    let site = Site::new("")?;
    let runtime = tokio::runtime::Runtime::new()?;
    let roles = "gateway,shipper,aggregator,console";
    let process = Measured::tallygate(&site.config(), roles)?;
    until_up(site.partners)?;
    until_up(site.admin)?;
    runtime.block_on(live(&site))?;
    drop(process);
    let began = Instant::now();
    let process = Measured::tallygate(&site.config(), roles)?;
    while std::net::TcpStream::connect(site.partners).is_err() {
        std::thread::sleep(Duration::from_millis(1));
    }
    // The socket is there first; an answer is what counts.
    let partner = || Partner::new(&site.certs(), Some("shop-1"), format!("https://localhost:{}", site.partners.port()));
    runtime.block_on(post(&partner()?, u64::MAX / 2))?;
    println!("(g) start with {VERSIONS} versions, to the first answer: {:.0?}  aim <= 1 s", began.elapsed());
    drop(process);
    Ok(())
}

async fn live(site: &Site) -> Result<()> {
    let mut admin = Admin::connect(site.admin, &site.certs()).await?;
    let began = Instant::now();
    let mut versions = Vec::new();
    for n in 0..VERSIONS {
        versions.push(admin.policy("json/versions", variant(n)?, "version").await?);
    }
    println!("(g) push of a version, compiled beside nothing: {:.0?}", began.elapsed() / u32::from(VERSIONS));
    let mut switches = Vec::new();
    for turn in 0..SWITCHES {
        let began = Instant::now();
        switch(&mut admin, &versions[turn % versions.len()]).await?;
        switches.push(began.elapsed());
    }
    print("(g) activation of a kept version", &mut switches, "median <= 20 ms");

    let alone = during(site, async |_| Ok(())).await?;
    let switched = during(site, async |over: &AtomicBool| {
        let mut admin = Admin::connect(site.admin, &site.certs()).await?;
        for turn in 0.. {
            if over.load(Ordering::Relaxed) {
                break;
            }
            switch(&mut admin, &versions[turn % versions.len()]).await?;
            tokio::time::sleep(BETWEEN).await;
        }
        Ok(())
    })
    .await?;
    let compiled = during(site, async |over: &AtomicBool| {
        let mut admin = Admin::connect(site.admin, &site.certs()).await?;
        for n in VERSIONS..u8::MAX {
            if over.load(Ordering::Relaxed) {
                break;
            }
            admin.policy("json/versions", variant(n)?, "version").await?;
        }
        Ok(())
    })
    .await?;
    let mut times =
        [("nothing is switched", alone), ("versions are switched", switched), ("versions are compiled", compiled)];
    for (what, times) in &mut times {
        print(&format!("(g) accept, {RATE} a second, while {what}"), times, "p99 <= 2 x the first");
    }
    Ok(())
}

async fn switch(admin: &mut Admin, version: &str) -> Result<()> {
    admin.policy("json/activate", format!(r#"{{"version":"{version}"}}"#), "active").await.map(drop)
}

/// How long requests take while this is done, all of which must be accepted.
async fn during(site: &Site, act: impl AsyncFnOnce(&AtomicBool) -> Result<()>) -> Result<Vec<Duration>> {
    static TURN: AtomicU64 = AtomicU64::new(1);
    let over = Arc::new(AtomicBool::new(false));
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..SENDERS {
        let base = format!("https://localhost:{}", site.partners.port());
        let (partner, over) = (Partner::new(&site.certs(), Some("shop-1"), base)?, over.clone());
        tasks.spawn(async move {
            let mut timer = tokio::time::interval(Duration::from_micros(1_000_000 * SENDERS / RATE));
            let mut times = Vec::new();
            while !over.load(Ordering::Relaxed) {
                timer.tick().await;
                times.push(post(&partner, TURN.fetch_add(1, Ordering::Relaxed)).await?);
            }
            anyhow::Ok(times)
        });
    }
    let end = async {
        tokio::time::sleep(STRETCH).await;
        over.store(true, Ordering::Relaxed);
        Ok(())
    };
    tokio::try_join!(act(&over), end)?;
    let mut times = Vec::new();
    while let Some(done) = tasks.join_next().await {
        times.extend(done??);
    }
    Ok(times)
}

async fn post(partner: &Partner, turn: u64) -> Result<Duration> {
    let body = messages::json(turn, &format!("key-{}", turn % 1_000));
    let began = Instant::now();
    let answer = partner.post("/v1/transactions", "application/json", body.into()).await?;
    ensure!(answer.status.is_success(), "refused with {}", answer.status);
    Ok(began.elapsed())
}

/// The policy `json` in other bytes: a custom section more, which means nothing.
fn variant(n: u8) -> Result<Bytes> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/policies/json.wasm");
    let mut component = std::fs::read(path)?;
    // Number and length of the section, length of its name, its name, and a byte.
    component.extend([0, 7, 5]);
    component.extend(b"bench");
    component.push(n);
    Ok(component.into())
}

fn print(what: &str, times: &mut [Duration], aim: &str) {
    times.sort_unstable();
    let at = |share| quantile(times, share);
    println!(
        "{what:<62} {} times, p50 {:.1?}, p99 {:.1?}, slowest {:.1?}  aim {aim}",
        times.len(),
        at(0.5),
        at(0.99),
        at(1.0)
    );
}
