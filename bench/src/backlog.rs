//! (j) A backlog that is worked off while partners send: how long their requests take meanwhile, beside those of the same
//! process when it is gone, how fast it goes, and the memory it takes.

use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};
use tallygate::config::QueueOptions;
use tallygate::parts::read_stream;
use tallygate_queue::{AmqpOptions, AmqpQueue, EmbeddedQueue};
use tallygate_stream::Topic;
use tallygate_test_servers::{Cassandra, Kafka, RabbitMq};
use tokio::runtime::Runtime;

use crate::child::{Measured, until_up};
use crate::client::Http;
use crate::load::Server;
use crate::log::{TOPIC, total};
use crate::measure::quantile;
use crate::paced::{self, Senders};
use crate::reconcile::load;
use crate::ship::fill;
use crate::site::Site;

/// An hour's at 1,000 a second; with the servers a part of it, so that the run stays short.
const EMBEDDED_MESSAGES: u64 = 3_600_000;
const MESSAGES: u64 = 1_000_000;
/// Requests a second.
const RATE: f64 = 1_000.0;
const SENDERS: Senders = Senders { http: Http::One, connections: 64, one_is_busy: false };
/// Before requests are measured: in the first seconds all the servers are busy with beginning, and little is worked off.
const BEGUN: Duration = Duration::from_secs(10);
/// Between the end of the backlog and the requests that are measured without one.
const OVER: Duration = Duration::from_secs(5);
const TIME: Duration = Duration::from_secs(300);
const LOOK: Duration = Duration::from_millis(50);

pub fn measure() -> Result<()> {
    embedded()?;
    let (rabbit, kafka, cassandra) = (RabbitMq::start()?, Kafka::start()?, Cassandra::start()?);
    Runtime::new()?
        .block_on(async { fill(&AmqpQueue::open(AmqpOptions::new(rabbit.url(), TOPIC))?, MESSAGES).await })?;
    worked_off("RabbitMQ, Kafka, Cassandra", &Site::on(&rabbit, &kafka, &cassandra)?, MESSAGES)
}

fn embedded() -> Result<()> {
    let site = Site::new("")?;
    let QueueOptions::Embedded(folder) = load(&site.config())?.queue else { bail!("the site is not embedded") };
    Runtime::new()?.block_on(async { fill(&EmbeddedQueue::open(folder)?, EMBEDDED_MESSAGES).await })?;
    worked_off("embedded", &site, EMBEDDED_MESSAGES)
}

fn worked_off(what: &str, site: &Site, messages: u64) -> Result<()> {
    let process = Measured::tallygate(&site.config(), "gateway,shipper,aggregator,console")?;
    until_up(site.partners)?;
    let (began, runtime) = (Instant::now(), Runtime::new()?);
    let config = load(&site.config())?;
    let server = Server::new(site.partners, &site.certs());
    // The log, and how much of it is summed.
    let bounds = || runtime.block_on(async { anyhow::Ok(read_stream(&config)?.bounds(Topic::Transactions).await?) });
    std::thread::sleep(BEGUN);
    let meanwhile = paced::times(&server, SENDERS, RATE)?;
    let shipped = total(&bounds()?);
    ensure!(shipped < messages, "{what}: the backlog was gone before requests were measured beside it");
    until(|| Ok(total(&bounds()?) >= messages))?;
    let rate = messages as f64 / began.elapsed().as_secs_f64();
    until(|| Ok(bounds()?.iter().all(|partition| partition.committed == partition.high)))?;
    let (summed, peak) = (messages as f64 / began.elapsed().as_secs_f64(), process.peak()?);
    std::thread::sleep(OVER);
    let after = paced::times(&server, SENDERS, RATE)?;
    let [p50, p99] = [0.5, 0.99].map(|share| [&meanwhile, &after].map(|times| quantile(times, share)));
    println!(
        "(j) accept at {RATE:.0} a second, {what}: p50 {:.2?} p99 {:.2?} beside a backlog, p50 {:.2?} p99 {:.2?} without, p99 {:.2} x  aim 1.25 x",
        p50[0],
        p99[0],
        p50[1],
        p99[1],
        p99[0].as_secs_f64() / p99[1].as_secs_f64()
    );
    println!(
        "(j) a backlog of {messages}, {what}: shipped at {rate:.0} a second, summed at {summed:.0}, memory at most {} MB",
        peak / 1_000_000
    );
    Ok(())
}

fn until(is_so: impl Fn() -> Result<bool>) -> Result<()> {
    let end = Instant::now() + TIME;
    while !is_so()? {
        ensure!(Instant::now() < end, "the backlog is not worked off after {TIME:?}");
        std::thread::sleep(LOOK);
    }
    Ok(())
}
