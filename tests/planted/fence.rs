//! Without the fence, rows that a former owner writes late stand in place of newer ones.

use std::collections::BTreeMap;
use std::time::Duration;

use tallygate::config::Config;
use tallygate::faults::Fault;
use tallygate_core::{Row, RowKey};
use tallygate_test_servers::{Cassandra, Kafka};

use crate::harness::audit::{Audit, Off};
use crate::harness::ledger::Ledger;
use crate::harness::process::Process;
use crate::harness::sender::Senders;
use crate::harness::settled::until_drained;
use crate::harness::site::{SPREADS, Site};

const SETTLED: Duration = Duration::from_secs(60);

#[test]
fn without_the_fence_a_late_write_of_older_rows_stands_and_the_audit_says_so() {
    let (kafka, cassandra) = (std::thread::spawn(Kafka::start), Cassandra::start().unwrap());
    let kafka = kafka.join().unwrap().unwrap();
    SPREADS.into_iter().for_each(|spread| writes_late(&Site::with_log(&kafka, &cassandra).spread_by(spread)));
}

fn writes_late(site: &Site) {
    let process = site.up("all", "gateway,shipper,aggregator,console");
    let senders = Senders::new(&site.certs(), &[process.partners_port]);
    senders.send(150, 100);
    until_drained(&process, SETTLED);
    let ledger = Ledger::of(&process);
    let older = ledger.store(&senders.books.days());
    senders.send(150, 100);
    until_drained(&process, SETTLED);
    let newer = ledger.store(&senders.books.days());
    // Of each row that was written again meanwhile.
    let late: u64 = older.iter().map(|(at, row)| newer[at].count - row.count).sum();
    assert!(late > 0, "the fault was given nothing to bite: no row is older than what stands");

    write_late(&process, &older, None);
    assert_eq!(Audit::of(&ledger, &senders).differences(), Vec::<String>::new());
    write_late(&process, &older, Some(Fault::WithoutFence));
    let audit = Audit::of(&ledger, &senders);
    let store = audit.store_is_off();
    assert_ne!(store, Off::default(), "the planted fault did not bite: the older rows do not stand");
    assert_eq!(
        store,
        Off { too_many: 0, too_few: late },
        "what came after the older rows is missing, no more, no less"
    );
    assert_eq!(audit.topic_is_off(), Off::default(), "a late write goes to the store alone");
    assert!(!audit.differences().is_empty(), "the audit that the other tests make must say so");
}

/// Writes rows as a process would that slept since it had them in its hands.
fn write_late(process: &Process, rows: &BTreeMap<RowKey, Row>, fault: Option<Fault>) {
    let mut config = Config::load(&process.config).unwrap();
    if let Some(fault) = fault {
        fault.plant(&mut config);
    }
    let rows: Vec<Row> = rows.values().cloned().collect();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async { tallygate::parts::sums(&config).unwrap().upsert(&rows).await.unwrap() });
}
