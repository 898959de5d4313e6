//! The embedded line on a disk that loses what was not synced, is full, read-only, or does not sync.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::sleep;
use std::time::Duration;

use serde_json::Value;
use tallygate_test_disk::{Disk, Fault, Syncs};

use crate::harness::audit::Audit;
use crate::harness::caller::Caller;
use crate::harness::chance::seeds;
use crate::harness::checkout::policies;
use crate::harness::eventually::eventually;
use crate::harness::ledger::Ledger;
use crate::harness::process::Process;
use crate::harness::sender::{Senders, under_way};
use crate::harness::settled::until_drained;
use crate::harness::site::{SPREADS, Site};

const ALL: &str = "gateway,shipper,aggregator,console";
const SETTLED: Duration = Duration::from_secs(180);
/// Under way before the power is cut.
const BEFORE: Duration = Duration::from_millis(700);
/// Each once by key without another process in between, and by id with one.
const SEEDS: Range<u64> = 0..12;
/// Messages a second for each partner.
const PACE: u64 = 60;

struct Line {
    senders: Arc<Senders>,
    // It must have ended when the disk is unmounted.
    process: Process,
    site: Site,
    disk: Disk,
    /// Changes that the power cuts met.
    unsynced: AtomicU64,
}

impl Line {
    /// One whose records are spread as the seed has it.
    fn up_with(seed: u64, sections: &str, syncs: Syncs) -> Self {
        let disk = Disk::new("power::the_process_of_a_disk").expect("a disk of our own needs root and /dev/fuse");
        disk.keep(syncs).unwrap();
        let spread = SPREADS[seed as usize % SPREADS.len()];
        let site = Site::embedded().spread_by(spread).with_data_in(disk.path()).with_sections(sections);
        let process = site.up("all", ALL);
        let senders = Arc::new(Senders::new(&site.certs(), &[process.partners_port]));
        Self { senders, process, site, disk, unsynced: AtomicU64::new(0) }
    }

    fn cut(&self, seed: u64) {
        self.process.kill();
        self.unsynced.fetch_add(self.disk.cut(seed).unwrap(), Ordering::Relaxed);
        self.process.start();
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

    /// One thing that a disk does, and what follows; returns how many faults that was.
    fn suffers(&self, seed: u64) -> u64 {
        let fault = match seed % 6 {
            0 | 1 => Fault::None,
            2 => Fault::Full,
            3 => Fault::ReadOnly,
            4 => Fault::OneSyncFails,
            _ => Fault::SyncsFail,
        };
        if fault != Fault::None {
            self.feels(fault);
            // What a failed sync left in memory alone must not be built on, by this process or the next.
            if seed % 12 >= 6 {
                self.process.kill();
                self.disk.set(Fault::None).unwrap();
                self.process.start();
            }
            self.goes_on();
        }
        sleep(BEFORE);
        self.cut(seed);
        self.process.wait_until_up();
        1 + u64::from(fault != Fault::None)
    }

    /// Partners are told to come again.
    fn feels(&self, fault: Fault) {
        let told = || self.senders.repeats.unanswered.load(Ordering::Relaxed);
        let (failed, told_before) = (self.disk.failed().unwrap(), told());
        self.disk.set(fault).unwrap();
        // A single sync may be one that no partner waits for.
        let is_lasting = fault != Fault::OneSyncFails;
        eventually(&format!("{fault:?} is felt"), SETTLED, || {
            let is_told = told() > told_before || !is_lasting;
            if self.disk.failed().unwrap() > failed && is_told { Ok(()) } else { Err(self.process.last_words()) }
        });
    }

    /// The disk is well again, and the line goes on by itself.
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
fn rule_15_what_was_acknowledged_outlives_whatever_the_disk_does() {
    let seeds = seeds(SEEDS);
    let half = seeds.start.midpoint(seeds.end);
    outlives_whatever_the_disk_does(0, seeds.start..half);
    outlives_whatever_the_disk_does(1, half..seeds.end);
}

fn outlives_whatever_the_disk_does(spread: u64, seeds: Range<u64>) {
    let line = Line::up_with(spread, "", Syncs::Kept);
    let (transactions, pace) = under_way(200, PACE);
    let sending = line.senders.start(transactions, pace);
    let faults: u64 = seeds.clone().map(|seed| line.suffers(seed)).sum();
    sending.finish();
    line.is_exact();
    let (sent, unsynced) = (line.senders.books.count(), line.unsynced.load(Ordering::Relaxed));
    assert!(unsynced > 0, "no power cut lost anything");
    eprintln!("seeds {seeds:?}: {sent} transactions under {faults} faults, {unsynced} changes were not synced: exact");
}

#[test]
fn rule_15_a_process_that_starts_on_a_disk_that_fails_tells_partners_to_come_again_and_goes_on_by_itself() {
    let line = Line::up_with(1, "", Syncs::Kept);
    let sending = line.senders.start(200, PACE);
    for fault in [Fault::Full, Fault::ReadOnly, Fault::SyncsFail] {
        line.process.kill();
        line.disk.set(fault).unwrap();
        line.process.start();
        line.process.wait_until_up();
        line.feels(fault);
        line.goes_on();
    }
    sending.finish();
    line.is_exact();
}

#[test]
fn rule_15_what_a_new_data_directory_was_given_outlives_power_cuts() {
    const ROUTE: &str =
        "\n[[routes]]\nname = \"greeting\"\npath = \"/greeting\"\npolicies = [\"greeting\"]\n\n[policies.greeting]\n";
    for seed in 0..8 {
        let line = Line::up_with(seed, ROUTE, Syncs::Kept);
        line.senders.send(30, PACE);
        let hello = format!("{}/hello.wasm", policies());
        line.process.says(&["policy", "push", "greeting", &hello, "--activate"]).good();
        line.cut(seed);
        line.process.wait_until_up();
        line.is_exact();
        let caller = Caller::new(&line.site.certs(), "shop-1", line.process.partners_port);
        assert_eq!(caller.post("/greeting", "x"), (200, "hello, shop-1\n".to_owned()), "seed {seed}");
    }
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
        let line = Line::up_with(seed, "", syncs);
        line.senders.send(100, PACE);
        line.disk.keep(Syncs::Kept).unwrap();
        line.cut(seed);
        let found = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            line.process.wait_until_up();
            line.is_exact();
        }));
        let Err(found) = found else { continue };
        let why = found.downcast_ref::<String>().cloned().unwrap_or_default();
        // Whoever needs a file that is damaged stands by name, the file is named to whoever asks what waits in it, and a log that
        // lost records stops a partition. A machine that is slow proves nothing.
        let is_named = || {
            let metrics = line.process.metrics().unwrap();
            let stands = |role: &str| metrics.value("role_stands", &format!("role=\"{role}\""));
            metrics.value("aggregator_stopped_partitions", "") + stands("shipper") + stands("aggregator") > 0
        };
        let is_late = why.contains(" is up ") || why.starts_with("everything is through");
        assert!(!is_late || why.contains("the file is damaged") || is_named(), "{why}");
        eprintln!("found out after {} cuts: {why}", seed + 1);
        return;
    }
    panic!("{CUTS} power cuts, and nobody noticed that nothing was synced");
}
