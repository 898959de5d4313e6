//! Policies are pushed, switched and rolled back while partners send, and what is none is refused.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::harness::caller::Caller;
use crate::harness::checkout::policies;
use crate::harness::process::Process;
use crate::harness::settled::until_balanced;
use crate::harness::site::{Site, route_and_policy};
use crate::harness::times::Times;

const ALL: &str = "gateway,shipper,aggregator,console";
const SETTLED: Duration = Duration::from_secs(30);
const SENDERS: usize = 8;
/// How long the senders go on before anything is switched.
const ALONE: Duration = Duration::from_secs(3);
/// What 99 of 100 answers may take while versions are compiled, which takes all processors, and what the slowest of them
/// may, on a machine that runs other tests beside this one. Requests go on in between: none waits until a version is ready.
const WHILE_COMPILING: (Duration, Duration) = (Duration::from_millis(800), Duration::from_secs(2));
/// A site with the policy `greeting` beside the usual ones.
fn site() -> Site {
    Site::embedded().with_sections(&route_and_policy("greeting", "hello", ""))
}

/// The policy json in other bytes: a custom section more, which means nothing.
fn variant(folder: &Path, n: u8) -> PathBuf {
    let mut component = std::fs::read(Path::new(&policies()).join("json.wasm")).unwrap();
    component.extend([0, 9, 7]);
    component.extend(b"variant");
    component.push(n);
    let file = folder.join(format!("json-{n}.wasm"));
    std::fs::write(&file, component).unwrap();
    file
}

fn versions(process: &Process, policy: &str) -> Vec<Value> {
    let listed = process.says(&["policy", "list", "--json"]).json();
    let policies = listed["policies"].as_array().unwrap();
    let found =
        policies.iter().find(|found| found["name"] == policy).unwrap_or_else(|| panic!("no {policy} in {listed}"));
    found["versions"].as_array().unwrap().clone()
}

fn active(process: &Process, policy: &str) -> String {
    let versions = versions(process, policy);
    let mut active = versions.iter().filter(|version| version["active"] == json!(true));
    let found = active.next().unwrap_or_else(|| panic!("none of {versions:?} is active"));
    assert_eq!(active.next(), None, "one version is active, not two");
    found["version"].as_str().unwrap().to_owned()
}

#[test]
fn switching_versions_under_traffic_refuses_nobody_and_outlives_a_crash() {
    let site = site();
    let process = site.up("all", ALL);
    let stop = AtomicBool::new(false);
    let (sent, greetings) = (AtomicU64::new(0), Mutex::new(BTreeSet::new()));
    let times = Times::default();
    let send = |n: usize| {
        let caller = Caller::new(&site.certs(), "shop-1", process.partners_port);
        for turn in 0.. {
            if stop.load(Ordering::Relaxed) {
                break;
            }
            times.of(|| caller.transact(&format!("{n}-{turn}"), "switched", "1.01"));
            sent.fetch_add(1, Ordering::Relaxed);
            let (status, greeting) = times.of(|| caller.post("/greeting", "good day"));
            assert_eq!(status, 200, "{greeting}");
            greetings.lock().unwrap().insert(greeting);
        }
    };
    let (begun, ended) = std::thread::scope(|scope| {
        let senders: Vec<_> = (0..SENDERS).map(|n| scope.spawn(move || send(n))).collect();
        std::thread::sleep(ALONE);
        let begun = Instant::now();
        // Whatever fails in here, the senders must come to an end.
        let switched = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| switch(&site, &process)));
        let ended = Instant::now();
        stop.store(true, Ordering::Relaxed);
        for sender in senders {
            sender.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        }
        switched.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        (begun, ended)
    });
    let (alone, beside) = (times.between(begun - ALONE, begun), times.between(begun, ended));
    println!("{SENDERS} at a time: {alone} while nothing was switched, {beside} meanwhile");
    assert!(beside.count > 100, "{} answers are no traffic", beside.count);
    let (late, slowest) = WHILE_COMPILING;
    assert!(
        beside.late < late && beside.slowest < slowest,
        "{beside} while versions were compiled; before that {alone}"
    );
    let greetings = greetings.into_inner().unwrap();
    assert_eq!(greetings, BTreeSet::from(["hello, shop-1\n".to_owned(), "answer".to_owned()]));

    let (listed, json) = (versions(&process, "json"), active(&process, "json"));
    process.kill();
    process.start();
    process.wait_until_up();
    assert_eq!((versions(&process, "json"), active(&process, "json")), (listed, json));
    let caller = Caller::new(&site.certs(), "shop-1", process.partners_port);
    assert_eq!(caller.post("/greeting", "good day"), (200, "answer".to_owned()));
    let day = caller.transact("after the crash", "switched", "1.01");
    until_balanced(&process, &[], SETTLED);
    let count = sent.into_inner() + 1;
    let sums = process.says(&["sums", "--day", &day, "--key", "switched", "--json"]).json();
    assert_eq!(sums["sums"][0]["count"], json!(count), "{sums}");
    assert!(count > 10, "{count} transactions are no traffic");
}

/// Pushes, activates and rolls back in all the ways there are.
fn switch(site: &Site, process: &Process) {
    let first = active(process, "json");
    for n in 1..=3 {
        let before = active(process, "json");
        let file = variant(site.path(), n);
        let file = file.to_str().unwrap();
        let pushed = process.says(&["policy", "push", "json", file, "--json"]).json();
        let version = pushed["version"].as_str().unwrap();
        assert_eq!(
            (&pushed["new"], active(process, "json")),
            (&json!(true), before.clone()),
            "a push alone switches nothing"
        );
        let text = process.says(&["policy", "activate", "json", &version[..8]]).good();
        assert!(text.contains("is active"), "{text}");
        assert_eq!(active(process, "json"), version);
        process.says(&["policy", "rollback", "json"]).good();
        assert_eq!(active(process, "json"), before);
        let again = process.says(&["policy", "push", "json", file, "--activate"]).good();
        assert!(again.starts_with(&format!("json@{}", &version[..8])), "{again}");
        assert_eq!(active(process, "json"), version);
    }
    assert_eq!(versions(process, "json").len(), 4);
    assert_ne!(active(process, "json"), first);
    let hostile = format!("{}/hostile.wasm", policies());
    process.says(&["policy", "push", "greeting", &hostile, "--activate"]).good();
    let list = process.says(&["policy", "list"]).good();
    assert_eq!(list.lines().filter(|line| line.ends_with("active")).count(), 3, "{list}");
}

#[test]
fn what_is_no_policy_is_refused_with_the_reason_and_changes_nothing() {
    let site = site();
    let process = site.up("all", ALL);
    let before = versions(&process, "greeting");
    let file = |name: &str, bytes: &[u8]| {
        let file = site.path().join(name);
        std::fs::write(&file, bytes).unwrap();
        file.display().to_string()
    };
    let (text, module) = (file("text.wasm", b"no component at all"), file("module.wasm", b"\0asm\x01\0\0\0"));
    let empty = file("empty-component.wasm", b"\0asm\x0d\0\x01\0");
    let hello = format!("{}/hello.wasm", policies());
    let cases: [(&[&str], &str); 8] = [
        (&["push", "greeting", &text, "--activate"], "not a component"),
        (&["push", "greeting", &module, "--activate"], "not a component"),
        (&["push", "greeting", &empty, "--activate"], "tallygate:policy"),
        (&["push", "nobody", &hello], "nobody"),
        (&["push", "greeting", "/nowhere/hello.wasm"], "/nowhere/hello.wasm"),
        (&["activate", "greeting", "0123456789abcdef"], "0123456789abcdef"),
        (&["rollback", "greeting"], "greeting"),
        (&["push", "greeting", &hello, "--token", "a wrong one"], "401"),
    ];
    for (arguments, reason) in cases {
        let complaint = process.says(&[&["policy"], arguments].concat()).bad(1);
        assert!(complaint.starts_with("tallygate: ") && complaint.contains(reason), "{arguments:?}: {complaint}");
        eprintln!("{arguments:?}: {complaint}");
    }
    assert_eq!(versions(&process, "greeting"), before);
}
