//! What is lost while the line stands or runs: on the embedded defaults, one by one.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tallygate_embedded::rusqlite::Connection;

use crate::harness::audit::Audit;
use crate::harness::caller::Caller;
use crate::harness::eventually::eventually;
use crate::harness::kept::Kept;
use crate::harness::ledger::Ledger;
use crate::harness::process::Process;
use crate::harness::sender::Senders;
use crate::harness::settled::until_balanced;
use crate::harness::site::{SPREADS, Site};

const ALL: &str = "gateway,shipper,aggregator,console";
const SETTLED: Duration = Duration::from_secs(60);

struct Line {
    site: Site,
    process: Process,
    senders: Arc<Senders>,
}

impl Line {
    fn up(partition_by: &str) -> Self {
        let site = Site::embedded().spread_by(partition_by);
        let process = site.up("all", ALL);
        let senders = Arc::new(Senders::new(&site.certs(), &[process.partners_port]));
        Self { process, senders, site }
    }

    /// Sends some more, and waits until all is counted.
    fn counts(&self) {
        self.senders.send(120, 400);
        self.is_exact();
    }

    fn is_exact(&self) {
        eventually("the sums are exact", SETTLED, || {
            let differences = Audit::of(&Ledger::of(&self.process), &self.senders).differences();
            if differences.is_empty() { Ok(()) } else { Err(format!("{differences:?}")) }
        });
        until_balanced(&self.process, &[], SETTLED);
    }

    fn again(&self) {
        self.process.start();
        self.process.wait_until_up();
    }

    /// Once more from where it stood, and some more beside.
    fn goes_on(&self) {
        self.again();
        self.counts();
        self.stop();
    }

    fn stop(&self) {
        assert!(self.process.stop().success(), "{}", self.process.last_words());
    }

    fn file(&self, name: &str) -> std::path::PathBuf {
        self.process.data.join(name)
    }

    /// What is done to the log's file while nobody has it.
    fn to_the_log(&self, statement: &str) {
        let log = Connection::open(self.file("stream.db")).unwrap();
        assert!(log.execute(statement, []).unwrap() > 0, "{statement}");
    }

    /// What readers are told, once it says why.
    fn stands(&self, why: &str) -> String {
        eventually(&format!("it stands since {why:?}"), SETTLED, || {
            let warnings = self.process.says(&["sums", "--json"]).json()["warnings"].to_string();
            if warnings.contains(why) { Ok(warnings) } else { Err(warnings) }
        })
    }

    fn recovers(&self, from: &str) {
        for partition in ["0", "1", "2", "3"] {
            self.process.says(&["recover", "--partition", partition, from, "--yes"]).good();
        }
    }
}

fn remove(file: &Path) {
    for ending in ["", "-wal", "-shm"] {
        let mut file = file.as_os_str().to_owned();
        file.push(ending);
        let _ = fs::remove_file(file);
    }
}

#[test]
fn rule_12_a_store_that_is_removed_or_put_back_from_a_copy_is_filled_again() {
    SPREADS.into_iter().for_each(the_store_is_removed_or_put_back);
}

fn the_store_is_removed_or_put_back(partition_by: &str) {
    let line = Line::up(partition_by);
    line.counts();
    line.stop();
    let (sums, copy) = (line.file("sums.db"), line.file("copy.db"));
    fs::copy(&sums, &copy).unwrap();
    line.goes_on();
    // Emptied.
    remove(&sums);
    line.goes_on();
    // From a third of the way.
    remove(&sums);
    fs::copy(&copy, &sums).unwrap();
    line.again();
    line.counts();
    // While it runs.
    remove(&sums);
    line.counts();
    assert!(line.process.said().contains("was removed or replaced while it was in use"), "it is told");
    assert!(line.process.said().contains("were written again"), "it is told");
    line.stop();
}

#[test]
fn rule_12_what_the_log_lost_stands_by_name_until_it_is_recovered() {
    SPREADS.into_iter().for_each(the_log_loses);
}

fn the_log_loses(partition_by: &str) {
    let line = Line::up(partition_by);
    line.counts();
    line.stop();
    // The group alone is no loss.
    line.to_the_log("DELETE FROM committed");
    line.goes_on();
    // At another offset it is.
    line.to_the_log("UPDATE committed SET offset = 1");
    line.again();
    let stands = line.stands("the consumer group has committed 1");
    assert!(stands.contains("tallygate recover"), "{stands}");
    let text = line.process.says(&["sums"]).good();
    assert!(text.contains("stands, its sums are not up to date"), "{text}");
    line.stop();
    line.recovers("--from-store");
    line.goes_on();
    // The topic of sums is gone; offsets are never given twice.
    line.to_the_log("DELETE FROM records WHERE sum_key IS NOT NULL");
    line.again();
    line.stands("has no position for it");
    line.stop();
    line.recovers("--from-store");
    line.goes_on();
    // The store too: the log is whole, and is folded from its beginning.
    line.to_the_log("DELETE FROM records WHERE sum_key IS NOT NULL");
    remove(&line.file("sums.db"));
    line.again();
    line.stands("has no position for it");
    line.stop();
    line.recovers("--from-log");
    line.goes_on();
}

#[test]
fn rule_7_into_a_store_of_another_line_nothing_is_written_and_the_aggregator_stands_by_name() {
    let (one, other) = (Line::up("id"), Line::up("id"));
    one.counts();
    other.counts();
    one.stop();
    other.stop();
    let sums = one.file("sums.db");
    remove(&sums);
    fs::copy(other.file("sums.db"), &sums).unwrap();
    one.process.start();
    one.process.wait_until_up();
    eventually("it stands", SETTLED, || {
        let told = one.process.status()?["troubles"].to_string();
        let stands = told.contains("the aggregator stands") && told.contains("another deployment's");
        if stands { Ok(()) } else { Err(told) }
    });
    let rows = Kept::of(&one.process).rows().len();
    Caller::new(&one.site.certs(), "shop-1", one.process.partners_port).transact("meanwhile", "till-1", "1.00");
    std::thread::sleep(Duration::from_secs(1));
    assert_eq!(Kept::of(&one.process).rows().len(), rows, "nothing is written");
}

#[test]
fn rule_2_files_that_lose_their_names_while_they_are_written_confirm_nothing() {
    let line = Line::up("key");
    line.counts();
    std::thread::scope(|scope| {
        scope.spawn(|| line.senders.send(400, 200));
        for (name, what) in [("queue", "it or what is in it"), ("stream.db", "it or its log")] {
            let (file, aside) = (line.file(name), line.file("aside"));
            fs::rename(&file, &aside).unwrap();
            eventually("it says which", SETTLED, || {
                let said = line.process.said();
                let is_told =
                    |line: &str| line.contains(name) && line.contains(&format!("{what} was removed or replaced"));
                if said.lines().any(is_told) { Ok(()) } else { Err(said) }
            });
            fs::rename(&aside, &file).unwrap();
        }
    });
    line.is_exact();
    line.stop();
}

#[test]
fn a_recovery_asks_says_what_is_lost_and_needs_everybody_else_to_have_stopped() {
    let line = Line::up("key");
    line.counts();
    let refused = line.process.says(&["recover", "--partition", "0", "--from-store", "--yes"]).bad(1);
    assert!(refused.contains("is in use by process"), "{refused}");
    line.stop();
    let unasked = line.process.says(&["recover", "--partition", "0", "--from-store"]).bad(1);
    assert!(unasked.contains("--yes"), "{unasked}");
    let plan = line.process.says(&["recover", "--partition", "0", "--from-store", "--json"]);
    let plan: Value = serde_json::from_str(&plan.out).unwrap();
    assert_eq!((&plan["recovers"], &plan["lost"]), (&false.into(), &json!([])), "{plan}");
    let told = line.process.says(&["recover", "--partition", "0", "--from-store", "--yes", "--json"]);
    let told: Value = serde_json::from_str(&told.out).unwrap();
    assert!(told["rows"].as_u64().unwrap() > 0 && told["lost"].as_array().unwrap().is_empty(), "{told}");
    let nothing = line.process.says(&["clock", "correct", "--time", "2026-11-26T12:00:00Z", "--yes"]).bad(1);
    assert!(nothing.contains("no record"), "{nothing}");
    line.goes_on();
}
