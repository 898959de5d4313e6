//! Processes killed, stopped and put to sleep, and servers killed and hung, in an order from a seed, close upon each other; the sums
//! stay exact.

use std::sync::Arc;
use std::thread::sleep;
use std::time::Duration;

use crate::harness::audit::Audit;
use crate::harness::backends::Servers;
use crate::harness::chance::Chance;
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

#[test]
#[ignore = "goes on for long; make soak runs it"]
fn on_real_servers_in_any_order_every_acknowledged_transaction_counts_once() {
    let from_to = std::env::var("TALLYGATE_SEEDS").unwrap_or_else(|_| "0..4".to_owned());
    let (from, to) = from_to.split_once("..").unwrap();
    let (from, to): (u64, u64) = (from.parse().unwrap(), to.parse().unwrap());
    let (wanted, mut counted) = (soak().unwrap_or(TRANSACTIONS), 0);
    let servers = Servers::start();
    for seed in from..to {
        if counted >= wanted {
            return;
        }
        println!("seed {seed}");
        let mut chance = Chance::of(seed);
        let site = Site::real(&servers).spread_by(SPREADS[seed as usize % SPREADS.len()]);
        let line = Line::up(&site);
        let senders = Arc::new(Senders::new(&site.certs(), &line.ports()));
        let sending = senders.start(1, PACE);
        for _ in 0..FAULTS {
            fault(&line, &servers, &mut chance);
            sleep(Duration::from_millis(chance.below(3_000) as u64));
        }
        sending.finish();
        let [gateway, other] = &line.gateways;
        let report = until_balanced(gateway, &[other], SETTLED);
        assert_eq!(Audit::of(&Ledger::of(gateway), &senders).differences(), Vec::<String>::new());
        counted += senders.books.count();
        println!("seed {seed}: {} transactions, {} redelivered", senders.books.count(), report["redelivered"]);
        line.stop();
    }
}

fn fault(line: &Line, servers: &Servers, chance: &mut Chance) {
    let one = chance.below(2);
    let aggregator = &line.aggregators[one];
    let short = |chance: &mut Chance| sleep(Duration::from_millis(chance.below(2_500) as u64));
    match chance.below(12) {
        0 | 1 => again(aggregator, chance, Process::kill),
        2 => again(aggregator, chance, |process| assert!(process.stop().success(), "{}", process.last_words())),
        // From shorter to longer than the group misses it.
        3 => {
            aggregator.pause();
            sleep(Duration::from_secs(chance.below(14) as u64));
            aggregator.resume();
        }
        4 => again(&line.shippers[one], chance, Process::kill),
        5 => again(&line.gateways[one], chance, Process::kill),
        6 | 7 => {
            servers.kafka.kill().unwrap();
            short(chance);
            servers.kafka.restart().unwrap();
        }
        8 => {
            servers.kafka.pause().unwrap();
            sleep(Duration::from_secs(chance.below(14) as u64));
            servers.kafka.resume().unwrap();
        }
        9 => {
            servers.cassandra.kill().unwrap();
            short(chance);
            servers.cassandra.restart().unwrap();
        }
        10 => {
            servers.rabbit.kill().unwrap();
            short(chance);
            servers.rabbit.restart().unwrap();
        }
        _ => {
            let names = Names::of(aggregator);
            servers.cassandra.cql(&format!("TRUNCATE {}.daily_sums", names.keyspace)).unwrap();
        }
    }
}

fn again(process: &Process, chance: &mut Chance, end: impl FnOnce(&Process)) {
    end(process);
    sleep(Duration::from_millis(chance.below(2_500) as u64));
    process.start();
    process.wait_until_up();
}
