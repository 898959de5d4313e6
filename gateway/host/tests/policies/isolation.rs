//! Messages know nothing of each other, and a policy of them no more than it asks for.

use tallygate_host::{
    Accepted, Continuation, Engine, EngineLimits, Keys, Limits, Outcome, Policy, PolicyFailure, PolicySpec,
};

use crate::support::{answer, component, hostile, message, policy, spec};

#[tokio::test]
async fn every_message_starts_from_the_same_copy() {
    let policy = hostile("count");
    for _ in 0..20 {
        assert_eq!(answer(policy.handle(&message(""), &[], None).await.unwrap()), "1");
    }
}

#[tokio::test]
async fn a_message_after_one_that_failed_finds_nothing_of_it() {
    let (trapping, hungry, counting) = (hostile("trap"), hostile("grow"), hostile("count"));
    for _ in 0..20 {
        assert!(trapping.handle(&message(""), &[], None).await.is_err());
        assert!(hungry.handle(&message(""), &[], None).await.is_err());
        assert_eq!(answer(counting.handle(&message(""), &[], None).await.unwrap()), "1");
    }
}

#[tokio::test]
async fn a_policy_sees_what_it_asks_for_and_the_message_stays_whole() {
    let shown = async |config: &str| {
        let policy = policy("hostile", config);
        let message = message("the body");
        let shown = answer(policy.handle(&message, &[], None).await.unwrap());
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
    let message = message("");
    let Outcome::Reject(refusal) = policy.handle(&message, &[], None).await.unwrap().outcome else {
        panic!("not refused")
    };
    assert_eq!((refusal.status, &*refusal.code), (422, "refused"));
    assert_eq!(policy.fault(&message, &[], &refusal).await, Ok(None));
}

#[tokio::test]
async fn the_json_policy_is_called_like_any_other() {
    let engine = Engine::new(EngineLimits { instances: 2, memory: 64 << 20 }).unwrap();
    let (name, config_json) = ("transactions".into(), r#"{"fields":{"key":"/shop"}}"#.into());
    let (keys, limits) = (Keys::new(), Limits::default());
    let policy =
        Policy::activate(&engine, PolicySpec { name, component: component("json"), config_json, keys, limits })
            .unwrap();
    let body = r#"[{"id":"a","time":"2026-11-22T19:20:54+01:00","shop":"HR1","amount":12.50,"currency":"EUR"}]"#;
    let accepted = async |body: &str| match policy.handle(&message(body), &[], None).await.unwrap().outcome {
        Outcome::Accept(Accepted { transactions, then: Continuation::Reply(reply) }) => (transactions, reply.body),
        other => panic!("not accepted: {other:?}"),
    };
    let (transactions, reply) = accepted(body).await;
    assert_eq!((transactions.len(), &*transactions[0].amount), (1, "12.50"));
    assert_eq!(reply, br#"{"accepted":1}"#);
    // A batch as large as any that is taken grows the memory as it needs, whatever its form.
    let one = &body[1..body.len() - 1];
    let array = |count| format!("[{}]", vec![one; count].join(","));
    let lines = |count| format!("{one}\n").repeat(count);
    let least = r#"{"id":"1","time":"2026-11-22T19:20:54Z","shop":"a","amount":1,"currency":"EUR"}"#;
    let least = |count| format!("{least}\n").repeat(count);
    for (batch, count) in [(array(33_000), 33_000), (lines(40_000), 40_000), (least(50_000), 50_000)] {
        assert_eq!(accepted(&batch).await.0.len(), count);
    }
    // The body may be 8 MiB, and what is made of it would be more than the queue takes.
    let outcome = policy.handle(&message(&least(100_000)), &[], None).await.unwrap().outcome;
    let Outcome::Reject(refusal) = outcome else { panic!("not refused") };
    assert_eq!((refusal.status, &*refusal.code), (413, "message-too-large"));
    assert!(refusal.detail.contains("fit into one message"), "{}", refusal.detail);
}

#[tokio::test]
async fn a_batch_that_needs_more_memory_than_its_policy_has_fails_by_that() {
    let mut spec = spec("json", "{}");
    spec.limits.memory = 2 << 20;
    let policy = Policy::activate(crate::support::engine(), spec).unwrap();
    let one = r#"{"id":"a","time":"2026-11-22T19:20:54+01:00","key":"HR1","amount":12.50,"currency":"EUR"}"#;
    let failure = policy.handle(&message(&one.repeat(10_000)), &[], None).await.unwrap_err();
    assert_eq!(failure, PolicyFailure::OutOfMemory(2 << 20));
}
