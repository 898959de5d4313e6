//! Without deduplication every message that is sent again counts again.

use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::harness::audit::Audit;
use crate::harness::ledger::Ledger;
use crate::harness::sender::Senders;
use crate::harness::settled::until_drained;
use crate::harness::site::{SPREADS, Site};

const SETTLED: Duration = Duration::from_secs(60);

#[test]
fn without_deduplication_a_resend_counts_twice_and_the_audit_says_so() {
    SPREADS.into_iter().for_each(counts_twice);
}

fn counts_twice(partition_by: &str) {
    let site = Site::embedded().spread_by(partition_by).with_fault("without-deduplication");
    let process = site.up("all", "gateway,shipper,aggregator,console");
    let senders = Senders::new(&site.certs(), &[process.partners_port]);
    senders.send(300, 100);
    until_drained(&process, SETTLED);

    let resent = senders.repeats.resent.load(Ordering::Relaxed);
    let perhaps = senders.repeats.unanswered.load(Ordering::Relaxed);
    assert!(resent > 0, "the fault was given nothing to bite: no message was sent again");
    let audit = Audit::of(&Ledger::of(&process), &senders);
    let store = audit.store_is_off();
    assert_ne!(
        store.too_many, 0,
        "the planted fault did not bite: {resent} transactions were sent again, and count once"
    );
    assert_eq!(store.too_few, 0, "what was sent once is missing, which is another fault: {:?}", audit.differences());
    assert!((resent..=resent + perhaps).contains(&store.too_many), "{resent} sent again: {store:?}");
    assert_eq!(audit.topic_is_off(), store, "store and topic are wrong in the same way");
    assert!(!audit.differences().is_empty(), "the audit that the other tests make must say so");
}
