//! What a policy leaves for when it is asked again, and what it sees of a response.

use bytes::Bytes;
use tallygate_host::{Changed, Header, Outcome, Refusal, Response, ResponseOutcome, Used};

use crate::support::{answer, hostile, message, policy};

#[tokio::test]
async fn what_a_policy_leaves_comes_back_byte_for_byte() {
    let body = "all of it \u{0}\u{1}\u{7f}\u{80}";
    let decision = hostile("remember").handle(&message(body), b"of the policy before", None).await.unwrap();
    assert!(matches!(decision.outcome, Outcome::Forward(_)));
    assert_eq!(decision.context, body.as_bytes());
    let shown = hostile("context").handle(&message(""), &decision.context, None).await.unwrap();
    assert_eq!(answer(shown), body);
    let refusal = Refusal { status: 503, code: "x".into(), detail: String::new(), field: None, retry_after: None };
    let fault = policy("hostile", r#"{"fault":"context"}"#).fault(&message(""), b"mine", &refusal).await.unwrap();
    assert_eq!(fault.unwrap().body, b"mine");
}

#[tokio::test]
async fn a_policy_sees_of_a_response_what_it_asks_for() {
    let headers = vec![Header { name: "x-a".into(), value: b"1".to_vec() }];
    let response = Response { status: 404, headers, body: "the body".into() };
    let shown = async |config: &str| {
        let policy = policy("hostile", config);
        match policy.respond(&message(""), b"mine", &response, None).await.unwrap() {
            ResponseOutcome::Change(Changed { body: Some(body), .. }) => String::from_utf8(body).unwrap(),
            other => panic!("{other:?}"),
        }
    };
    let whole = shown(r#"{"respond":"show"}"#).await;
    assert!(whole.contains("status: 404") && whole.contains(r#"name: "x-a""#), "{whole}");
    assert!(whole.starts_with("[109, 105, 110, 101] ") && whole.contains("body: [116,"), "{whole}");
    let head = shown(r#"{"respond":"show","needs_response_body":false}"#).await;
    assert!(head.contains("status: 404") && head.contains("body: []"), "{head}");
}

#[tokio::test]
async fn a_response_is_passed_or_changed_or_accepted() {
    let response = Response { status: 200, headers: vec![], body: Bytes::new() };
    let outcome = async |respond: &str| {
        let policy = policy("hostile", &format!(r#"{{"respond":"{respond}"}}"#));
        policy.respond(&message(""), &[], &response, None).await.unwrap()
    };
    assert_eq!(outcome("pass").await, ResponseOutcome::Pass);
    let ResponseOutcome::Change(changed) = outcome("seen").await else { panic!("not changed") };
    assert_eq!((changed.status, changed.body, &*changed.headers.set[0].value), (None, None, &b"seen"[..]));
    let ResponseOutcome::Accept(accepted) = outcome("accept").await else { panic!("not accepted") };
    assert_eq!((accepted.transactions.len(), accepted.change), (0, Changed::default()));
}

#[tokio::test]
async fn what_a_call_used_is_measured_where_somebody_asks() {
    let mut used = Used::default();
    assert!(hostile("loop").handle(&message(""), &[], Some(&mut used)).await.is_err());
    assert!(used.time.as_millis() >= 150 && used.time.as_millis() < 2000, "{used:?}");
    let mut used = Used::default();
    assert!(hostile("grow").handle(&message(""), &[], Some(&mut used)).await.is_err());
    assert!(used.memory > 2 << 20 && used.memory <= 4 << 20, "{used:?}");
}
