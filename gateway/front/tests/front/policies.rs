//! What policies decide and how they fail, and their versions while requests run.

use http::Method;
use http_body_util::Full;

use crate::play::Mood;
use crate::site::{Site, line};

#[tokio::test]
async fn a_policys_refusal_is_a_problem_document() {
    let served = Site::plain().serve();
    let refused = served.caller().post("/reject", "x").await;
    assert_eq!(refused.status, 422);
    assert!(refused.body.starts_with(r#"{"type":"urn:tallygate:problem:wrong-total""#), "{}", refused.body);
    assert!(refused.body.contains(r#""field":"/total""#));
}

#[tokio::test]
async fn a_policy_that_fails_fails_one_request_and_says_nothing_of_its_insides() {
    let served = Site::plain().serve();
    let caller = served.caller();
    for (part, status) in [("trap", 500), ("timeout", 504), ("panic", 500), ("pass", 500)] {
        let failed = caller.post(&format!("/{part}"), "x").await;
        assert_eq!(failed.status, status, "{part}");
        assert!(!failed.body.contains("secret"), "{}", failed.body);
    }
    assert_eq!(caller.post("/echo", "x").await.status, 200);
    let scraped = served.scraped();
    assert!(scraped.contains(r#"front_policy_failures_total{policy="trap",kind="policy-trap"} 1"#), "{scraped}");
    assert!(scraped.contains(r#"front_requests_total{route="timeout",status="504"} 1"#));
    assert!(scraped.contains("front_requests_in_flight 0"));
}

#[tokio::test]
async fn a_message_that_is_more_than_its_policy_has_memory_for_is_413_and_names_the_limit() {
    let served = Site::plain().serve();
    let refused = served.caller().post("/memory", "x").await;
    assert_eq!(refused.status, 413);
    assert!(refused.body.contains("urn:tallygate:problem:policy-memory"), "{}", refused.body);
    assert!(refused.body.contains("the 1 MiB it may have (limits.memory)"), "{}", refused.body);
    // Without a body, the policy alone is to blame.
    assert_eq!(served.caller().get("/memory").await.status, 500);
}

#[tokio::test]
async fn a_message_that_finds_too_many_slow_ones_before_it_is_503_and_comes_again_later() {
    let served = Site::plain().serve();
    let refused = served.caller().post("/busy", "x").await;
    assert_eq!((refused.status, &refused.headers["retry-after"]), (503, &"5".parse().unwrap()));
    assert!(refused.body.contains("urn:tallygate:problem:policy-busy"), "{}", refused.body);
}

#[tokio::test]
async fn a_policy_puts_the_gateways_refusals_into_the_partners_protocol() {
    let mut site = Site::plain();
    site.options.limits.body_bytes = 100;
    site.options.routes.push(tallygate_front::RouteOptions {
        name: "named".into(),
        path: "/named".into(),
        policies: vec!["soap".into()],
        ..Default::default()
    });
    let queue = site.queue.clone();
    let served = site.serve();
    let caller = served.caller();
    let large = caller.post("/soap", "x".repeat(101)).await;
    assert_eq!((large.status, &*large.body), (500, "fault 413 body-too-large till"));
    let nobody = caller.post("/named", "x").await;
    assert_eq!((nobody.status, &*nobody.body), (500, "fault 401 no-credential nobody"));
    queue.feel(Mood::Away);
    let away = caller.post("/soap", line("1", "1")).await;
    assert!(away.body.starts_with("fault 503 queue-away till soap+"), "{}", away.body);
    assert_eq!(away.headers["retry-after"], "5");
    queue.feel(Mood::Confirms);
    let wrong = caller.post("/soap", line("1", "one")).await;
    assert!(wrong.body.starts_with("fault 422 transaction-not-valid till soap+"), "{}", wrong.body);
}

#[tokio::test]
async fn a_refusal_is_put_by_whichever_policy_of_the_route_has_a_form_for_it() {
    let mut site = Site::plain();
    let named = |name: &str, policies: [&str; 2], partner: Option<&str>| tallygate_front::RouteOptions {
        name: name.into(),
        path: format!("/{name}"),
        policies: policies.map(Into::into).to_vec(),
        partner: partner.map(Into::into),
        ..Default::default()
    };
    site.options.routes.push(named("none-met", ["pass", "soap"], None));
    site.options.routes.push(named("before", ["soap-pass", "reject"], Some("till")));
    site.options.routes.push(named("behind", ["reject", "soap"], Some("till")));
    let served = site.serve();
    let caller = served.caller();
    assert_eq!(caller.post("/none-met", "x").await.body, "fault 401 no-credential nobody");
    assert_eq!(caller.post("/before", "x").await.body, "fault 422 wrong-total till soap-pass+1");
    assert_eq!(caller.post("/behind", "x").await.body, "fault 422 wrong-total till");
}

#[tokio::test]
async fn a_policy_finds_what_the_one_before_it_left() {
    let mut site = Site::plain();
    site.route("accept").policies = vec!["tag".into(), "upper".into(), "context".into()];
    let served = site.serve();
    assert_eq!(served.caller().post("/accept", "abc").await.body, "after \"upper+3\"");
    assert_eq!(served.caller().post("/context", "abc").await.body, "after \"\"");
}

#[tokio::test]
async fn a_switch_of_versions_drops_nothing_and_what_began_with_the_old_one_ends_with_it() {
    let site = Site::plain();
    let queue = site.queue.clone();
    queue.feel(Mood::Waits);
    let served = site.serve();
    let caller = served.caller();
    let under_way = tokio::spawn(async move { caller.post("/accept", line("1", "1")).await });
    queue.wait_for(1).await;
    let pushed = served.policies.push("accept", b"accept2".to_vec(), None).await.unwrap();
    served.policies.activate("accept", &pushed.version).await.unwrap();
    queue.released.add_permits(10);
    assert_eq!(under_way.await.unwrap().body, "accept");
    assert_eq!(served.caller().post("/accept", line("2", "1")).await.body, "accept2");
    served.policies.rollback("accept").await.unwrap();
    assert_eq!(served.caller().post("/accept", line("3", "1")).await.body, "accept");
}

#[tokio::test]
async fn each_of_many_requests_under_way_ends_with_the_version_it_began_with() {
    let site = Site::plain();
    let queue = site.queue.clone();
    queue.feel(Mood::Waits);
    let served = site.serve();
    let mut under_way = Vec::new();
    let pushed = served.policies.push("accept", b"accept2".to_vec(), None).await.unwrap();
    for (switch, requests, expected) in [(0, 6, "accept"), (1, 5, "accept2"), (2, 4, "accept")] {
        match switch {
            1 => _ = served.policies.activate("accept", &pushed.version).await.unwrap(),
            2 => _ = served.policies.rollback("accept").await.unwrap(),
            _ => {}
        }
        for _ in 0..requests {
            let (caller, id) = (served.caller(), under_way.len().to_string());
            let answer = tokio::spawn(async move { caller.post("/accept", line(&id, "1")).await });
            under_way.push((expected, answer));
        }
        queue.wait_for(under_way.len()).await;
    }
    assert!(under_way.iter().all(|(_, answer)| !answer.is_finished()));
    queue.released.add_permits(under_way.len());
    for (expected, answer) in under_way {
        let answer = answer.await.unwrap();
        assert_eq!((answer.status, &*answer.body), (202, expected));
    }
    assert_eq!(queue.count(), 15);
}

#[tokio::test]
async fn a_policy_hands_on_what_it_changed_to_the_next_one() {
    let mut site = Site::plain();
    site.route("accept").policies = vec!["tag".into(), "upper".into(), "echo".into()];
    let served = site.serve();
    let caller = served.caller();
    let bare = caller.post("/echo", "abc").await.body;
    let request = caller.request(Method::POST, "/accept").header("x-remove", "me");
    let changed = caller.send(request.body(Full::from("abc")).unwrap()).await;
    let fields = |body: &str| body.split(' ').nth(1).unwrap().parse::<usize>().unwrap();
    assert_eq!(changed.status, 200);
    // The tag stands in place of the other's; of the trail each has left its own.
    assert_eq!(fields(&changed.body), fields(&bare) + 3);
    assert!(changed.body.ends_with(" 3"));
}

#[tokio::test]
async fn a_policy_without_an_active_version_answers_503_until_it_has_one() {
    let mut site = Site::plain();
    site.unborn = vec!["echo".into()];
    site.options.limits.retry_after = std::time::Duration::from_secs(7);
    let served = site.serve();
    let refused = served.caller().post("/echo", "x").await;
    assert_eq!((refused.status, &refused.headers["retry-after"]), (503.try_into().unwrap(), &"7".parse().unwrap()));
    assert!(refused.body.starts_with(r#"{"type":"urn:tallygate:problem:policy-not-active""#), "{}", refused.body);
    assert!(served.scraped().contains(r#"front_policy_active{policy="echo"} 0"#));
    let pushed = served.policies.push("echo", b"echo".to_vec(), None).await.unwrap();
    assert_eq!(served.caller().post("/echo", "x").await.status, 503);
    served.policies.activate("echo", &pushed.version).await.unwrap();
    assert_eq!(served.caller().post("/echo", "x").await.status, 200);
    assert!(served.scraped().contains(r#"front_policy_active{policy="echo"} 1"#));
}
