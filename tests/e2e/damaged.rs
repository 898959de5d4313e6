//! A process whose files do not open, or were made for another plan: what needs them stands by name, and the gateway serves.

use std::time::Duration;

use crate::harness::caller::Caller;
use crate::harness::eventually::eventually;
use crate::harness::process::Process;
use crate::harness::said::with_config;
use crate::harness::settled::until_balanced;
use crate::harness::site::Site;

const ALL: &str = "gateway,shipper,aggregator,console";
const SETTLED: Duration = Duration::from_secs(60);
const BEHIND: [&str; 2] = ["shipper", "aggregator"];

#[test]
fn a_process_with_a_damaged_file_serves_what_does_not_need_it_and_goes_on_when_it_is_put_back() {
    let site = Site::embedded();
    let process = site.up("all", ALL);
    Caller::new(&site.certs(), "shop-1", process.partners_port).transact("first", "till-1", "1.00");
    until_balanced(&process, &[], SETTLED);
    for (name, is_queue) in [("stream.db", false), ("sums.db", false), ("queue", true)] {
        assert!(process.stop().success(), "{}", process.last_words());
        let (file, whole) = (process.data.join(name), process.data.join("whole"));
        std::fs::rename(&file, &whole).unwrap();
        std::fs::write(&file, "no database".repeat(1_000)).unwrap();
        process.start();
        process.wait_until_up();

        let caller = Caller::new(&site.certs(), "shop-1", process.partners_port);
        let standing = if is_queue {
            let answer = caller.try_post("/v1/transactions", "application/json", &transaction("refused")).unwrap();
            assert_eq!(answer.status, 503, "{}", String::from_utf8_lossy(&answer.body));
            &BEHIND[..1]
        } else {
            caller.transact(&format!("beside {name}"), "till-1", "1.00");
            &BEHIND[..]
        };
        until_stand(&process, standing, &[name, "damaged"]);

        std::fs::remove_file(&file).unwrap();
        std::fs::rename(&whole, &file).unwrap();
        until_stand(&process, &[], &[]);
        caller.transact(&format!("after {name}"), "till-1", "1.00");
        until_balanced(&process, &[], SETTLED);
    }
}

#[test]
fn a_process_whose_plan_was_changed_serves_partners_and_says_what_would_be_right() {
    let site = Site::embedded();
    let process = site.up("all", ALL);
    Caller::new(&site.certs(), "shop-1", process.partners_port).transact("first", "till-1", "1.00");
    until_balanced(&process, &[], SETTLED);
    assert!(process.stop().success(), "{}", process.last_words());
    let right = std::fs::read_to_string(&process.config).unwrap();
    std::fs::write(&process.config, right.replace("[aggregator]\n", "[aggregator]\nhorizon_days = 3\n")).unwrap();
    assert!(with_config(&process.config, &["check"]).bad(78).contains("aggregator.horizon_days: is 3"));
    process.start();
    process.wait_until_up();
    Caller::new(&site.certs(), "shop-1", process.partners_port).transact("second", "till-1", "1.00");
    until_stand(&process, &BEHIND, &["horizon_days is 3"]);
    std::fs::write(&process.config, right).unwrap();
    assert!(process.stop().success(), "{}", process.last_words());
    process.start();
    process.wait_until_up();
    until_balanced(&process, &[], SETTLED);
}

fn transaction(id: &str) -> String {
    let now = jiff::Timestamp::now().to_string();
    serde_json::json!({ "id": id, "time": now, "key": "k", "amount": "1", "currency": "EUR", "type": "sale" })
        .to_string()
}

/// Waits until these roles stand and no other, and the page says all of this.
fn until_stand(process: &Process, standing: &[&str], why: &[&str]) {
    eventually(&format!("{standing:?} stand for {why:?}"), SETTLED, || {
        let metrics = process.metrics()?;
        let stands = |role: &&str| metrics.value("role_stands", &format!("role=\"{role}\"")) == 1;
        let now: Vec<&str> = BEHIND.into_iter().filter(stands).collect();
        let told = process.status()?["troubles"].to_string();
        let is_told = why.iter().all(|why| told.contains(why));
        if now == standing && is_told { Ok(()) } else { Err(format!("{now:?} do: {told}")) }
    });
}
