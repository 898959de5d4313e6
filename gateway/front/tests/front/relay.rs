//! A policy that accepts and forwards: what is counted, and when the upstream is asked.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::TcpListener;

use crate::play::Mood;
use crate::proxy::upstream;
use crate::responses::{OK, held};
use crate::site::{Site, line};

async fn away() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap()
}

#[tokio::test]
async fn the_upstream_is_asked_only_once_it_is_queued() {
    let upstream = held(OK).await;
    upstream.let_go.add_permits(1);
    let mut site = Site::plain();
    site.partners_proxy("/", &["relay"], &[upstream.address]);
    let queue = site.queue.clone();
    queue.feel(Mood::Waits);
    let served = site.serve();
    let caller = served.caller();
    let answer = tokio::spawn(async move { caller.post("/x", line("1", "1")).await });
    queue.wait_for(1).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(!answer.is_finished());
    assert_eq!(upstream.asked.available_permits(), 0, "the upstream was asked before the queue had confirmed");
    queue.released.add_permits(1);
    let answer = answer.await.unwrap();
    assert_eq!((answer.status, &*answer.body), (200, "fine"));
    assert_eq!((queue.count(), upstream.asked.available_permits()), (1, 1));
}

#[tokio::test]
async fn what_is_queued_stays_counted_when_the_upstream_fails_and_a_resend_is_forwarded_again() {
    let mut site = Site::plain();
    site.partners_proxy("/", &["relay"], &[away().await]);
    site.partners_proxy("/back", &["relay"], &[upstream("a").await]);
    let queue = site.queue.clone();
    let served = site.serve();
    let caller = served.caller();
    assert_eq!(caller.post("/x", line("1", "1")).await.status, 502);
    assert_eq!(queue.count(), 1);
    for resend in 2..4 {
        let answer = caller.post("/back", line("1", "1")).await;
        assert!(answer.status == 200 && answer.body.starts_with("a POST"), "{}", answer.body);
        assert_eq!(queue.count(), resend);
    }
}

#[tokio::test]
async fn what_could_not_be_queued_does_not_reach_the_upstream() {
    let mut site = Site::plain();
    site.partners_proxy("/", &["relay"], &[away().await]);
    site.proxy("/unnamed", &["relay"], &[away().await]);
    let queue = site.queue.clone();
    let served = site.serve();
    let caller = served.caller();
    assert_eq!(caller.post("/x", line("1", "wrong")).await.status, 422);
    assert_eq!(caller.post("/unnamed", line("1", "1")).await.status, 401);
    queue.feel(Mood::Away);
    let refused = caller.post("/x", line("1", "1")).await;
    assert_eq!((refused.status, refused.headers["retry-after"].to_str().unwrap()), (503, "5"));
    // An upstream that had been asked would have made it 502, and would have been counted.
    assert!(!served.scraped().contains("front_upstream_errors_total{"), "{}", served.scraped());
}

#[tokio::test]
async fn nothing_is_queued_before_all_policies_have_let_it_pass_and_it_can_go_on() {
    let mut site = Site::plain();
    site.partners_proxy("/refused", &["relay", "reject"], &[upstream("a").await]);
    site.partners_proxy("/answered", &["relay", "echo"], &[upstream("a").await]);
    site.partners_proxy("/failed", &["relay", "trap"], &[upstream("a").await]);
    site.partners_proxy("/no-target", &["astray"], &[upstream("a").await]);
    let queue = site.queue.clone();
    let served = site.serve();
    let caller = served.caller();
    for (path, status) in
        [("/refused", 422), ("/answered", 200), ("/failed", 500), ("/no-target", 500), ("/relay", 500)]
    {
        assert_eq!(caller.post(path, line("1", "1")).await.status, status, "{path}");
        assert_eq!(queue.count(), 0, "{path}");
    }
    let failures = served.scraped();
    for policy in ["astray", "relay"] {
        let failure = format!(r#"front_policy_failures_total{{policy="{policy}",kind="policy-outcome"}} 1"#);
        assert!(failures.contains(&failure), "{failures}");
    }
}

#[tokio::test]
async fn what_policies_behind_the_accepting_one_change_reaches_the_upstream_and_not_the_sums() {
    let mut site = Site::plain();
    site.partners_proxy("/", &["tag", "relay", "upper"], &[upstream("a").await]);
    let queue = site.queue.clone();
    let served = site.serve();
    let answer = served.caller().post("/x", line("id-a", "1")).await;
    assert!(answer.body.contains("] ID-A "), "{}", answer.body);
    assert!(answer.body.contains("x-trail=relay, x-trail=tag, x-trail=upper"), "{}", answer.body);
    let message = queue.messages.lock().unwrap()[0].clone();
    let envelope = tallygate_core::envelope::decode(&message).unwrap();
    assert_eq!((&*envelope.head.partner, &*envelope.head.policy), ("till", "relay"));
    assert!(String::from_utf8_lossy(&message).contains(r#""id":"id-a""#));
}
