//! (e) From POST to visible, in Cassandra and on the page, at 1,000 a second; (f) the appliance's memory meanwhile.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use tallygate::demo::Partner;
use tallygate_core::{Aggregate, Day, Identity, PartitionBy, partition};
use tallygate_sums::{Cassandra as CassandraSums, CassandraOptions, Sums};
use tallygate_test_servers::{Cassandra, Kafka, RabbitMq};
use tokio::sync::watch;

use crate::child::{Measured, until_up};
use crate::measure::quantile;
use crate::messages;
use crate::page;
use crate::site::Site;

const RATE: u64 = 1_000;
const SENDERS: u64 = 32;
/// In which servers that compile themselves while they run have done so.
const WARM_UP: Duration = Duration::from_secs(45);
const PROBES: u64 = 300;
const KEY: &str = "probe";
const POLL: Duration = Duration::from_millis(1);
const WITHIN: Duration = Duration::from_secs(10);

/// What is aimed at, where all of it, the servers too, runs on the same two cores.
struct Aims {
    stored: &'static str,
    shown: &'static str,
}

const SERVERS: Aims = Aims { stored: "p50 <= 70 ms, p99 <= 150 ms", shown: "p50 <= 70 ms, p99 <= 180 ms" };
const EMBEDDED: Aims = Aims { stored: "p99 <= 50 ms", shown: "p99 <= 50 ms" };

pub fn measure() -> Result<()> {
    let (rabbit, kafka, cassandra) = (RabbitMq::start()?, Kafka::start()?, Cassandra::start()?);
    let site = Site::on(&rabbit, &kafka, &cassandra)?;
    let store = CassandraOptions::new(vec![cassandra.contact_point()]);
    appliance(&site, "RabbitMQ, Kafka, Cassandra", &SERVERS, Some(store))?;
    drop((rabbit, kafka, cassandra));
    appliance(&Site::new("")?, "embedded", &EMBEDDED, None)
}

fn appliance(site: &Site, what: &str, aims: &Aims, store: Option<CassandraOptions>) -> Result<()> {
    let appliance = Measured::tallygate(&site.config(), "gateway,shipper,aggregator,console")?;
    until_up(site.partners)?;
    let runtime = tokio::runtime::Runtime::new()?;
    let (mut stored, mut shown, resident, sent) = runtime.block_on(async {
        let may_stop = Arc::new(AtomicBool::new(false));
        let load =
            tokio::spawn(load(site.certs(), format!("https://localhost:{}", site.partners.port()), may_stop.clone()));
        tokio::time::sleep(WARM_UP).await;
        let probed = probe(site, store).await;
        let resident = appliance.resident();
        may_stop.store(true, Ordering::Relaxed);
        let sent = load.await??;
        let (stored, shown) = probed?;
        anyhow::Ok((stored, shown, resident?, sent))
    })?;
    for (name, values, aim) in [("in the store", &mut stored, aims.stored), ("on the page", &mut shown, aims.shown)] {
        values.sort();
        if !values.is_empty() {
            let (p50, p99) = (quantile(values, 0.5), quantile(values, 0.99));
            println!(
                "(e) POST to visible {name}, {what}: p50 {p50:.1?} p99 {p99:.1?} over {} probes  aim {aim}",
                values.len()
            );
        }
    }
    println!("(e) the load was {sent:.0} requests a second, 2 KB each");
    println!("(f) resident memory of the whole appliance, {what}: {} MB  aim <= 200", resident / 1_000_000);
    Ok(())
}

/// Sends at the rate until it may stop; returns the rate that came about.
async fn load(certs: std::path::PathBuf, base: String, may_stop: Arc<AtomicBool>) -> Result<f64> {
    let (turn, start) = (Arc::new(AtomicU64::new(0)), Instant::now());
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..SENDERS {
        let (partner, turn, may_stop) =
            (Partner::new(&certs, Some("shop-1"), base.clone())?, turn.clone(), may_stop.clone());
        tasks.spawn(async move {
            let mut timer = tokio::time::interval(Duration::from_micros(1_000_000 * SENDERS / RATE));
            while !may_stop.load(Ordering::Relaxed) {
                timer.tick().await;
                let turn = turn.fetch_add(1, Ordering::Relaxed);
                let body = messages::json(turn, &format!("key-{}", turn % 10_000));
                let answer = partner.post("/v1/transactions", "application/json", body.into()).await?;
                ensure!(answer.status.is_success(), "refused with {}", answer.status);
            }
            Ok(())
        });
    }
    while let Some(done) = tasks.join_next().await {
        done??;
    }
    Ok(turn.load(Ordering::Relaxed) as f64 / start.elapsed().as_secs_f64())
}

/// One probe at a time, under a key of its own: how long until the store has it, and until the page shows it.
async fn probe(site: &Site, store: Option<CassandraOptions>) -> Result<(Vec<Duration>, Vec<Duration>)> {
    let partner = Partner::new(&site.certs(), Some("shop-1"), format!("https://localhost:{}", site.partners.port()))?;
    let store = store.map(CassandraSums::new).transpose()?;
    let (told, mut shows) = watch::channel(0);
    let watching = tokio::spawn(page::watch(site.admin, site.certs(), KEY, told));
    let log_partition = partition::partition(PartitionBy::Key, KEY, Identity(0), 4);
    let day = Day::of_unix_millis(jiff::Timestamp::now().as_millisecond());
    let (mut stored, mut shown) = (Vec::new(), Vec::new());
    for probe in 1..=PROBES {
        let body = messages::json(1_000_000_000_000 + probe, KEY);
        let start = Instant::now();
        let answer = partner.post("/v1/transactions", "application/json", body.into()).await?;
        ensure!(answer.status.is_success(), "refused with {}", answer.status);
        let in_store = async {
            let Some(store) = &store else { return Ok(None) };
            loop {
                let rows = store.read(Aggregate::Daily, day, log_partition, Some(KEY)).await?;
                if rows.first().is_some_and(|row| row.count >= probe) {
                    return anyhow::Ok(Some(start.elapsed()));
                }
                tokio::time::sleep(POLL).await;
            }
        };
        let on_page = async {
            shows.wait_for(|count| *count >= probe).await.context("the page is gone")?;
            anyhow::Ok(start.elapsed())
        };
        let (in_store, on_page) = tokio::time::timeout(WITHIN, async { tokio::try_join!(in_store, on_page) })
            .await
            .with_context(|| format!("probe {probe} is not visible within {WITHIN:?}"))??;
        stored.extend(in_store);
        shown.push(on_page);
        tokio::time::sleep(Duration::from_millis(7 * (probe % 11))).await;
    }
    watching.abort();
    Ok((stored, shown))
}
