//! The embedded line on a disk that loses what was not synced, is full, read-only, or does not sync.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use serde_json::Value;
use tallygate_test_disk::{Disk, Fault, Syncs};

use crate::harness::audit::Audit;
use crate::harness::eventually::eventually;
use crate::harness::ledger::Ledger;
use crate::harness::process::Process;
use crate::harness::sender::Senders;
use crate::harness::settled::until_drained;
use crate::harness::site::Site;

const ALL: &str = "gateway,shipper,aggregator,console";
const SETTLED: Duration = Duration::from_secs(60);
/// Under way before the power is cut.
const BEFORE: Duration = Duration::from_millis(700);
/// Messages a second for each partner.
const PACE: u64 = 60;

struct Line {
    senders: Arc<Senders>,
    // It must have ended when the disk is unmounted.
    process: Process,
    _site: Site,
    disk: Disk,
}

impl Line {
    fn up() -> Self {
        let disk = Disk::new("power::the_process_of_a_disk").expect("a disk of our own needs root and /dev/fuse");
        let site = Site::embedded().with_data_in(disk.path());
        let process = site.up("all", ALL);
        let senders = Arc::new(Senders::new(&site.certs(), &[process.partners_port]));
        Self { disk, _site: site, process, senders }
    }

    fn cut(&self, seed: u64) -> u64 {
        self.process.kill();
        let unsynced = self.disk.cut(seed).unwrap();
        self.process.start();
        unsynced
    }

    /// The journal is not synced line by line: what the power took of it is named, and the books are without it.
    fn is_exact(&self) {
        until_drained(&self.process, SETTLED);
        eventually("the sums are exact", SETTLED, || {
            let differences = Audit::of(&Ledger::of(&self.process), &self.senders).differences();
            if differences.is_empty() { Ok(()) } else { Err(format!("{differences:?}")) }
        });
        let report: Value = serde_json::from_str(&self.process.says(&["reconcile", "--json"]).out).unwrap();
        for none in ["lost_messages", "daily_different", "rows_different"] {
            assert_eq!(report[none], 0, "{none}: {report:#}");
        }
        assert_eq!(report["runs_without_journal"], Value::Array(Vec::new()), "{report:#}");
    }

    /// Partners are told to come again, as long as it lasts.
    fn fails(&self, fault: Fault) {
        let (failed, unanswered) =
            (self.disk.failed().unwrap(), self.senders.repeats.unanswered.load(Ordering::Relaxed));
        self.disk.set(fault).unwrap();
        // A single sync may be one that no partner waits for.
        let is_lasting = fault != Fault::OneSyncFails;
        eventually(&format!("{fault:?} is felt"), SETTLED, || {
            let told = self.senders.repeats.unanswered.load(Ordering::Relaxed) > unanswered;
            if self.disk.failed().unwrap() > failed && (told || !is_lasting) {
                Ok(())
            } else {
                Err(format!("told: {told}"))
            }
        });
    }

    /// It is well again, and the line goes on by itself.
    fn goes_on(&self) {
        self.disk.set(Fault::None).unwrap();
        let count = self.senders.books.count();
        eventually("it goes on", SETTLED, || {
            if self.senders.books.count() > count { Ok(()) } else { Err(self.process.last_words()) }
        });
    }
}

#[test]
#[ignore = "started by the other tests"]
fn the_process_of_a_disk() {
    tallygate_test_disk::serve().unwrap();
}

#[test]
fn rule_15_what_was_acknowledged_outlives_power_cuts() {
    let line = Line::up();
    let sending = line.senders.start(400, PACE);
    let mut unsynced = 0;
    for seed in 0..6 {
        std::thread::sleep(BEFORE);
        unsynced += line.cut(seed);
        line.process.wait_until_up();
    }
    sending.finish();
    line.is_exact();
    assert!(unsynced > 0, "no cut lost anything");
}

#[test]
fn rule_15_a_program_that_does_not_sync_files_is_found_out() {
    does_not_sync(Syncs::FilesForgotten);
}

#[test]
fn rule_15_a_program_that_does_not_sync_folders_is_found_out() {
    does_not_sync(Syncs::FoldersForgotten);
}

fn does_not_sync(syncs: Syncs) {
    const CUTS: u64 = 8;
    for seed in 0..CUTS {
        let line = Line::up();
        line.disk.keep(syncs).unwrap();
        line.senders.send(100, PACE);
        line.disk.keep(Syncs::Kept).unwrap();
        line.cut(seed);
        // A file that is damaged ends the process by name.
        let is_up = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| line.process.wait_until_up())).is_ok();
        if !is_up || std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| line.is_exact())).is_err() {
            return;
        }
    }
    panic!("{CUTS} power cuts, and nobody noticed that nothing was synced");
}

#[test]
fn rule_2_a_disk_that_fails_costs_nothing_that_was_acknowledged() {
    let line = Line::up();
    let sending = line.senders.start(400, PACE);
    for (seed, fault) in (0..).zip([Fault::Full, Fault::ReadOnly, Fault::OneSyncFails, Fault::SyncsFail]) {
        line.fails(fault);
        line.goes_on();
        line.cut(seed);
        line.process.wait_until_up();
    }
    // What a failed sync left in memory alone must not be built on by the next process either.
    line.fails(Fault::SyncsFail);
    line.process.kill();
    line.process.start();
    line.goes_on();
    std::thread::sleep(BEFORE);
    line.cut(9);
    line.process.wait_until_up();
    sending.finish();
    line.is_exact();
}
