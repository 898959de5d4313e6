//! The line of the log about each thing that somebody did, or was refused.

use std::sync::Arc;

use http::Method;
use tallygate_console::admin::Role;
use tallygate_console::limits::STRANGERS_LINES;

use crate::lines::Lines;
use crate::policies::{Registry, post};
use crate::replays::Remembers;
use crate::site::{PASSWORD, READER, Site, TOKEN, USER, token_of};

const AUDIT: &str = "tallygate::audit";

/// The one line about this action since the last one that was taken.
async fn line(lines: &Lines, action: &str, count: usize) -> String {
    let all = lines.with(&format!("{AUDIT}: action=\"{action}\""));
    assert_eq!(all.len(), count, "{all:?}");
    all.last().unwrap().clone()
}

fn assert_says(line: &str, said: &[&str]) {
    for said in said {
        assert!(line.contains(said), "{said}: {line}");
    }
}

#[tokio::test]
async fn what_is_done_to_policies_is_a_line_with_who_what_and_from_where() {
    let (lines, _kept) = Lines::kept();
    let site = Site::with(Arc::default(), Some(Arc::new(Registry::default()))).await;
    post(&site, "json/versions", &b"\0asm1"[..]).await;
    let who = [" by=\"cli\" role=\"admin\" credential=\"token\"", " from=127.0.0.1 ", " policy=\"json\""];
    let pushed = line(&lines, "push", 1).await;
    assert_says(&pushed, &who);
    assert_says(&pushed, &[" INFO ", " version=\"v5\"", " changed=true", " result=\"done\" status=201"]);
    post(&site, "json/versions", &b"hello"[..]).await;
    assert_says(&line(&lines, "push", 2).await, &[" result=\"refused\" status=422", "it is no component"]);
    post(&site, "json/activate", r#"{"version":"v5"}"#).await;
    assert_says(&line(&lines, "activate", 1).await, &[" version=\"v5\" changed=true result=\"done\""]);
    post(&site, "json/activate", r#"{"version":"v9"}"#).await;
    assert_says(&line(&lines, "activate", 2).await, &[" version=\"v9\"", " result=\"refused\" status=404"]);
    post(&site, "json/rollback", "").await;
    assert_says(&line(&lines, "rollback", 1).await, &[" status=409", "no version worked before"]);
    let authorization = format!("Bearer {TOKEN}");
    let path = "/api/v1/policies/json/versions/v5";
    site.send(Method::DELETE, path, &[("authorization", &authorization)], "").await;
    assert_says(&line(&lines, "remove", 1).await, &who);

    let authorization = format!("Bearer {}", token_of(Role::Reader));
    let path = "/api/v1/policies/json/rollback";
    site.send(Method::POST, path, &[("authorization", &authorization)], "").await;
    let refused = line(&lines, "rollback", 2).await;
    assert_says(
        &refused,
        &[" by=\"a reader\" role=\"reader\"", " result=\"refused\" status=403", " why=\"a reader is reader"],
    );
    site.get("/api/v1/status").await;
    assert_eq!(lines.with(AUDIT).len(), 7, "who only reads is no line: {:?}", lines.with(AUDIT));
}

#[tokio::test]
async fn logins_are_lines_and_those_refused_name_whom_they_tried_to_be_and_no_password() {
    let (lines, _kept) = Lines::kept();
    let site = Site::start().await;
    site.try_log_in("an\na", "a wrong one").await;
    let refused = line(&lines, "login", 1).await;
    assert_says(&refused, &[r#" tried="an\na""#, " from=127.0.0.1 ", " result=\"refused\" status=401"]);
    assert!(!refused.contains(" by="), "{refused}");
    let cookie = site.log_in_as(READER).await;
    assert_says(&line(&lines, "login", 2).await, &[" by=\"reader\" role=\"reader\"", " result=\"done\" status=200"]);
    let headers = [("cookie", &*cookie), ("origin", &site.origin())];
    site.send(Method::POST, "/api/v1/logout", &headers, "").await;
    assert_says(&line(&lines, "logout", 1).await, &[" by=\"reader\"", " credential=\"session\""]);
    site.send(Method::GET, "/api/v1/status", &[("authorization", "Bearer a-token-that-nobody-has")], "").await;
    assert_says(&line(&lines, "status", 1).await, &[" status=401", "the token is not known here"]);
    let all = lines.with(AUDIT).concat();
    assert!(!all.contains(PASSWORD) && !all.contains("a wrong one") && !all.contains("nobody-has"), "{all}");
}

#[tokio::test]
async fn a_replay_is_a_line_with_its_counts() {
    let (lines, _kept) = Lines::kept();
    let site = Site::replaying(Some(Arc::new(Remembers::default()))).await;
    let (cookie, origin) = (site.log_in_as(USER).await, site.origin());
    let headers = [("cookie", &*cookie), ("origin", &*origin)];
    site.send(Method::POST, "/api/v1/replays?dry_run=true", &headers, "{\"at\":\"0/6\"}\n").await;
    let replayed = line(&lines, "replay", 1).await;
    assert_says(
        &replayed,
        &[" by=\"operator\"", " credential=\"session\"", " replayed=", " dry_run=true", " status=200"],
    );
}

#[tokio::test]
async fn a_caller_that_leaves_before_the_answer_has_its_line_too() {
    let (lines, _kept) = Lines::kept();
    let site = Site::with(Arc::default(), Some(Arc::new(Registry::default()))).await;
    let mut connection = site.connect("http/1.1").await.unwrap();
    let head = format!(
        "POST /api/v1/policies/json/versions HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {TOKEN}\r\n\
         content-length: 6\r\n\r\n\0asm"
    );
    tokio::io::AsyncWriteExt::write_all(&mut connection, head.as_bytes()).await.unwrap();
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    drop(connection);
    let left = lines.wait_for(AUDIT).await;
    assert!(left.contains(" by=\"cli\"") && !left.contains("result=\"done\""), "{left}");
}

#[tokio::test]
async fn strangers_cannot_fill_the_log_and_what_was_left_out_is_counted() {
    let (lines, _kept) = Lines::kept();
    let site = Site::start().await;
    let stranger = async || site.send(Method::POST, "/api/v1/replays", &[], "").await.status;
    for _ in 0..2 * STRANGERS_LINES {
        assert_eq!(stranger().await, 401);
    }
    let told = lines.with(AUDIT).len() as u32;
    assert!((STRANGERS_LINES..2 * STRANGERS_LINES).contains(&told), "{told}");
    tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
    stranger().await;
    assert!(lines.with(AUDIT).last().unwrap().contains(" left_out="), "{:?}", lines.with(AUDIT).last());
}
