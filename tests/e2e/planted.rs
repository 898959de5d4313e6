//! The tests must be able to fail: with a safeguard switched off, the same audit finds the sums wrong.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

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
fn without_the_fence_a_sleeper_overwrites_newer_rows_and_the_audit_says_so() {
    assert_ne!(after_a_sleep("without-fence"), Vec::<String>::new());
}

#[test]
fn with_the_fence_a_sleeper_does_no_harm() {
    assert_eq!(after_a_sleep("none"), Vec::<String>::new());
}

/// The audit after an owner slept with work in its hands, was replaced, and woke when all traffic was over.
fn after_a_sleep(fault: &'static str) -> Vec<String> {
    let (kafka, cassandra) = (std::thread::spawn(Kafka::start), Cassandra::start().unwrap());
    let kafka = kafka.join().unwrap().unwrap();
    let site = Site::with_log(&kafka, &cassandra).with_fault(fault).with_flush_every(FLUSH_EVERY);
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
    let mut before = audit(&ledger, &senders);
    eventually("the heir has counted everything", SETTLED, || {
        before = audit(&ledger, &senders);
        if before.is_empty() { Ok(()) } else { Err(format!("{before:?}")) }
    });
    sleeper.resume();
    std::thread::sleep(Duration::from_secs(5));
    let found = audit(&ledger, &senders);
    drop(heir);
    found
}
