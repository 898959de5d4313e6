//! Policies are pushed, switched and rolled back while partners send, and what is none is refused.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::harness::caller::Caller;
use crate::harness::checkout::{core_module, policies};
use crate::harness::process::{Process, tallygate};
use crate::harness::said::said;
use crate::harness::settled::until_balanced;
use crate::harness::site::{Site, route_and_policy};
use crate::harness::times::Times;

const ALL: &str = "gateway,shipper,aggregator,console";
const SETTLED: Duration = Duration::from_secs(30);
const SENDERS: usize = 8;
/// How long the senders go on before anything is switched.
const ALONE: Duration = Duration::from_secs(3);
/// What 99 of 100 answers may take while versions are compiled, which steps back for them, and what the slowest of them
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
    let port = process.partners_port;
    assert!(
        process.said().contains(&format!("listener partners at https://127.0.0.1:{port}/")),
        "{}",
        process.last_words()
    );
    let before = versions(&process, "greeting");
    let file = |name: &str, bytes: &[u8]| {
        let file = site.path().join(name);
        std::fs::write(&file, bytes).unwrap();
        file.display().to_string()
    };
    let (text, module) = (file("text.wasm", b"no component at all"), file("module.wasm", b"\0asm\x01\0\0\0"));
    let empty = file("empty-component.wasm", b"\0asm\x0d\0\x01\0");
    let hello = format!("{}/hello.wasm", policies());
    let cases: [(&[&str], &str); 15] = [
        (&["push", "greeting", &text, "--activate"], "not a component"),
        (&["push", "greeting", &module, "--activate"], "tallygate policy build"),
        (&["push", "greeting", &empty, "--activate"], "tallygate:policy"),
        (&["push", ".nobody", &hello], "1 to 64 letters"),
        (&["show", "greeting", "0123456789abcdef"], "0123456789abcdef"),
        (&["remove", "greeting", "0123456789abcdef"], "0123456789abcdef"),
        (&["push", "greeting", &hello, "--config", "/nowhere.json"], "/nowhere.json"),
        (&["push", "greeting", &hello, "--config", process.config.to_str().unwrap()], "-c names"),
        (&["rollback", "greeting", "--offline"], "is in use by process"),
        (&["show", "greeting", "0123456789abcdef", "--offline"], "or leave --offline out"),
        (&["rollback", "greeting"], "no version was active before"),
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
    // A module as the compiler leaves it is the component that would be made of it.
    let module = core_module("hello").display().to_string();
    let said = process.says(&["policy", "push", "greeting", &module]).good();
    assert!(said.contains(": already there"), "{said}");
    assert_eq!(versions(&process, "greeting"), before);
}

/// A file with a configuration.
fn config_file(folder: &Path, name: &str, text: &str) -> String {
    let file = folder.join(name);
    std::fs::write(&file, text).unwrap();
    file.display().to_string()
}

#[test]
fn a_version_that_needs_another_configuration_is_brought_in_and_rolled_back_without_a_restart() {
    let site = site();
    let process = site.up("all", ALL);
    let caller = Caller::new(&site.certs(), "shop-1", process.partners_port);
    let (first, json) = (active(&process, "greeting"), format!("{}/json.wasm", policies()));
    // The policy hello takes any configuration; json knows its keys, and needs them for other messages than its own.
    let (fields, wrong) = (
        config_file(site.path(), "fields.toml", "[fields]\nid = \"/number\"\namount = \"/total\"\n"),
        config_file(site.path(), "wrong.json", r#"{"fields":{"nubmer":"/number"}}"#),
    );
    let refused = process.says(&["policy", "push", "greeting", &json, "--config", &wrong, "--activate"]).bad(1);
    assert!(refused.contains("/fields/nubmer"), "{refused}");
    let pushed =
        process.says(&["policy", "push", "greeting", &json, "--config", &fields, "--activate", "--json"]).json();
    let second = pushed["version"].as_str().unwrap();
    assert_eq!((active(&process, "greeting").as_str(), &pushed["config_from"]), (second, &json!("push")));
    let message = json!({
        "number": "n-1", "total": "1.01", "time": jiff::Timestamp::now().to_string(), "key": "k", "currency": "EUR"
    });
    let take = || {
        let answer = caller.try_post("/greeting", "application/json", &message.to_string()).unwrap();
        (answer.status.as_u16(), String::from_utf8_lossy(&answer.body).into_owned())
    };
    assert_eq!(take().0, 202, "{:?}", take());
    let shown = process.says(&["policy", "show", "greeting", &second[..8]]).good();
    assert!(shown.contains(r#""amount": "/total""#), "{shown}");
    let back = process.says(&["policy", "rollback", "greeting"]).good();
    assert!(back.contains(&format!("{} is active again; {} was until now", &first[..12], &second[..12])), "{back}");
    assert_eq!((active(&process, "greeting"), take()), (first, (200, "hello, shop-1\n".to_owned())));
    let text = process.says(&["policy", "activate", "greeting", second]).good();
    assert!(text.contains("is active, ") && text.contains(" was before"), "{text}");
    let again = process.says(&["policy", "activate", "greeting", second]).good();
    assert!(again.contains("is active already"), "{again}");
    let taken = process.says(&["policy", "push", "greeting", &variant(site.path(), 9).display().to_string()]).good();
    assert!(taken.contains("with the configuration of the version that was active"), "{taken}");
    process.kill();
    process.start();
    process.wait_until_up();
    assert_eq!(active(&process, "greeting"), second, "what the file says is another version");
}

#[test]
fn an_active_version_that_starts_again_is_told_to_serve_and_a_pin_is_listed() {
    let site = site();
    let process = site.up("all", ALL);
    let first = active(&process, "greeting");
    let hostile = format!("{}/hostile.wasm", policies());
    process.says(&["policy", "push", "greeting", &hostile, "--activate"]).good();
    let second = active(&process, "greeting");
    assert!(process.stop().success(), "{}", process.last_words());
    let pinned = std::fs::read_to_string(&process.config)
        .unwrap()
        .replace("policies = [\"greeting\"]", &format!("policies = [\"greeting@{}\"]", &first[..8]));
    std::fs::write(&process.config, pinned).unwrap();
    let kept = |ending: &str| process.data.join(format!("policies/greeting/{second}.{ending}"));
    let whole = std::fs::read(kept("wasm")).unwrap();
    std::fs::remove_file(kept("native")).unwrap();
    std::fs::write(kept("wasm"), "damaged").unwrap();
    let offline = process.says(&["policy", "list", "--offline"]).good();
    assert!(offline.contains("pinned by greeting\n"), "{offline}");
    process.start();
    process.wait_until_up();
    std::fs::write(kept("wasm"), whole).unwrap();
    let told = process.says(&["policy", "activate", "greeting", &second]).good();
    assert!(told.contains(&format!("{} serves again", &second[..12])), "{told}");
    let list = process.says(&["policy", "list"]).good();
    assert_eq!(list.lines().filter(|line| line.ends_with("  pinned by greeting")).count(), 1, "{list}");
    assert_eq!(versions(&process, "greeting")[0]["pinned_by"], json!(["greeting"]));
}

#[test]
fn without_a_gateways_file_its_place_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = tallygate();
    command.args(["policy", "list"]).current_dir(folder.path());
    for name in ["TALLYGATE_CONFIG", "TALLYGATE_ADMIN", "TALLYGATE_TOKEN", "TALLYGATE_CA"] {
        command.env_remove(name);
    }
    let complaint = said(command).bad(1);
    assert!(
        complaint.contains("there is no ./tallygate.toml here: name the gateway's file with -c FILE"),
        "{complaint}"
    );
}

#[test]
fn a_policy_is_born_by_a_push_and_its_routes_say_so_until_it_is_active() {
    let route =
        "\n[[routes]]\nname = \"greeting\"\npath = \"/greeting\"\npolicies = [\"greeting\"]\n\n[policies.greeting]\n";
    let site = Site::embedded().with_sections(route);
    let process = site.up("all", ALL);
    let caller = Caller::new(&site.certs(), "shop-1", process.partners_port);
    let answer = caller.try_post("/greeting", "text/plain", "x").unwrap();
    let body = String::from_utf8_lossy(&answer.body).into_owned();
    assert_eq!(answer.status, 503, "{body}");
    assert!(body.contains("urn:tallygate:problem:policy-not-active"), "{body}");
    let list = process.says(&["policy", "list"]).good();
    assert!(list.contains("greeting: no version is active"), "{list}");
    let hello = format!("{}/hello.wasm", policies());
    let pushed = process.says(&["policy", "push", "greeting", &hello, "--activate"]).good();
    assert!(!pushed.contains("no route"), "{pushed}");
    assert_eq!(caller.post("/greeting", "x"), (200, "hello, shop-1\n".to_owned()));
    // A slip is told, and can be taken back.
    let pushed = process.says(&["policy", "push", "greetnig", &hello, "--activate"]).good();
    assert!(pushed.contains("no route names this policy"), "{pushed}");
    let slip = active(&process, "greetnig");
    process.says(&["policy", "remove", "greetnig", &slip]).good();
    let list = process.says(&["policy", "list"]).good();
    assert!(!list.contains("greetnig"), "{list}");
}

#[test]
fn a_version_that_does_not_start_any_more_is_replaced_by_the_one_before_and_can_be_rolled_back_offline() {
    let site = site();
    let process = site.up("all", ALL);
    let first = active(&process, "greeting");
    let hostile = format!("{}/hostile.wasm", policies());
    process.says(&["policy", "push", "greeting", &hostile, "--activate"]).good();
    let second = active(&process, "greeting");
    assert!(process.stop().success(), "{}", process.last_words());
    let kept = |ending: &str| process.data.join(format!("policies/greeting/{second}.{ending}"));
    // Somebody else's code in its place is not loaded, and what it would be compiled from is not what it was.
    std::fs::copy(process.data.join(format!("policies/greeting/{first}.native")), kept("native")).unwrap();
    std::fs::write(kept("wasm"), "damaged").unwrap();
    let complaint = process.says(&["check"]).bad(78);
    assert!(complaint.contains("policies.greeting: ") && complaint.contains("hashes to"), "{complaint}");
    process.start();
    process.wait_until_up();
    let caller = Caller::new(&site.certs(), "shop-1", process.partners_port);
    assert_eq!(caller.post("/greeting", "x"), (200, "hello, shop-1\n".to_owned()));
    let list = process.says(&["policy", "list"]).good();
    assert!(list.contains(&format!("greeting: active {} does not start: ", &second[..12])), "{list}");
    assert!(list.contains(&format!("; serving {}\n", &first[..12])), "{list}");
    assert_eq!(active(&process, "greeting"), second, "nothing is switched on disk");
    let shown = process.says(&["policy", "activate", "greeting", &second]).bad(1);
    assert!(shown.contains("hashes to"), "{shown}");
    let busy = process.says(&["policy", "rollback", "greeting", "--offline"]).bad(1);
    assert!(busy.contains("is in use by process"), "{busy}");
    assert!(process.stop().success(), "{}", process.last_words());
    let away = process.says(&["policy", "show", "greeting", &first[..8]]).bad(1);
    assert!(away.contains("cannot be asked") && away.contains("--offline works on what it keeps"), "{away}");
    let shown = process.says(&["policy", "show", "greeting", &first[..8], "--offline", "--json"]).json();
    assert_eq!((&shown["version"], &shown["active"]), (&json!(first), &json!(false)));
    let back = process.says(&["policy", "rollback", "greeting", "--offline"]).good();
    assert!(back.contains(&format!("{} is active again; {} was until now", &first[..12], &second[..12])), "{back}");
    let removed = process.says(&["policy", "remove", "greeting", &second[..8], "--offline"]).good();
    assert!(removed.contains("is removed") && !kept("wasm").exists(), "{removed}");
    process.start();
    process.wait_until_up();
    assert_eq!((active(&process, "greeting"), versions(&process, "greeting").len()), (first, 1));
}
