//! What an operator sees on the command line of an embedded line: dead letters, sums, the proof, and clear refusals.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::harness::caller::Caller;
use crate::harness::eventually::eventually;
use crate::harness::process::Process;
use crate::harness::said::with_config;
use crate::harness::settled::until_balanced;
use crate::harness::site::{SPREADS, Site};

const ALL: &str = "gateway,shipper,aggregator,console";
const SETTLED: Duration = Duration::from_secs(30);
const STOPPED: Duration = Duration::from_secs(10);

/// A copy of a process's configuration with one text in place of another.
fn changed(process: &Process, name: &str, from: &str, to: &str) -> PathBuf {
    let text = std::fs::read_to_string(&process.config).unwrap();
    assert!(text.contains(from), "{from} is not in {text}");
    let file = process.folder().join(name);
    std::fs::write(&file, text.replace(from, to)).unwrap();
    file
}

/// The line of a text in a file, from 1.
fn line_of(file: &Path, text: &str) -> usize {
    std::fs::read_to_string(file).unwrap().lines().position(|line| line.contains(text)).unwrap() + 1
}

#[test]
fn a_conflict_becomes_a_dead_letter_that_the_command_line_shows() {
    SPREADS.into_iter().for_each(a_conflict_is_shown);
}

fn a_conflict_is_shown(partition_by: &str) {
    let site = Site::embedded().spread_by(partition_by);
    let process = site.up("all", ALL);
    let caller = Caller::new(&site.certs(), "shop-1", process.partners_port);
    let day = caller.transact("i-1", "till-1", "12.50");
    caller.transact("i-1", "till-1", "12.50");
    caller.transact("i-2", "till-1", "0.05");
    caller.transact("i-1", "till-1", "13.50");
    until_balanced(&process, &[], SETTLED);

    let listed = eventually("the dead letter is listed", SETTLED, || {
        let listed = process.says(&["dead-letters", "list", "--json"]).json();
        if listed["all"] == json!(1) { Ok(listed) } else { Err(listed.to_string()) }
    });
    let letter = &listed["dead_letters"][0];
    assert_eq!(
        (&letter["partner"], &letter["id"], &letter["amount"]),
        (&json!("shop-1"), &json!("i-1"), &json!("13.50")),
        "{letter}"
    );
    assert!(letter["reason"].as_str().unwrap().contains("conflict"), "{letter}");
    let text = process.says(&["dead-letters", "list", "--partner", "shop-1"]).good();
    assert!(text.contains("13.50") && text.contains("1 listed, 1 match, 1 in all"), "{text}");
    assert!(process.says(&["dead-letters", "list", "--partner", "shop-2"]).good().contains("0 listed"));

    let at = letter["at"].as_str().unwrap();
    let shown = process.says(&["dead-letters", "show", at, "--json"]).json();
    let value: Value = serde_json::from_str(shown["value"].as_str().unwrap()).unwrap();
    assert_eq!((&value["amount"], &value["key"]), (&json!("13.50"), &json!("till-1")), "{shown}");
    let text = process.says(&["dead-letters", "show", at]).good();
    assert!(text.contains("shop-1") && text.contains("13.50"), "{text}");
    for (place, reason) in [("3/999", "no dead letter 3/999"), ("three", "partition/offset")] {
        let complaint = process.says(&["dead-letters", "show", place]).bad(1);
        assert!(complaint.contains(reason), "{complaint}");
    }

    let key = process.says(&["sums", "--day", &day, "--key", "till-1", "--json"]).json();
    assert_eq!((&key["sums"][0]["sum"], &key["sums"][0]["count"]), (&json!("12.55"), &json!(2)), "{key}");
    let whole = process.says(&["sums", "--day", &day, "--json"]).json();
    assert_eq!(
        (&whole["totals"][0]["sum"], &whole["totals"][0]["currency"]),
        (&json!("12.55"), &json!("EUR")),
        "{whole}"
    );
    let text = process.says(&["sums", "--day", &day]).good();
    assert!(text.contains("12.55") && text.contains("till-1"), "{text}");
}

#[test]
fn a_dead_letter_that_is_mended_and_replayed_twice_counts_once() {
    SPREADS.into_iter().for_each(a_dead_letter_is_replayed);
}

fn a_dead_letter_is_replayed(partition_by: &str) {
    let site = Site::embedded().spread_by(partition_by);
    let process = site.up("all", ALL);
    let caller = Caller::new(&site.certs(), "shop-1", process.partners_port);
    // The partners' side lets one day more through, since the log's clock decides there.
    let now = jiff::Timestamp::now();
    let late = (now + jiff::SignedDuration::from_hours(8 * 24)).to_string()[..10].to_owned();
    let body = json!({
        "id": "i-1", "time": now.to_string(), "day": late, "key": "till-1", "amount": "12.50", "currency": "EUR",
        "type": "sale", "attributes": { "note": "a" }
    });
    let answer = caller.try_post("/v1/transactions", "application/json", &body.to_string()).unwrap();
    assert_eq!(answer.status, 202, "{}", String::from_utf8_lossy(&answer.body));
    let exported = eventually("the dead letter is exported", SETTLED, || {
        let exported = process.says(&["dead-letters", "export", "--reason", "horizon"]).good();
        if exported.is_empty() { Err("nothing".to_owned()) } else { Ok(exported) }
    });
    assert_eq!(process.says(&["dead-letters", "export", "--partner", "shop-2"]).good(), "");
    let letter: Value = serde_json::from_str(&exported).unwrap();
    assert_eq!((&letter["partner"], &letter["policy"]), (&json!("shop-1"), &json!("json")), "{letter}");
    assert_eq!((&letter["transaction"]["day"], &letter["key"]), (&json!(late), &json!("till-1")), "{letter}");

    let at = letter["at"].as_str().unwrap();
    let refused = process.says(&["dead-letters", "replay", at]);
    assert_eq!(refused.code, 1, "{}", refused.out);
    let place = format!("line 1 ({at}): transaction.day: must lie between ");
    assert!(refused.out.starts_with("replayed 0 dead letters\n") && refused.out.contains(&place), "{}", refused.out);
    let left = process.says(&["dead-letters", "replay", "--all", "--as-is"]).good();
    assert!(left.contains("replayed 0") && left.contains("1 stay outside the horizon"), "{left}");

    let today = now.to_string()[..10].to_owned();
    let file = process.folder().join("mended.ndjson");
    let path = file.display().to_string();
    std::fs::write(&file, exported.replace("\"i-1\"", "\"i-2\"")).unwrap();
    let refused = process.says(&["dead-letters", "replay", "--file", &path]);
    assert!(refused.code == 1 && refused.out.contains("transaction.id: must stay \"i-1\""), "{}", refused.out);
    std::fs::write(&file, exported.replace(&late, &today)).unwrap();
    let dry = process.says(&["dead-letters", "replay", "--file", &path, "--dry-run"]).good();
    assert_eq!(dry, "would replay 1 dead letters\n");
    for _ in 0..2 {
        let replayed = process.says(&["dead-letters", "replay", "--file", &path, "--json"]).json();
        assert_eq!((&replayed["replayed"], &replayed["refused"]), (&json!(1), &json!([])), "{replayed}");
    }

    let report = until_balanced(&process, &[], SETTLED);
    let group = |day: &str| {
        let groups = report["groups"].as_array().unwrap();
        let group = groups.iter().find(|group| group["day"] == json!(day)).unwrap();
        ["accepted", "counted", "duplicates", "dead"].map(|figure| group[figure]["count"].as_u64().unwrap())
    };
    assert_eq!((group(&today), group(&late)), ([2, 1, 1, 1], [1, 0, 0, 0]), "{report}");
    let sums = process.says(&["sums", "--day", &today, "--key", "till-1", "--json"]).json();
    assert_eq!((&sums["sums"][0]["sum"], &sums["sums"][0]["count"]), (&json!("12.50"), &json!(1)), "{sums}");
    assert!(process.said().contains("tallygate::audit: action=\"replay\" by=\"token\""), "{}", process.last_words());
    eventually("the metrics have seen it", SETTLED, || {
        let number = process.metrics()?.value("dead_letters", "");
        if number == 1 { Ok(()) } else { Err(format!("{number} dead letters")) }
    });
}

#[test]
fn reconcile_ends_with_0_only_when_everything_is_accounted_for() {
    SPREADS.into_iter().for_each(everything_is_accounted_for);
}

fn everything_is_accounted_for(partition_by: &str) {
    let site = Site::embedded().spread_by(partition_by);
    let (process, other) = (site.up("all", ALL), site.up("other", ALL));
    Caller::new(&site.certs(), "shop-1", process.partners_port).transact("i-1", "till-1", "12.50");
    Caller::new(&site.certs(), "shop-2", other.partners_port).transact("i-2", "till-1", "7.25");
    until_balanced(&process, &[], SETTLED);
    let text = process.says(&["reconcile"]).good();
    assert!(text.starts_with("balanced"), "{text}");

    // To this line, what another gateway accepted into a queue of its own is lost.
    let journal = other.data.join("journal").display().to_string();
    let found = process.says(&["reconcile", "--json", "--journal", &journal]);
    let report: Value = serde_json::from_str(&found.out).unwrap();
    assert_eq!(
        (found.code, &report["verdict"], &report["lost_messages"]),
        (1, &json!("not_balanced"), &json!(1)),
        "{report}"
    );
    let text = process.says(&["reconcile", "--journal", &journal]);
    assert!(text.code == 1 && text.out.starts_with("NOT balanced") && text.out.contains("shop-2"), "{}", text.out);
    let complaint = process.says(&["reconcile", "--journal", "/nowhere"]).bad(1);
    assert!(complaint.contains("/nowhere"), "{complaint}");
}

#[test]
fn check_names_every_problem_with_file_and_line_and_ends_with_78() {
    let site = Site::embedded();
    let process = site.process("all", ALL);
    assert!(process.says(&["check"]).good().ends_with("all.toml: good\n"));
    let file = changed(&process, "broken.toml", "policies = [\"json\"]", "policies = [\"jason\"]\npolices = []");
    let complaint = with_config(&file, &["check"]).bad(78);
    for text in ["polices = []", "policies = [\"jason\"]"] {
        let place = format!("{}:{}: ", file.display(), line_of(&file, text));
        assert!(complaint.contains(&place), "{place} is not in {complaint}");
    }
    let said = with_config(&file, &["check", "--json"]);
    let problems: Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!((said.code, problems["problems"].as_array().unwrap().len()), (78, 2), "{problems}");
    assert_eq!(problems["problems"][1]["line"], json!(line_of(&file, "polices = []")), "{problems}");
    for command in [&["run"][..], &["sums"], &["reconcile"]] {
        assert!(with_config(&file, command).bad(78).contains("jason"));
    }
    let complaint = with_config(Path::new("/nowhere/tallygate.toml"), &["check"]).bad(78);
    assert!(complaint.contains("/nowhere/tallygate.toml"), "{complaint}");
    let syntax = changed(&process, "syntax.toml", "[admin]", "[admin");
    let complaint = with_config(&syntax, &["check"]).bad(78);
    assert!(complaint.starts_with(&format!("{}:{}: ", syntax.display(), line_of(&syntax, "[admin"))), "{complaint}");
}

#[test]
fn a_second_process_on_the_same_data_and_a_split_of_embedded_roles_are_refused() {
    let site = Site::embedded();
    let process = site.up("all", ALL);
    let second = site.process("second", ALL);
    let config = changed(&second, "same-data.toml", "data_dir = \"data-second\"", "data_dir = \"data-all\"");
    let complaint = with_config(&config, &["run"]).bad(1);
    assert!(complaint.contains("data-all") && complaint.contains("is in use by process"), "{complaint}");

    let third = site.process("third", ALL);
    let own_port = format!("127.0.0.1:{}", third.partners_port);
    let config = changed(&third, "same-port.toml", &own_port, &format!("127.0.0.1:{}", process.partners_port));
    let complaint = with_config(&config, &["run"]).bad(1);
    assert!(complaint.contains("listener partners") && complaint.contains("cannot listen on"), "{complaint}");

    for roles in ["gateway", "gateway,shipper", "shipper,aggregator,console"] {
        let complaint = with_config(&second.config, &["run", "--roles", roles]).bad(78);
        assert!(complaint.contains("second.toml:") && complaint.contains("must be in it too"), "{complaint}");
    }
    let complaint = with_config(&second.config, &["run", "--roles", "gatekeeper"]).bad(2);
    assert!(complaint.contains("gatekeeper") && complaint.contains("aggregator"), "{complaint}");
    let complaint = with_config(&second.config, &["sums"]).bad(1);
    assert!(complaint.contains("there is no such database"), "{complaint}");
}

#[test]
fn told_to_stop_it_ends_within_seconds_and_what_was_acknowledged_is_there_afterwards() {
    let site = Site::embedded();
    let process = site.up("all", ALL);
    let caller = Caller::new(&site.certs(), "shop-1", process.partners_port);
    for n in 0..20 {
        caller.transact(&format!("i-{n}"), "till-1", "1.00");
    }
    // The caller's connection stays open: it must not hold the process up.
    let start = Instant::now();
    assert!(process.stop().success(), "{}", process.last_words());
    assert!(start.elapsed() < STOPPED, "it took {:?} to stop", start.elapsed());
    process.start();
    process.wait_until_up();
    until_balanced(&process, &[], SETTLED);
    let caller = Caller::new(&site.certs(), "shop-1", process.partners_port);
    let day = caller.transact("i-20", "till-1", "1.00");
    until_balanced(&process, &[], SETTLED);
    let sums = process.says(&["sums", "--day", &day, "--key", "till-1", "--json"]).json();
    assert_eq!((&sums["sums"][0]["sum"], &sums["sums"][0]["count"]), (&json!("21.00"), &json!(21)), "{sums}");
}
