//! Processes killed, stopped and put to sleep, and servers killed and hung, in an order from a seed, close upon each other; the sums
//! stay exact.

use std::sync::Arc;
use std::thread::sleep;
use std::time::Duration;

use crate::harness::audit::Audit;
use crate::harness::backends::Servers;
use crate::harness::chance::{Chance, seeds};
use crate::harness::ledger::Ledger;
use crate::harness::line::Line;
use crate::harness::names::Names;
use crate::harness::process::Process;
use crate::harness::sender::{Senders, soak};
use crate::harness::settled::until_balanced;
use crate::harness::site::{SPREADS, Site};

const SETTLED: Duration = Duration::from_secs(180);
/// Messages a second for each partner.
const PACE: u64 = 60;
const TRANSACTIONS: u64 = 100_000;
/// After so many faults everything is counted.
const FAULTS: usize = 12;
/// Something hangs for less than so many milliseconds.
const HANGS: usize = 14_000;

#[test]
#[ignore = "goes on for long; make soak runs it"]
fn on_real_servers_in_any_order_every_acknowledged_transaction_counts_once() {
    let wanted = soak().unwrap_or(TRANSACTIONS);
    let servers = Servers::start();
    let mut counted = 0;
    for seed in seeds(0..4) {
        eprintln!("this run is TALLYGATE_SEEDS={seed}..{}", seed + 1);
        counted += run(&servers, seed);
        if counted >= wanted {
            break;
        }
    }
}

/// One line, some faults, and the audit; returns how many transactions it took.
fn run(servers: &Servers, seed: u64) -> u64 {
    let mut chance = Chance::of(seed);
    let site = Site::real(servers).spread_by(SPREADS[seed as usize % SPREADS.len()]);
    let line = Line::up(&site);
    let senders = Arc::new(Senders::new(&site.certs(), &line.ports()));
    let sending = senders.start(1, PACE);
    for _ in 0..FAULTS {
        fault(&line, servers, &mut chance);
        pause(&mut chance, 3_000);
    }
    sending.finish();
    let [gateway, other] = &line.gateways;
    let report = until_balanced(gateway, &[other], SETTLED);
    assert_eq!(Audit::of(&Ledger::of(gateway), &senders).differences(), Vec::<String>::new(), "seed {seed}");
    eprintln!("seed {seed}: {} transactions, {} redelivered", senders.books.count(), report["redelivered"]);
    line.stop();
    senders.books.count()
}

fn fault(line: &Line, servers: &Servers, chance: &mut Chance) {
    let one = chance.below(2);
    let aggregator = &line.aggregators[one];
    match chance.below(12) {
        0 | 1 => again(chance, || aggregator.kill(), || up_again(aggregator)),
        2 => again(
            chance,
            || assert!(aggregator.stop().success(), "{}", aggregator.last_words()),
            || up_again(aggregator),
        ),
        // From shorter to longer than the group misses it.
        3 => {
            aggregator.pause();
            pause(chance, HANGS);
            aggregator.resume();
        }
        4 => again(chance, || line.shippers[one].kill(), || up_again(&line.shippers[one])),
        5 => again(chance, || line.gateways[one].kill(), || up_again(&line.gateways[one])),
        6 | 7 => again(chance, || servers.kafka.kill().unwrap(), || servers.kafka.restart().unwrap()),
        8 => {
            servers.kafka.pause().unwrap();
            pause(chance, HANGS);
            servers.kafka.resume().unwrap();
        }
        9 => again(chance, || servers.cassandra.kill().unwrap(), || servers.cassandra.restart().unwrap()),
        10 => again(chance, || servers.rabbit.kill().unwrap(), || servers.rabbit.restart().unwrap()),
        _ => {
            let names = Names::of(aggregator);
            servers.cassandra.cql(&format!("TRUNCATE {}.daily_sums", names.keyspace)).unwrap();
        }
    }
}

fn again(chance: &mut Chance, end: impl FnOnce(), start: impl FnOnce()) {
    end();
    pause(chance, 2_500);
    start();
}

fn up_again(process: &Process) {
    process.start();
    process.wait_until_up();
}

/// For less than so many milliseconds.
fn pause(chance: &mut Chance, most: usize) {
    sleep(Duration::from_millis(chance.below(most) as u64));
}
