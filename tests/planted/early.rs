//! A shipper that acknowledges before the log has the records loses what it holds when it is killed.

use std::time::Duration;

use tallygate_test_servers::Kafka;

use crate::harness::audit::{Audit, missing_in_store};
use crate::harness::eventually::eventually;
use crate::harness::ledger::Ledger;
use crate::harness::sender::Senders;
use crate::harness::settled::{queue_depth, until_drained};
use crate::harness::site::{SPREADS, Site};

const SETTLED: Duration = Duration::from_secs(60);
const BITTEN: Duration = Duration::from_secs(20);

#[test]
fn without_the_wait_for_the_log_acknowledged_transactions_are_lost_and_the_audit_says_so() {
    let kafka = Kafka::start().unwrap();
    SPREADS.into_iter().for_each(|spread| acknowledges_early(&kafka, spread));
}

fn acknowledges_early(kafka: &Kafka, partition_by: &str) {
    let site = Site::with_stream(kafka).spread_by(partition_by).with_fault("acknowledge-before-append");
    let process = site.up("all", "gateway,shipper,aggregator,console");
    let senders = Senders::new(&site.certs(), &[process.partners_port]);
    let ledger = Ledger::of(&process);
    // An empty queue says nothing here: what it gave away may not have reached the log.
    let until_missing = |most: u64| {
        eventually("all else is counted", SETTLED, || {
            let missing = missing_in_store(&ledger, &senders);
            if missing <= most { Ok(()) } else { Err(format!("{missing} are not")) }
        });
    };
    senders.send(100, 100);
    until_missing(0);
    kafka.kill().unwrap();
    let messages = || process.metrics().unwrap().value("front_messages_total", "");
    let (before, messages_before) = (senders.books.count(), messages());
    senders.send(60, 100);
    let meanwhile = senders.books.count() - before;
    assert!(meanwhile >= 60, "nothing was acknowledged while the log was away, though the queue was there");
    // A shipper that waits for the log leaves in the queue what it has leased.
    eventually("the shipper acknowledges what the log has not", BITTEN, || {
        let (acknowledged, depth) = (messages() - messages_before, queue_depth(&process));
        let said = format!("the planted fault did not bite: {acknowledged} messages came, and the queue holds {depth}");
        if depth < acknowledged { Ok(()) } else { Err(said) }
    });
    process.kill();
    kafka.restart().unwrap();
    process.start();
    process.wait_until_up();
    senders.send(100, 100);
    until_missing(meanwhile);
    until_drained(&process, SETTLED);

    let audit = Audit::of(&Ledger::of(&process), &senders);
    let store = audit.store_is_off();
    assert_ne!(store.too_few, 0, "the planted fault did not bite: the log has all that the killed shipper held");
    assert_eq!(store.too_many, 0, "some count twice, which is another fault: {:?}", audit.differences());
    assert_eq!(audit.topic_is_off(), store, "store and topic are wrong in the same way");
    assert!(!audit.differences().is_empty(), "the audit that the other tests make must say so");
}
