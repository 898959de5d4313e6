//! The whole line on the embedded defaults, in one process.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::harness::ledger::{Ledger, audit, until_balanced};
use crate::harness::sender::Senders;
use crate::harness::site::Site;

const ALL: &str = "gateway,shipper,aggregator,console";
const SETTLED: Duration = Duration::from_secs(60);

#[test]
fn an_embedded_line_killed_ten_times_stays_exact() {
    let site = Site::embedded();
    let process = site.process("all", ALL);
    process.start();
    process.wait_until_up();
    let senders = Arc::new(Senders::new(&site.certs(), &[process.partners_port]));
    let may_stop = Arc::new(AtomicBool::new(false));
    let sending = std::thread::spawn({
        let (senders, may_stop) = (senders.clone(), may_stop.clone());
        move || tokio::runtime::Runtime::new().unwrap().block_on(senders.send(600, 60, may_stop))
    });
    for _ in 0..10 {
        std::thread::sleep(Duration::from_millis(700));
        process.kill();
        process.start();
        process.wait_until_up();
    }
    may_stop.store(true, Ordering::Relaxed);
    sending.join().unwrap();
    until_balanced(&process, &[], SETTLED);
    assert_eq!(audit(&Ledger::of(&process), &senders), Vec::<String>::new());
    assert!(senders.books.count() >= 600);
    assert!(process.stop().success(), "{}", process.last_words());
}
