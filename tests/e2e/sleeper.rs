//! An aggregator that sleeps with rows in its hands, while another takes over, and wakes up late.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tallygate_test_servers::{Cassandra, Kafka};

use crate::harness::audit::Audit;
use crate::harness::eventually::eventually;
use crate::harness::ledger::Ledger;
use crate::harness::process::Process;
use crate::harness::sender::Senders;
use crate::harness::settled::until_drained;
use crate::harness::site::{SPREADS, Site};

const SETTLED: Duration = Duration::from_secs(60);
/// Longer than a sleeping owner keeps its partitions.
const ASLEEP: Duration = Duration::from_secs(20);
/// So seldom that a row seen to wait still waits when the process is stopped at once.
const FLUSH_EVERY: &str = "5 s";
/// In which a row seen after a flush surely waits still.
const SURELY: Duration = Duration::from_secs(3);
const PARTITIONS: u64 = 4;

#[test]
fn with_the_fence_a_sleeper_does_no_harm() {
    let (kafka, cassandra) = (std::thread::spawn(Kafka::start), Cassandra::start().unwrap());
    let kafka = kafka.join().unwrap().unwrap();
    for spread in SPREADS {
        sleeps(&Site::with_log(&kafka, &cassandra).spread_by(spread).with_flush_every(FLUSH_EVERY));
    }
}

fn sleeps(site: &Site) {
    let gateway = site.up("gateway", "gateway,shipper,console");
    let sleeper = site.up("sleeper", "aggregator");
    let senders = Arc::new(Senders::new(&site.certs(), &[gateway.partners_port]));
    senders.send(200, 100);
    until_drained(&gateway, SETTLED);
    let heir = site.up("heir", "aggregator");
    eventually("both own partitions", SETTLED, || match (owned(&sleeper)?, owned(&heir)?) {
        (0, _) | (_, 0) => Err("one of them owns none".to_owned()),
        _ => Ok(()),
    });

    let sending = senders.start(1500, 50);
    let rows = stop_with_rows_in_hand(&sleeper);
    let asleep = Instant::now();
    eventually("the heir owns all", SETTLED, || match owned(&heir)? {
        PARTITIONS => Ok(()),
        owned => Err(format!("it owns {owned}")),
    });
    std::thread::sleep(ASLEEP.saturating_sub(asleep.elapsed()));
    sending.finish();
    until_drained(&gateway, SETTLED);
    let ledger = Ledger::of(&gateway);
    eventually("the heir has counted everything", SETTLED, || {
        let differences = Audit::of(&ledger, &senders).differences();
        if differences.is_empty() { Ok(()) } else { Err(format!("{differences:?}")) }
    });

    let before = sleeper.said().len();
    sleeper.resume();
    // It writes late and is refused, or hears first that the partitions are not its own any more.
    let told = ["a commit came after a partition had gone to another", "partitions go to others"];
    let said = eventually("the sleeper wakes up", SETTLED, || {
        let said = sleeper.said();
        let line = said[before..].lines().find(|line| told.iter().any(|told| line.contains(told)));
        line.map(str::to_owned).ok_or_else(|| sleeper.last_words())
    });
    eprintln!("the sleeper woke up with {rows} rows: {said}");
    std::thread::sleep(Duration::from_secs(5));
    assert_eq!(Audit::of(&ledger, &senders).differences(), Vec::<String>::new());
    drop(heir);
}

fn owned(process: &Process) -> Result<u64, String> {
    Ok(process.metrics()?.value("aggregator_partitions", ""))
}

/// Stops it soon after a flush, when rows wait again: those it has in hand until it wakes up. Returns how many.
fn stop_with_rows_in_hand(process: &Process) -> u64 {
    let flushes = || process.metrics().unwrap().value("aggregator_flush_seconds_count", "");
    let before = flushes();
    let deadline = Instant::now() + SETTLED;
    while flushes() == before {
        assert!(Instant::now() < deadline, "no flush within {SETTLED:?}: {}", process.last_words());
        std::thread::sleep(Duration::from_millis(20));
    }
    let flushed = Instant::now();
    loop {
        let rows = process.metrics().unwrap().value("aggregator_dirty_rows", "");
        if rows > 0 {
            process.pause();
            assert!(flushed.elapsed() < SURELY, "the rows may have been written before it was stopped");
            return rows;
        }
        assert!(flushed.elapsed() < SURELY, "no row waited: the sleeper had nothing in hand");
        std::thread::sleep(Duration::from_millis(20));
    }
}
