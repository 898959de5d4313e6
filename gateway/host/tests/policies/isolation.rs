//! Messages know nothing of each other, and none waits for another that goes wrong.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tallygate_host::{Engine, EngineLimits, Keys, Limits, Outcome, Policy, PolicySpec};

use crate::support::{answer, component, hostile, message, policy, runtime, spec};

#[tokio::test]
async fn every_message_starts_from_the_same_copy() {
    let policy = hostile("count");
    for _ in 0..20 {
        assert_eq!(answer(policy.handle(&mut message("")).await.unwrap()), "1");
    }
}

#[tokio::test]
async fn a_message_after_one_that_failed_finds_nothing_of_it() {
    let (trapping, hungry, counting) = (hostile("trap"), hostile("grow"), hostile("count"));
    for _ in 0..20 {
        assert!(trapping.handle(&mut message("")).await.is_err());
        assert!(hungry.handle(&mut message("")).await.is_err());
        assert_eq!(answer(counting.handle(&mut message("")).await.unwrap()), "1");
    }
}

#[test]
fn loops_do_not_hold_up_others() {
    let looping = Arc::new(hostile("loop"));
    let other = Arc::new(hostile("count"));
    runtime(2).block_on(async {
        let loops: Vec<_> = (0..6)
            .map(|_| {
                let looping = looping.clone();
                tokio::spawn(async move { looping.handle(&mut message("")).await.is_err() })
            })
            .collect();
        let mut slowest = Duration::ZERO;
        while !loops.iter().all(tokio::task::JoinHandle::is_finished) {
            let other = other.clone();
            let start = Instant::now();
            // A task of its own, behind the loops in the same queues.
            tokio::spawn(async move { answer(other.handle(&mut message("")).await.unwrap()) }).await.unwrap();
            slowest = slowest.max(start.elapsed());
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        // Six loops burn 1.2 s in all; whoever waited for one of them would have waited 200 ms.
        assert!(slowest < Duration::from_millis(150), "{slowest:?}");
        for looped in loops {
            assert!(looped.await.unwrap());
        }
    });
}

#[test]
fn a_policy_that_burns_its_time_leaves_places_to_others() {
    let engine = Engine::new(EngineLimits { instances: 4, memory: 4 << 20 }).unwrap();
    let activate = |handle: &str| {
        let spec = spec("hostile", &format!(r#"{{"handle":"{handle}"}}"#));
        Arc::new(Policy::activate(&engine, spec).unwrap())
    };
    let (looping, other) = (activate("loop"), activate("count"));
    runtime(2).block_on(async {
        let loops: Vec<_> = (0..8)
            .map(|_| {
                let looping = looping.clone();
                tokio::spawn(async move { looping.handle(&mut message("")).await.is_err() })
            })
            .collect();
        tokio::time::sleep(Duration::from_millis(20)).await;
        let start = Instant::now();
        answer(other.handle(&mut message("")).await.unwrap());
        assert!(start.elapsed() < Duration::from_millis(150), "{:?}", start.elapsed());
        for looped in loops {
            assert!(looped.await.unwrap());
        }
    });
}

#[test]
fn a_call_that_is_given_up_gives_its_place_back() {
    let engine = Engine::new(EngineLimits { instances: 1, memory: 4 << 20 }).unwrap();
    let mut spec = spec("hostile", r#"{"handle":"loop"}"#);
    spec.limits.time = Duration::from_secs(60);
    let policy = Policy::activate(&engine, spec).unwrap();
    runtime(1).block_on(async {
        for _ in 0..3 {
            let mut message = message("whole");
            let given_up = tokio::time::timeout(Duration::from_millis(30), policy.handle(&mut message)).await;
            assert!(given_up.is_err());
            assert_eq!((message.body, message.headers.len()), (b"whole".to_vec(), 2));
        }
    });
}

#[test]
fn more_messages_than_places_take_their_turn() {
    let engine = Engine::new(EngineLimits { instances: 2, memory: 4 << 20 }).unwrap();
    let policy = Arc::new(Policy::activate(&engine, spec("hostile", r#"{"handle":"count"}"#)).unwrap());
    runtime(2).block_on(async {
        let calls: Vec<_> = (0..500)
            .map(|_| {
                let policy = policy.clone();
                tokio::spawn(async move { answer(policy.handle(&mut message("")).await.unwrap()) })
            })
            .collect();
        for call in calls {
            assert_eq!(call.await.unwrap(), "1");
        }
    });
}

#[tokio::test]
async fn a_policy_sees_what_it_asks_for_and_the_message_stays_whole() {
    let shown = async |config: &str| {
        let policy = policy("hostile", config);
        let mut message = message("the body");
        let shown = answer(policy.handle(&mut message).await.unwrap());
        assert_eq!((&*message.body, message.headers.len()), (&b"the body"[..], 2));
        shown
    };
    let nothing = shown(r#"{"handle":"show","needs_body":false}"#).await;
    assert!(nothing.contains("headers: [], body: []"), "{nothing}");
    assert!(nothing.contains(r#"policy: "hostile", partner: Some("shop-1")"#), "{nothing}");
    let one = shown(r#"{"handle":"show","headers":["x-other"]}"#).await;
    assert!(one.contains("x-other") && !one.contains("content-type") && !one.contains("body: []"), "{one}");
    let all = shown(r#"{"handle":"show","headers":["*"]}"#).await;
    assert!(all.contains("x-other") && all.contains("content-type"), "{all}");
}

#[tokio::test]
async fn a_policy_without_a_form_for_refusals_leaves_them_to_the_gateway() {
    let policy = hostile("refuse");
    let mut message = message("");
    let Outcome::Reject(refusal) = policy.handle(&mut message).await.unwrap() else { panic!("not refused") };
    assert_eq!((refusal.status, &*refusal.code), (422, "refused"));
    assert_eq!(policy.fault(&mut message, &refusal).await, Ok(None));
}

#[tokio::test]
async fn the_json_policy_is_called_like_any_other() {
    let engine = Engine::new(EngineLimits { instances: 2, memory: 16 << 20 }).unwrap();
    let (name, config_json) = ("transactions".into(), r#"{"fields":{"key":"/shop"}}"#.into());
    let (keys, limits) = (Keys::new(), Limits::default());
    let policy =
        Policy::activate(&engine, PolicySpec { name, component: component("json"), config_json, keys, limits })
            .unwrap();
    let body = r#"[{"id":"a","time":"2026-11-22T19:20:54+01:00","shop":"HR1","amount":12.50,"currency":"EUR"}]"#;
    let Outcome::Accept(accepted) = policy.handle(&mut message(body)).await.unwrap() else { panic!("not accepted") };
    assert_eq!((accepted.transactions.len(), &*accepted.transactions[0].amount), (1, "12.50"));
    assert_eq!(accepted.reply.body, br#"{"accepted":1}"#);
    // A batch as large as any that is taken grows the memory as it needs.
    let many = format!("[{}]", vec![&body[1..body.len() - 1]; 20_000].join(","));
    let Outcome::Accept(accepted) = policy.handle(&mut message(&many)).await.unwrap() else { panic!("not accepted") };
    assert_eq!(accepted.transactions.len(), 20_000);
}
