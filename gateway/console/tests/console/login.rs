//! Who gets in, how, and for how long.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{Method, StatusCode};
use tallygate_console::limits::{
    FAILURE_PAUSE_ADDRESS, FREE_FAILURES, FREE_FAILURES_ADDRESS, PASSWORDS_WAITING, SESSION_IDLE,
};

use crate::site::{PASSWORD, READER, Site, TOKEN, USER};

#[tokio::test]
async fn a_person_logs_in_reads_and_logs_out() {
    let site = Site::start().await;
    let answer = site.try_log_in(USER, PASSWORD).await;
    let cookie = answer.headers["set-cookie"].to_str().unwrap().to_owned();
    for attribute in ["__Host-tallygate=", "; Path=/;", "; Secure", "; HttpOnly", "; SameSite=Strict"] {
        assert!(cookie.contains(attribute), "{cookie}");
    }
    let cookie = cookie.split(';').next().unwrap().to_owned();
    let me = [("cookie", cookie.as_str())];
    assert_eq!(site.send(Method::GET, "/api/v1/session", &me, "").await.json()["user"], USER);
    assert_eq!(site.send(Method::GET, "/api/v1/status", &me, "").await.status, StatusCode::OK);
    let origin = site.origin();
    let out = site.send(Method::POST, "/api/v1/logout", &[me[0], ("origin", &origin)], "").await;
    assert_eq!(out.status, StatusCode::OK);
    assert!(out.headers["set-cookie"].to_str().unwrap().contains("Max-Age=0"));
    assert_eq!(site.send(Method::GET, "/api/v1/status", &me, "").await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_session_that_nobody_uses_ends() {
    let site = Site::start().await;
    let cookie = site.log_in().await;
    let status = async || site.send(Method::GET, "/api/v1/status", &[("cookie", &cookie)], "").await.status;
    let nearly = SESSION_IDLE - Duration::from_secs(30);
    for _ in 0..2 {
        pass(nearly).await;
        assert_eq!(status().await, StatusCode::OK, "who asks now and then stays");
    }
    pass(SESSION_IDLE).await;
    assert_eq!(status().await, StatusCode::UNAUTHORIZED);
    let session = site.send(Method::GET, "/api/v1/session", &[("cookie", &cookie)], "").await;
    assert!(session.json()["user"].is_null());
}

#[tokio::test]
async fn a_feed_and_what_a_page_asks_by_itself_are_no_use_of_a_session() {
    let site = Site::start().await;
    let cookie = site.log_in().await;
    let mut events = site.events_as("day=2026-11-22", ("cookie", &cookie)).await;
    events.next().await.unwrap();
    pass(SESSION_IDLE - Duration::from_secs(30)).await;
    let by_itself = [("cookie", &*cookie), ("tallygate-unattended", "1")];
    assert_eq!(site.send(Method::GET, "/api/v1/status", &by_itself, "").await.status, StatusCode::OK);
    let feed = [("cookie", &*cookie), ("accept", "text/event-stream")];
    let another = site.open(Method::GET, "/api/v1/events", &feed, "".into()).await;
    assert_eq!(another.status(), StatusCode::OK);
    assert_eq!(events.next().await.unwrap().0, "message", "a heartbeat");
    pass(Duration::from_secs(31)).await;
    // What was on its way may come before.
    let mut next = String::new();
    for _ in 0..3 {
        next = events.next().await.unwrap().0;
        if next == "bye" {
            break;
        }
    }
    assert_eq!(next, "bye");
    let status = site.send(Method::GET, "/api/v1/status", &[("cookie", &cookie)], "").await.status;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
}

/// Lets this much time pass at once.
pub(crate) async fn pass(time: Duration) {
    tokio::time::pause();
    tokio::time::advance(time).await;
    tokio::time::resume();
}

#[tokio::test]
async fn a_wrong_password_is_refused_and_guessing_is_slowed() {
    let site = Site::start().await;
    for _ in 0..FREE_FAILURES {
        let answer = site.try_log_in(USER, "wrong").await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
        assert_eq!(answer.headers["content-type"], "application/problem+json");
        assert!(answer.headers.get("set-cookie").is_none());
    }
    let answer = site.try_log_in(USER, PASSWORD).await;
    assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS, "the right one has to wait, too");
    assert!(answer.headers.contains_key("retry-after"));
    let answer = site.try_log_in("somebody else", "wrong").await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "another name need not wait");
}

#[tokio::test]
async fn failures_of_others_behind_the_same_address_lock_out_nobody() {
    let site = Site::start().await;
    for n in 0..30 {
        assert_eq!(site.try_log_in(&format!("name-{n}"), "wrong").await.status, StatusCode::UNAUTHORIZED);
    }
    assert_eq!(site.try_log_in(USER, PASSWORD).await.status, StatusCode::OK);
}

#[tokio::test]
async fn guesses_under_ever_new_names_are_slowed_and_neither_a_session_nor_a_token_is() {
    let site = Site::start().await;
    let cookie = site.log_in().await;
    let guesses = async |round: u32| {
        let names = (0..FREE_FAILURES_ADDRESS / 2).map(|n| format!("name-{round}-{n}"));
        let tried = names.map(|name| {
            let site = &site;
            async move { site.try_log_in(&name, "wrong").await }
        });
        futures::future::join_all(tried).await
    };
    for round in 0..2 {
        assert!(guesses(round).await.iter().all(|answer| answer.status == StatusCode::UNAUTHORIZED), "{round}");
    }
    let slowed = guesses(2).await;
    let slowed: Vec<_> = slowed.iter().filter(|answer| answer.status == StatusCode::TOO_MANY_REQUESTS).collect();
    assert!(slowed.len() > FREE_FAILURES_ADDRESS as usize / 4, "{}", slowed.len());
    assert!(slowed.iter().all(|answer| answer.headers["retry-after"] == "1"));
    assert_eq!(site.try_log_in(USER, PASSWORD).await.status, StatusCode::OK, "who got in from there before");
    for header in [("cookie", &*cookie), ("authorization", &format!("Bearer {TOKEN}"))] {
        assert_eq!(site.send(Method::GET, "/api/v1/status", &[header], "").await.status, StatusCode::OK);
    }
    pass(FAILURE_PAUSE_ADDRESS).await;
    assert_eq!(site.try_log_in(READER, PASSWORD).await.status, StatusCode::OK, "the pace is for all");
}

#[tokio::test]
async fn a_login_beyond_those_that_wait_is_refused_in_words() {
    let site = Site::start().await;
    let attempts = (0..2 * PASSWORDS_WAITING).map(|n| {
        let site = &site;
        async move { site.try_log_in(&format!("name-{n}"), "wrong").await }
    });
    let answers = futures::future::join_all(attempts).await;
    let refused =
        answers.iter().find(|answer| answer.status == StatusCode::SERVICE_UNAVAILABLE).expect("one is refused");
    assert!(refused.headers.contains_key("retry-after"));
    let detail = refused.json()["detail"].as_str().unwrap().to_owned();
    assert!(detail.contains("as many passwords wait to be checked as may"), "{detail}");
    assert!(answers.iter().any(|answer| answer.status == StatusCode::UNAUTHORIZED));
}

#[tokio::test]
async fn a_login_or_a_change_from_another_sites_page_is_refused() {
    let site = Site::start().await;
    let body = serde_json::json!({ "name": USER, "password": PASSWORD }).to_string();
    for headers in [&[("origin", "https://evil.example")][..], &[]] {
        let answer = site.send(Method::POST, "/api/v1/login", headers, body.clone()).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN);
    }
    let cookie = site.log_in().await;
    let path = "/api/v1/policies/json/rollback";
    let answer = site.send(Method::POST, path, &[("cookie", &cookie), ("origin", "https://evil.example")], "").await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_program_comes_with_a_token_or_with_name_and_password() {
    let site = Site::start().await;
    let ask = async |authorization: String| {
        site.send(Method::GET, "/api/v1/status", &[("authorization", &authorization)], "").await.status
    };
    let basic = |name: &str, password: &str| format!("Basic {}", STANDARD.encode(format!("{name}:{password}")));
    assert_eq!(ask(format!("Bearer {TOKEN}")).await, StatusCode::OK);
    assert_eq!(ask(basic(USER, PASSWORD)).await, StatusCode::OK);
    assert_eq!(ask(basic(USER, PASSWORD)).await, StatusCode::OK);
    for wrong in
        ["Bearer another".to_owned(), basic(USER, "wrong"), "Basic %%".into(), "Digest x".into(), "Bearer".into()]
    {
        assert_eq!(ask(wrong.clone()).await, StatusCode::UNAUTHORIZED, "{wrong}");
    }
}

#[tokio::test]
async fn nothing_but_the_page_and_the_login_is_served_to_strangers() {
    let site = Site::start().await;
    let paths = ["status", "sums?day=2026-11-22", "events", "dead-letters", "dead-letters/0/0", "policies"];
    for path in paths {
        let answer = site.send(Method::GET, &format!("/api/v1/{path}"), &[], "").await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{path}");
    }
    for path in ["policies/json/versions", "policies/json/activate", "policies/json/rollback"] {
        let answer = site.send(Method::POST, &format!("/api/v1/{path}"), &[], "{}").await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{path}");
    }
    for path in
        ["/", "/console.css", "/console.js", "/dom.js", "/policies.js", "/plot.js", "/icon.svg", "/api/v1/session"]
    {
        let answer = site.send(Method::GET, path, &[], "").await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
        let policy = answer.headers["content-security-policy"].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'; script-src 'self';") && !policy.contains("unsafe"), "{policy}");
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("referrer-policy", "no-referrer"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-embedder-policy", "require-corp"),
            ("cross-origin-resource-policy", "same-origin"),
            ("cache-control", "no-store"),
        ] {
            assert_eq!(answer.headers[name], value, "{path}");
        }
        assert!(answer.headers["permissions-policy"].to_str().unwrap().contains("camera=()"), "{path}");
    }
}

#[tokio::test]
async fn refusals_are_problems_with_the_right_status() {
    let site = Site::start().await;
    for (method, path, status) in [
        (Method::GET, "/nowhere", 404),
        (Method::POST, "/api/v1/status", 405),
        (Method::GET, "/api/v1/sums?day=yesterday", 400),
        (Method::GET, "/api/v1/sums?order=sum", 400),
        (Method::GET, "/api/v1/sums?dya=2026-11-22", 400),
        (Method::GET, "/api/v1/policies", 404),
    ] {
        let authorization = format!("Bearer {TOKEN}");
        let answer = site.send(method, path, &[("authorization", &authorization)], "").await;
        assert_eq!(answer.status.as_u16(), status, "{path}");
        assert_eq!(answer.headers["content-type"], "application/problem+json", "{path}");
        assert_eq!(answer.json()["status"], status);
        assert!(answer.json()["detail"].as_str().unwrap().len() > 5);
    }
}
