//! A hostile policy harms nobody but its own sender, also when it is called many times at once.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::harness::caller::Caller;
use crate::harness::site::{Site, route_and_policy};
use crate::harness::times::Times;

const ALL: &str = "gateway,shipper,aggregator,console";
/// Messages of one partner that turn in circles at the same time, each three times.
const LOOPS: usize = 32;
const TIMES: usize = 3;
const OTHERS: usize = 4;
const ALONE: Duration = Duration::from_secs(2);
/// What half of the messages of another partner may take. On two processors the loops take turns of 5 ms, 80 ms for all of
/// them, and a message waits for that at each of the four times that it is woken on its way; several times as much is for a
/// machine that runs other tests beside this one. Without turns each would wait for 16 loops of 200 ms, once and again.
const IN_TIME: Duration = Duration::from_secs(2);
/// What the loops themselves may take: 6.4 s of a processor for all of them, which other tests want too.
const LOOPED_WITHIN: Duration = Duration::from_secs(120);

/// What the hostile policy is told to do, each by a policy of its own on a route of that name; what its message is
/// answered, and what the failure is called.
const DEEDS: [(&str, u16, &str); 6] = [
    ("trap", 500, "policy-trap"),
    ("recurse", 500, "policy-trap"),
    ("grow", 500, "policy-memory"),
    ("status", 500, "policy-outcome"),
    ("refuse", 422, "refused"),
    ("loop", 504, "policy-timeout"),
];

#[test]
fn a_hostile_policy_fails_its_own_message_alone() {
    let site = Site::embedded().with_sections(
        &DEEDS.map(|(deed, ..)| route_and_policy(deed, "hostile", &format!("handle = \"{deed}\""))).concat(),
    );
    let process = site.up("all", ALL);
    let caller = Caller::new(&site.certs(), "shop-1", process.partners_port);
    for (deed, status, code) in DEEDS {
        let answer = caller.try_post(&format!("/{deed}"), "text/plain", "").unwrap();
        let problem: Value = serde_json::from_slice(&answer.body).unwrap();
        assert_eq!(answer.headers["content-type"], "application/problem+json");
        let kind = json!(format!("urn:tallygate:problem:{code}"));
        assert_eq!((answer.status.as_u16(), &problem["type"]), (status, &kind), "{problem}");
        caller.transact(&format!("after {deed}"), "undisturbed", "1.00");
    }
    let metrics = process.metrics().unwrap();
    for (deed, count) in [("trap", 1), ("recurse", 1), ("grow", 1), ("status", 1), ("loop", 1)] {
        let failures = metrics.value("front_policy_failures_total", &format!("policy=\"{deed}\""));
        assert_eq!(failures, count, "{deed}");
    }
}

#[test]
fn partners_are_answered_in_time_while_many_messages_of_another_turn_in_circles() {
    let circling = route_and_policy("circling", "hostile", "handle = \"loop\"") + "limits = { time = \"200 ms\" }\n";
    let site = Site::embedded().with_sections(&circling);
    let process = site.up("all", ALL);
    let (over, times) = (AtomicBool::new(false), Times::default());
    let circle = || {
        let caller = Caller::new(&site.certs(), "shop-1", process.partners_port).waiting(LOOPED_WITHIN);
        for _ in 0..TIMES {
            let (status, problem) = caller.post("/circling", "");
            let timed_out = status == 504 && problem.contains("policy-timeout");
            // They give way to whatever else this machine runs, and may not come to their end in time.
            assert!(timed_out || status == 503 && problem.contains("request-late"), "{status}: {problem}");
        }
    };
    let send = |n: usize| {
        let caller = Caller::new(&site.certs(), "shop-2", process.partners_port);
        for turn in 0.. {
            if over.load(Ordering::Relaxed) {
                break;
            }
            times.of(|| caller.transact(&format!("{n}-{turn}"), "meanwhile", "1.00"));
        }
    };
    let (begun, ended) = std::thread::scope(|scope| {
        let others: Vec<_> = (0..OTHERS).map(|n| scope.spawn(move || send(n))).collect();
        std::thread::sleep(ALONE);
        let begun = Instant::now();
        let loops: Vec<_> = (0..LOOPS).map(|_| scope.spawn(circle)).collect();
        let looped: Vec<_> = loops.into_iter().map(std::thread::ScopedJoinHandle::join).collect();
        // Also where one of them failed, the others must come to an end.
        over.store(true, Ordering::Relaxed);
        others.into_iter().for_each(|other| other.join().unwrap());
        looped.into_iter().for_each(|looped| looped.unwrap());
        (begun, Instant::now())
    });
    let (alone, beside) = (times.between(begun - ALONE, begun), times.between(begun, ended));
    println!("alone {alone}; beside {LOOPS} loops {beside}");
    assert!(beside.count > 20, "only {} messages were answered meanwhile", beside.count);
    assert!(beside.median < IN_TIME, "beside {LOOPS} loops {beside}; alone {alone}");
}
