//! Without the wait for the queue's confirm, transactions are acknowledged that nobody has.

use std::time::Duration;

use tallygate_test_servers::RabbitMq;

use crate::harness::audit::Audit;
use crate::harness::ledger::Ledger;
use crate::harness::sender::Senders;
use crate::harness::settled::until_drained;
use crate::harness::site::{SPREADS, Site};

const SETTLED: Duration = Duration::from_secs(60);

#[test]
fn without_the_wait_for_the_confirm_acknowledged_transactions_are_lost_and_the_audit_says_so() {
    let rabbit = RabbitMq::start().unwrap();
    SPREADS.into_iter().for_each(|spread| confirms_nothing(&rabbit, spread));
}

fn confirms_nothing(rabbit: &RabbitMq, partition_by: &str) {
    let site = Site::with_queue(rabbit).spread_by(partition_by).with_fault("reply-before-confirm");
    let gateway = site.up("gateway", "gateway");
    let rest = site.up("rest", "shipper,aggregator,console");
    let senders = Senders::new(&site.certs(), &[gateway.partners_port]);
    senders.send(100, 100);
    rabbit.kill().unwrap();
    let before = senders.books.count();
    senders.send(30, 100);
    let meanwhile = senders.books.count() - before;
    assert!(meanwhile >= 30, "the planted fault did not bite: nothing was acknowledged while the queue was away");
    gateway.kill();
    rabbit.restart().unwrap();
    gateway.start();
    gateway.wait_until_up();
    senders.send(100, 100);
    until_drained(&rest, SETTLED);

    let audit = Audit::of(&Ledger::of(&rest), &senders);
    let store = audit.store_is_off();
    assert_ne!(
        store.too_few, 0,
        "the planted fault did not bite: all that was acknowledged without a confirm is there"
    );
    assert!(store.too_few >= meanwhile, "acknowledged while the queue was away: {meanwhile}, missing: {store:?}");
    assert_eq!(store.too_many, 0, "some count twice, which is another fault: {:?}", audit.differences());
    assert_eq!(audit.topic_is_off(), store, "store and topic are wrong in the same way");
    assert!(!audit.differences().is_empty(), "the audit that the other tests make must say so");
}
