//! The tests must be able to fail: with a safeguard switched off, the same audit finds the sums wrong.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use tallygate::faults::Fault;
use tallygate_test_servers::{Cassandra, Kafka, RabbitMq};

use crate::harness::eventually;
use crate::harness::ledger::{Ledger, audit, until_drained};
use crate::harness::process::Process;
use crate::harness::sender::Senders;
use crate::harness::site::Site;

const SETTLED: Duration = Duration::from_secs(60);
/// Longer than a sleeping owner keeps its partitions.
const ASLEEP: Duration = Duration::from_secs(20);

/// So long that the sleeper surely has rows in its hands that it has not written.
const FLUSH_EVERY: &str = "1 s";

fn send(senders: &Senders, transactions: u64, pace: u64) {
    let may_stop = Arc::new(AtomicBool::new(true));
    tokio::runtime::Runtime::new().unwrap().block_on(senders.send(transactions, pace, may_stop));
}

fn up(process: Process) -> Process {
    process.start();
    process.wait_until_up();
    process
}

#[test]
fn without_deduplication_a_resend_counts_twice_and_the_audit_says_so() {
    let site = Site::embedded().with_fault("without-deduplication");
    let process = up(site.process("all", "gateway,shipper,aggregator,console"));
    let senders = Senders::new(&site.certs(), &[process.partners_port]);
    send(&senders, 300, 100);
    until_drained(&process, SETTLED);
    assert_ne!(audit(&Ledger::of(&process), &senders), Vec::<String>::new());
}

#[test]
fn without_the_wait_for_the_confirm_acknowledged_transactions_are_lost_and_the_audit_says_so() {
    let rabbit = RabbitMq::start().unwrap();
    let site = Site::with_queue(&rabbit).with_fault("reply-before-confirm");
    let gateway = up(site.process("gateway", "gateway"));
    let rest = up(site.process("rest", "shipper,aggregator,console"));
    let senders = Senders::new(&site.certs(), &[gateway.partners_port]);
    send(&senders, 100, 100);
    rabbit.kill().unwrap();
    send(&senders, 30, 100);
    gateway.kill();
    rabbit.restart().unwrap();
    gateway.start();
    gateway.wait_until_up();
    send(&senders, 100, 100);
    until_drained(&rest, SETTLED);
    assert_ne!(audit(&Ledger::of(&rest), &senders), Vec::<String>::new());
}

#[test]
fn without_the_fence_a_late_write_of_older_rows_stands_and_the_audit_says_so() {
    let (kafka, cassandra) = (std::thread::spawn(Kafka::start), Cassandra::start().unwrap());
    let kafka = kafka.join().unwrap().unwrap();
    let site = Site::with_log(&kafka, &cassandra);
    let process = up(site.process("all", "gateway,shipper,aggregator,console"));
    let senders = Senders::new(&site.certs(), &[process.partners_port]);
    send(&senders, 150, 100);
    until_drained(&process, SETTLED);
    let ledger = Ledger::of(&process);
    let older = ledger.store(&senders.books.days());
    send(&senders, 150, 100);
    until_drained(&process, SETTLED);
    ledger.write_late(&process, &older, Fault::default());
    assert_eq!(audit(&ledger, &senders), Vec::<String>::new());
    ledger.write_late(&process, &older, Fault { without_fence: true, ..Fault::default() });
    assert_ne!(audit(&ledger, &senders), Vec::<String>::new());
}

#[test]
fn with_the_fence_a_sleeper_does_no_harm() {
    let (kafka, cassandra) = (std::thread::spawn(Kafka::start), Cassandra::start().unwrap());
    let kafka = kafka.join().unwrap().unwrap();
    let site = Site::with_log(&kafka, &cassandra).with_flush_every(FLUSH_EVERY);
    let gateway = up(site.process("gateway", "gateway,shipper,console"));
    let sleeper = up(site.process("sleeper", "aggregator"));
    let senders = Arc::new(Senders::new(&site.certs(), &[gateway.partners_port]));
    send(&senders, 200, 100);
    until_drained(&gateway, SETTLED);
    let heir = up(site.process("heir", "aggregator"));
    // Both own partitions now: the one that wakes up late must have had some.
    std::thread::sleep(Duration::from_secs(8));
    let sending = std::thread::spawn({
        let senders = senders.clone();
        move || send(&senders, 1500, 100)
    });
    std::thread::sleep(Duration::from_millis(1500));
    sleeper.pause();
    std::thread::sleep(ASLEEP);
    sending.join().unwrap();
    until_drained(&gateway, SETTLED);
    let ledger = Ledger::of(&gateway);
    eventually("the heir has counted everything", SETTLED, || {
        let differences = audit(&ledger, &senders);
        if differences.is_empty() { Ok(()) } else { Err(format!("{differences:?}")) }
    });
    sleeper.resume();
    std::thread::sleep(Duration::from_secs(5));
    assert_eq!(audit(&ledger, &senders), Vec::<String>::new());
    drop(heir);
}
