//! Large policies: many modules, or a heap of many MiB, as those have that bring a language's runtime with them.

use std::time::{Duration, Instant};

use tallygate_host::limits::{LARGE_CORE_INSTANCES, MEMORY_SMALL};
use tallygate_host::{
    Accepted, ArtefactKey, Continuation, Engine, EngineLimits, KeptPolicy, Keys, Limits, Outcome, Policy, PolicySpec,
    version_of,
};

use crate::support::{answer, component, message};

/// The heap of a runtime, in pages of 64 KiB.
const HEAP_PAGES: u32 = 256;

/// The `hostile` component with a heap of that size and so many more modules, each instantiated.
fn with_modules(count: u32) -> Vec<u8> {
    let hostile = component("hostile");
    let (mut bytes, mut modules) = (hostile[..8].to_vec(), 0_u32);
    for (id, contents) in sections(&hostile) {
        let own = id == 1 && modules == 0;
        modules += u32::from(id == 1);
        section(&mut bytes, id, &if own { with_heap(contents) } else { contents.to_vec() });
    }
    for number in 0..count {
        section(&mut bytes, 1, b"\0asm\x01\0\0\0");
        // One instance, made of this module with no arguments.
        section(&mut bytes, 2, &[&[1, 0][..], &leb(modules + number), &[0]].concat());
    }
    bytes
}

/// The policy's own module, the first of a component, whose memory begins with all those pages. It is bare of what it says
/// of itself, so that it is not called without the component around it.
fn with_heap(module: &[u8]) -> Vec<u8> {
    let mut bytes = module[..8].to_vec();
    for (id, contents) in sections(module).into_iter().filter(|(id, _)| *id != 0) {
        let memory = [&[1, 0][..], &leb(HEAP_PAGES)].concat();
        section(&mut bytes, id, if id == 5 { &memory } else { contents });
    }
    bytes
}

/// The sections of a module or component, by their numbers.
fn sections(of: &[u8]) -> Vec<(u8, &[u8])> {
    let (mut sections, mut rest) = (Vec::new(), &of[8..]);
    while let [id, behind @ ..] = rest {
        let (mut length, mut digits) = (0, 0);
        loop {
            let digit = behind[digits];
            length |= usize::from(digit & 0x7f) << (7 * digits);
            digits += 1;
            if digit & 0x80 == 0 {
                break;
            }
        }
        sections.push((*id, &behind[digits..][..length]));
        rest = &behind[digits + length..];
    }
    sections
}

fn section(to: &mut Vec<u8>, id: u8, contents: &[u8]) {
    to.push(id);
    to.extend(leb(u32::try_from(contents.len()).unwrap()));
    to.extend(contents);
}

/// Seven bits a byte.
fn leb(mut value: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value > 0x7f {
        bytes.push(value as u8 & 0x7f | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
    bytes
}

fn spec(component: Vec<u8>, config: &str) -> PolicySpec {
    PolicySpec {
        name: "large".into(),
        component,
        config_json: config.into(),
        keys: Keys::throw_away().unwrap(),
        limits: Limits::default(),
    }
}

/// The addresses that this process has set aside, in bytes.
fn addresses() -> u64 {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap();
    pages.split(' ').next().unwrap().parse::<u64>().unwrap() * 4096
}

#[tokio::test]
async fn a_policy_of_many_modules_and_a_heap_of_16_mib_is_called_like_any_other() {
    let engine = Engine::new(EngineLimits { instances: 32, ..EngineLimits::default() }).unwrap();
    let large = spec(with_modules(20), r#"{"handle":"count"}"#);
    assert!((HEAP_PAGES as usize) << 16 > MEMORY_SMALL);
    let kept = KeptPolicy {
        name: large.name.clone(),
        version: version_of(&large.component, &large.config_json),
        keys: large.keys.clone(),
        limits: large.limits,
    };
    let policy = Policy::activate(&engine, large).unwrap();
    for _ in 0..20 {
        assert_eq!(answer(policy.handle(&message(""), &[], None).await.unwrap()), "1", "afresh each time");
    }
    let key = ArtefactKey::new(&[7; ArtefactKey::BYTES]);
    let artefact = policy.artefact(&engine, &key).unwrap();
    let elsewhere = Engine::new(EngineLimits { instances: 32, ..EngineLimits::default() }).unwrap();
    let loaded = Policy::load(&elsewhere, &key, kept, &artefact).unwrap().unwrap();
    assert_eq!(answer(loaded.handle(&message(""), &[], None).await.unwrap()), "1", "what was kept of it too");
}

#[test]
fn a_policy_of_more_modules_than_any_may_have_is_refused_with_the_limit() {
    let engine = Engine::new(EngineLimits { instances: 1, ..EngineLimits::default() }).unwrap();
    let refused = Policy::activate(&engine, spec(with_modules(LARGE_CORE_INSTANCES), "{}")).unwrap_err().to_string();
    assert!(refused.contains(&format!("more modules than the {LARGE_CORE_INSTANCES}")), "{refused}");
}

/// Others of this program's tests set addresses aside too, so this counts those of a process of its own.
#[test]
fn where_no_policy_is_large_no_addresses_are_set_aside_for_any() {
    const CHILD: &str = "TALLYGATE_TEST_ADDRESSES";
    if std::env::var_os(CHILD).is_none() {
        let status = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "large::where_no_policy_is_large_no_addresses_are_set_aside_for_any"])
            .env(CHILD, "1")
            .status()
            .unwrap();
        return assert!(status.success());
    }
    let engine = Engine::new(EngineLimits::default()).unwrap();
    let activate = |component| Policy::activate(&engine, spec(component, "{}")).unwrap();
    let before = addresses();
    let small = activate(component("hostile"));
    let with_small = addresses();
    let large = activate(with_modules(1));
    let with_large = addresses();
    assert!(with_small - before < 16 << 30, "{} bytes", with_small - before);
    assert!(with_large - with_small > 64 << 30, "{} bytes", with_large - with_small);
    drop((small, large));
}

/// Of JavaScript: TALLYGATE_JAVASCRIPT names the component that `setup/build-javascript` made.
#[tokio::test]
#[ignore = "needs a component that componentize-js made, and a minute to compile it"]
async fn a_policy_in_javascript_takes_a_message_in_little_time_and_memory() {
    let path = std::env::var_os("TALLYGATE_JAVASCRIPT").expect("TALLYGATE_JAVASCRIPT names no component");
    let engine = Engine::new(EngineLimits::default()).unwrap();
    let begun = Instant::now();
    let policy = Policy::activate(&engine, spec(std::fs::read(path).unwrap(), r#"{"currency":"EUR"}"#)).unwrap();
    eprintln!("activated in {:?}", begun.elapsed());
    let body = message(r#"{"id":"1","time":"2026-11-22T19:20:54+01:00","key":"HR1","amount":"12.50"}"#);
    let mut times = Vec::new();
    for _ in 0..400 {
        let mut used = tallygate_host::Used::default();
        let decision = policy.handle(&body, &[], Some(&mut used)).await.unwrap();
        let Outcome::Accept(Accepted { transactions, then: Continuation::Reply(_) }) = decision.outcome else {
            panic!("not accepted: {:?}", decision.outcome)
        };
        assert_eq!((&*transactions[0].amount, &*transactions[0].currency), ("12.50", "EUR"));
        times.push(used.time);
    }
    times.sort();
    let resident = std::fs::read_to_string("/proc/self/status").unwrap();
    let resident = resident.lines().filter(|line| line.starts_with("VmRSS") || line.starts_with("Rss"));
    eprintln!("CPU a message: {:?} at the median, {:?} at the 99th of 100", times[200], times[396]);
    eprintln!("{}", resident.collect::<Vec<_>>().join("; "));
    assert!(times[200] < Duration::from_millis(10), "{:?}", times[200]);
}
