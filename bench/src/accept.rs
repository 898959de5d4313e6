//! (b) The accept path: 2 KB over TLS keep-alive, 64 connections, with everything as it ships. Floor: bare hyper and rustls
//! answering 202, on whichever of two kinds of runtime takes less CPU time.

use std::path::Path;

use anyhow::{Result, ensure};
use tallygate_test_servers::RabbitMq;

use crate::aims::{self, Line};
use crate::child::{Log, Measured, free, until_up};
use crate::client::Http;
use crate::load::Server;
use crate::measure::Cost;
use crate::paced::{self, Senders};
use crate::publish;
use crate::report::Report;
use crate::site::Site;

/// What a bare server takes for a request.
struct Floor {
    one: Cost,
    two: Cost,
}

pub fn measure(report: &mut Report) -> Result<()> {
    let floor = Floor::measure(&Site::new("")?.certs())?;
    embedded(report, &floor)?;
    chain(report, &floor)?;
    rabbit(report, &floor)
}

impl Floor {
    fn measure(certs: &Path) -> Result<Self> {
        let [shared, apart] = ["shared", "apart"].map(|kind| Self::of(kind, certs));
        let (shared, apart) = (shared?, apart?);
        Ok(Self { one: least(shared.one, apart.one), two: least(shared.two, apart.two) })
    }

    fn of(kind: &str, certs: &Path) -> Result<Self> {
        let server = Server::new(free()?, certs);
        let process = Measured::floor(&["accept", kind, &server.address.to_string(), &certs.display().to_string()])?;
        until_up(server.address)?;
        let floor = Self { one: server.cost(Http::One, &process)?, two: server.cost(Http::Two, &process)? };
        println!(
            "(b) floor, hyper and rustls alone, threads {}: cpu {:.2} us HTTP/1.1, {:.2} us HTTP/2",
            if kind == "shared" { "that share their work" } else { "of their own, one a core" },
            floor.one.cpu_micros(),
            floor.two.cpu_micros()
        );
        Ok(floor)
    }
}

fn least(one: Cost, other: Cost) -> Cost {
    if other.cpu_micros() < one.cpu_micros() { other } else { one }
}

fn embedded(report: &mut Report, floor: &Floor) -> Result<()> {
    let site = Site::new("")?;
    let process = Measured::alone(&site.config(), Log::Shipped)?;
    until_up(site.partners)?;
    let server = Server::new(site.partners, &site.certs());
    let one = logged(report, &aims::ACCEPT_1, &server, Http::One, &process, &floor.one)?;
    let two = logged(report, &aims::ACCEPT_2, &server, Http::Two, &process, &floor.two)?;
    let pace = |http, connections, one_is_busy, rate| {
        paced::measure("(b) accept, embedded queue", &server, Senders { http, connections, one_is_busy }, rate)
    };
    pace(Http::One, 64, false, one.rate() / 2.0)?;
    pace(Http::Two, 64, false, two.rate() / 2.0)?;
    pace(Http::Two, 8, false, two.rate() / 2.0)?;
    pace(Http::Two, 2, false, two.rate() / 2.0)?;
    pace(Http::Two, 8, true, two.rate() / 2.0)?;
    drop(process);
    let site = Site::new("")?;
    let process = Measured::alone(&site.config(), Log::Warnings)?;
    until_up(site.partners)?;
    let silent = Server::new(site.partners, &site.certs()).cost(Http::One, &process)?;
    println!("(b) of which the line of the log: {:.2} us", one.cpu_micros() - silent.cpu_micros());
    Ok(())
}

/// What a process takes for a request, each of which it logs.
fn logged(
    report: &mut Report,
    line: &Line,
    server: &Server,
    http: Http,
    process: &Measured,
    floor: &Cost,
) -> Result<Cost> {
    let before = process.lines();
    let cost = server.cost(http, process)?;
    let lines = process.lines() - before;
    // What a collector is too slow for is dropped, and then it is not what is measured.
    ensure!(lines >= cost.units, "{} requests left {lines} lines in the log", cost.units);
    report.figure(line, &cost, Some(floor));
    Ok(cost)
}

fn chain(report: &mut Report, floor: &Floor) -> Result<()> {
    let site = Site::new("")?;
    let process = Measured::tallygate(&site.config(), "gateway,shipper,aggregator,console")?;
    until_up(site.partners)?;
    let server = Server::new(site.partners, &site.certs());
    logged(report, &aims::CHAIN, &server, Http::One, &process, &floor.one)?;
    Ok(())
}

fn rabbit(report: &mut Report, floor: &Floor) -> Result<()> {
    let rabbit = RabbitMq::start()?;
    publish::measure(report, &rabbit)?;
    let site = Site::new(&format!("[queue]\nbackend = \"amqp\"\nurl = \"{}\"\n", rabbit.url()))?;
    let process = Measured::tallygate(&site.config(), "gateway")?;
    until_up(site.partners)?;
    let server = Server::new(site.partners, &site.certs());
    let one = logged(report, &aims::RABBIT_1, &server, Http::One, &process, &floor.one)?;
    let _ = logged(report, &aims::RABBIT_2, &server, Http::Two, &process, &floor.two)?;
    let senders = Senders { http: Http::One, connections: 64, one_is_busy: false };
    paced::measure("(b) accept, RabbitMQ", &server, senders, one.rate() / 2.0)
}
