//! Every role and every real server killed in turn under traffic, an aggregator put to sleep; the sums stay exact. With a
//! safeguard switched off they do not, or the test would prove nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::harness::ledger::{Ledger, audit, until_balanced};
use crate::harness::process::Process;
use crate::harness::sender::Senders;
use crate::harness::site::{Servers, Site};

const SETTLED: Duration = Duration::from_secs(180);
/// What `make soak` raises.
const TRANSACTIONS: u64 = 6_000;
/// Messages a second for each partner; the soak's is without a bound.
const PACE: u64 = 40;

#[test]
fn on_real_servers_whatever_is_killed_every_acknowledged_transaction_counts_once() {
    let soak: Option<u64> = std::env::var("TALLYGATE_SOAK").ok().map(|count| count.parse().unwrap());
    let (transactions, pace) = soak.map_or((TRANSACTIONS, PACE), |count| (count, 100_000));
    let servers = Servers::start();
    let site = Site::real(&servers);
    let processes: Vec<Process> = ["gateway", "shipper", "aggregator", "console"]
        .into_iter()
        .flat_map(|role| [1, 2].map(|n| site.process(&format!("{role}-{n}"), role)))
        .collect();
    processes.iter().for_each(Process::start);
    processes.iter().for_each(Process::wait_until_up);
    let gateways = [&processes[0], &processes[1]];
    let senders = Arc::new(Senders::new(&site.certs(), &gateways.map(|gateway| gateway.partners_port)));
    let may_stop = Arc::new(AtomicBool::new(false));
    let sending = std::thread::spawn({
        let (senders, may_stop) = (senders.clone(), may_stop.clone());
        move || tokio::runtime::Runtime::new().unwrap().block_on(senders.send(transactions, pace, may_stop))
    });
    kill_everything_in_turn(&servers, &processes);
    may_stop.store(true, Ordering::Relaxed);
    sending.join().unwrap();
    until_balanced(gateways[0], &[gateways[1]], SETTLED);
    assert_eq!(audit(&Ledger::of(gateways[0]), &senders), Vec::<String>::new());
    assert!(senders.books.count() >= transactions * 9 / 10);
    for process in &processes {
        assert!(process.stop().success(), "{}: {}", process.name, process.last_words());
    }
}

fn kill_everything_in_turn(servers: &Servers, processes: &[Process]) {
    let pause = || std::thread::sleep(Duration::from_secs(2));
    for process in processes.iter().step_by(2) {
        pause();
        process.kill();
        pause();
        process.start();
        process.wait_until_up();
    }
    pause();
    servers.rabbit.kill().unwrap();
    pause();
    servers.rabbit.restart().unwrap();
    pause();
    servers.kafka.kill().unwrap();
    pause();
    servers.kafka.restart().unwrap();
    pause();
    servers.cassandra.kill().unwrap();
    pause();
    servers.cassandra.restart().unwrap();
    let sleeper = &processes[5];
    sleeper.pause();
    std::thread::sleep(Duration::from_secs(30));
    sleeper.resume();
    pause();
}
