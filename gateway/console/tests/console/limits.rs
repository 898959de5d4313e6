//! What there may be at one time, at its bounds.

use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use http::{Method, StatusCode};
use tallygate_console::limits::{BROWSERS, CONNECTIONS, PUSHES};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::sleep;

use crate::policies::{Registry, post};
use crate::site::{Events, Site, TOKEN};

const PATIENCE: Duration = Duration::from_secs(10);

/// Asks again until the answer is as wanted.
async fn until<T>(what: &str, mut ask: impl AsyncFnMut() -> T, wanted: impl Fn(&T) -> bool) -> T {
    let begun = Instant::now();
    loop {
        let answer = ask().await;
        if wanted(&answer) {
            return answer;
        }
        assert!(begun.elapsed() < PATIENCE, "{what} in time");
        sleep(Duration::from_millis(20)).await;
    }
}

/// As many connections from one address as it gets, and one that it does not.
async fn all_that_one_address_gets(site: &Site) -> Vec<TcpStream> {
    let mut held = Vec::new();
    for _ in 0..CONNECTIONS {
        held.push(TcpStream::connect(site.address).await.unwrap());
    }
    let refused = async || site.connect("http/1.1").await;
    assert!(until("the bound is reached", refused, Result::is_err).await.is_err());
    held
}

#[tokio::test]
async fn further_connections_are_refused_until_some_close() {
    let site = Site::start().await;
    let mut held = all_that_one_address_gets(&site).await;
    held.truncate(CONNECTIONS / 2);
    let connected = until("a place is free", async || site.connect("http/1.1").await, Result::is_ok).await;
    assert!(connected.is_ok());
}

#[tokio::test]
async fn whoever_holds_all_connections_that_one_address_gets_locks_nobody_else_out() {
    let site = Site::start().await;
    let _held = all_that_one_address_gets(&site).await;
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.2:0".parse().unwrap()).unwrap();
    let elsewhere = socket.connect(site.address).await.unwrap();
    assert!(site.over(elsewhere, "http/1.1").await.is_ok(), "another address has its share");
}

#[tokio::test]
async fn a_component_beyond_those_being_received_waits_its_turn() {
    let site = Site::with(Arc::default(), Some(Arc::new(Registry::default()))).await;
    let mut slow = Vec::new();
    for _ in 0..PUSHES {
        let mut connection = site.connect("http/1.1").await.unwrap();
        let head = format!(
            "POST /api/v1/policies/json/versions HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {TOKEN}\r\n\
             connection: close\r\ncontent-length: 6\r\n\r\n\0asm"
        );
        connection.write_all(head.as_bytes()).await.unwrap();
        slow.push(connection);
    }
    // They are under way once their heads were read.
    tokio::time::sleep(Duration::from_millis(300)).await;
    let mut third = pin!(post(&site, "json/versions", &b"\0asm1"[..]));
    let waits = tokio::time::timeout(Duration::from_millis(500), &mut third).await;
    assert!(waits.is_err(), "the third is not received beside the others");
    let mut first = slow.remove(0);
    first.write_all(b"22").await.unwrap();
    let mut answer = String::new();
    let _ = first.read_to_string(&mut answer).await;
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
    assert!(third.await.status.is_success(), "one has made room");
}

#[tokio::test]
async fn a_page_beyond_those_that_follow_is_told_to_come_again() {
    let site = Site::start().await;
    let mut pages: Vec<Events> = Vec::new();
    for _ in 0..BROWSERS {
        pages.push(site.events("day=2026-11-22").await);
    }
    let authorization = format!("Bearer {TOKEN}");
    let headers = [("authorization", authorization.as_str())];
    let refused = site.send(Method::GET, "/api/v1/events", &headers, "").await;
    assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(refused.headers.contains_key("retry-after"));
    drop(pages.pop());
    let open = async || site.open(Method::GET, "/api/v1/events", &headers, "".into()).await;
    until("a page that closed makes room", open, |response| response.status() == StatusCode::OK).await;
}
