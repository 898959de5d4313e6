//! The whole line on the embedded defaults, in one process.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::harness::audit::Audit;
use crate::harness::ledger::Ledger;
use crate::harness::sender::Senders;
use crate::harness::settled::until_balanced;
use crate::harness::site::Site;

const ALL: &str = "gateway,shipper,aggregator,console";
const SETTLED: Duration = Duration::from_secs(60);
const TRANSACTIONS: u64 = 600;

#[test]
fn an_embedded_line_killed_ten_times_stays_exact() {
    killed_ten_times("key");
}

#[test]
fn an_embedded_line_killed_ten_times_stays_exact_spread_by_id() {
    killed_ten_times("id");
}

fn killed_ten_times(partition_by: &str) {
    let site = Site::embedded().spread_by(partition_by);
    let process = site.up("all", ALL);
    let senders = Arc::new(Senders::new(&site.certs(), &[process.partners_port]));
    let sending = senders.start(TRANSACTIONS, 60);
    for _ in 0..10 {
        std::thread::sleep(Duration::from_millis(700));
        process.kill();
        process.start();
        process.wait_until_up();
    }
    sending.finish();
    until_balanced(&process, &[], SETTLED);
    assert_eq!(Audit::of(&Ledger::of(&process), &senders).differences(), Vec::<String>::new());
    assert!(senders.books.count() >= TRANSACTIONS);
    assert!(senders.repeats.unanswered.load(Ordering::Relaxed) > 0, "no kill hit a message that was under way");
    assert!(process.stop().success(), "{}", process.last_words());
}
