//! A policy that misbehaves fails its own message, with an error that says how.

use std::time::Duration;

use bytes::Bytes;
use tallygate_host::{Continuation, Outcome, PolicyFailure, Refusal, Reply, Response, Used};

use crate::support::{answer, hostile, message, policy};

async fn failure(handle: &str) -> PolicyFailure {
    let policy = hostile(handle);
    match policy.handle(&message(""), &[], None).await {
        Err(failure) => failure,
        Ok(outcome) => panic!("{handle}: {outcome:?}"),
    }
}

#[tokio::test]
async fn a_trap_is_an_error_of_that_message() {
    assert!(matches!(failure("trap").await, PolicyFailure::Trap(_)));
}

#[tokio::test]
async fn a_loop_is_stopped_when_its_time_is_up() {
    let mut used = Used::default();
    let failure = hostile("loop").handle(&message(""), &[], Some(&mut used)).await.unwrap_err();
    assert_eq!(failure, PolicyFailure::Timeout(Duration::from_millis(200)));
    assert!(used.time < Duration::from_secs(5), "{used:?}");
}

#[tokio::test]
async fn a_loop_of_calls_to_the_host_is_stopped_too() {
    assert_eq!(failure("hmac-loop").await, PolicyFailure::Timeout(Duration::from_millis(200)));
}

#[tokio::test]
async fn more_memory_than_allowed_is_an_error_that_says_so() {
    assert_eq!(failure("grow").await, PolicyFailure::OutOfMemory(4 << 20));
}

#[tokio::test]
async fn endless_recursion_is_an_error() {
    let failure = failure("recurse").await;
    assert!(matches!(failure, PolicyFailure::Trap(_)), "{failure}");
}

#[tokio::test]
async fn memory_returned_many_times_over_is_not_copied_out() {
    let mut used = Used::default();
    let failure = hostile("amplify").handle(&message(""), &[], Some(&mut used)).await.unwrap_err();
    assert!(matches!(failure, PolicyFailure::Trap(_)), "{failure:?}");
    assert!(used.time < Duration::from_secs(5), "{used:?}");
}

#[tokio::test]
async fn what_cannot_be_sent_is_an_error_and_no_reply() {
    for handle in ["status", "header", "name", "refuse-with-200", "edit", "extra", "remember-too-much"] {
        let failure = failure(handle).await;
        assert!(matches!(failure, PolicyFailure::BadOutcome(_)), "{handle}: {failure}");
        assert_eq!(failure.code(), "policy-outcome");
    }
}

#[tokio::test]
async fn what_a_response_cannot_be_changed_to_is_an_error_and_no_response() {
    let response = Response { status: 200, headers: vec![], body: Bytes::new() };
    for respond in ["status", "header", "extra"] {
        let policy = policy("hostile", &format!(r#"{{"respond":"{respond}"}}"#));
        let failure = policy.respond(&message(""), &[], &response, None).await.unwrap_err();
        assert!(matches!(failure, PolicyFailure::BadOutcome(_)), "{respond}: {failure}");
    }
}

#[tokio::test]
async fn an_extra_that_the_gateway_does_not_know_is_named() {
    assert_eq!(
        failure("extra").await.to_string(),
        "the policy returned a reply with the extra `receipt`, which this gateway does not know"
    );
}

#[tokio::test]
async fn a_policy_that_says_it_does_not_accept_cannot() {
    let policy = policy("hostile", r#"{"handle":"nothing","respond":"accept","may_accept":false}"#);
    let response = Response { status: 200, headers: vec![], body: Bytes::new() };
    let handled = policy.handle(&message(""), &[], None).await.unwrap_err().to_string();
    assert_eq!(handled, "the policy returned accept, and its `about.may-accept` says that it does not");
    assert_eq!(policy.respond(&message(""), &[], &response, None).await.unwrap_err().to_string(), handled);
}

#[tokio::test]
async fn an_accept_without_transactions_can_be_sent() {
    let decision = hostile("nothing").handle(&message(""), &[], None).await.unwrap();
    let Outcome::Accept(accepted) = decision.outcome else { panic!("not accepted: {decision:?}") };
    assert!(accepted.transactions.is_empty());
    assert!(matches!(accepted.then, Continuation::Reply(Reply { status: 200, .. })));
}

#[tokio::test]
async fn each_function_of_a_policy_is_watched() {
    let refusal = Refusal { status: 503, code: "x".into(), detail: String::new(), field: None, retry_after: None };
    for wrong in ["trap", "loop", "grow", "recurse"] {
        let policy = policy("hostile", &format!(r#"{{"fault":"{wrong}","respond":"{wrong}"}}"#));
        assert!(policy.fault(&message(""), &[], &refusal).await.is_err(), "{wrong}");
        let response = Response { status: 200, headers: vec![], body: Bytes::new() };
        assert!(policy.respond(&message(""), &[], &response, None).await.is_err(), "{wrong}");
        assert_eq!(answer(policy.handle(&message(""), &[], None).await.unwrap()), "answer");
    }
}

#[tokio::test]
async fn a_log_that_never_ends_is_cut() {
    let log = crate::support::Log::default();
    let guard = log.install();
    assert_eq!(answer(hostile("log").handle(&message(""), &[], None).await.unwrap()), "logged");
    drop(guard);
    let lines = log.lines();
    assert_eq!(lines.len(), 17, "{lines:#?}");
    assert!(lines.iter().all(|line| line.len() < 1400 && line.contains("m-1")), "{lines:#?}");
    assert!(lines[0].contains(r"one\nanother\u{1b}[31m"), "a line is one line, {lines:#?}");
    assert!(lines[16].contains("more are dropped"), "{lines:#?}");
}
