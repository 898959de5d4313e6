//! Heads that could be read in two ways: refused, or read in the one way that the standard has.

use crate::limits::{connected, rest};
use crate::site::{Served, Site};

/// The statuses of all answers to these bytes, until the gateway closes.
async fn statuses(served: &Served, sent: &str) -> Vec<u16> {
    let answers = rest(connected(served.address(), sent).await).await;
    let heads = answers.split("HTTP/1.").skip(1);
    heads.map(|head| head.get(2..5).and_then(|status| status.parse().ok()).expect("a status")).collect()
}

fn served() -> Served {
    let mut site = Site::plain();
    // What is kept open is closed soon, so that all answers can be read to the end.
    site.options.limits.idle_time = std::time::Duration::from_millis(200);
    site.serve()
}

#[tokio::test]
async fn a_request_names_one_host() {
    let served = served();
    let with = |hosts: &str| format!("POST /echo HTTP/1.1\r\n{hosts}content-length: 0\r\n\r\n");
    assert_eq!(statuses(&served, &with("host: a\r\n")).await, [200]);
    assert_eq!(statuses(&served, &with("")).await, [400]);
    assert_eq!(statuses(&served, &with("host: a\r\nhost: a\r\n")).await, [400]);
    // The version before did not have it yet.
    assert_eq!(statuses(&served, "POST /echo HTTP/1.0\r\ncontent-length: 0\r\n\r\n").await, [200]);
}

#[tokio::test]
async fn a_head_that_is_not_well_formed_is_400() {
    let served = served();
    for (what, header) in [
        ("a blank before the colon", "content-length : 0\r\n"),
        ("a folded line", "x-folded: one\r\n two\r\n"),
        ("a bare carriage return", "x-a: one\rx-b: two\r\n"),
        ("no colon", "nonsense\r\n"),
        ("a length that is none", "content-length: ten\r\n"),
        ("two lengths", "content-length: 1\r\ncontent-length: 2\r\n"),
        ("a coding that does not end in chunks", "transfer-encoding: gzip\r\n"),
    ] {
        let sent = format!("POST /echo HTTP/1.1\r\nhost: a\r\n{header}\r\n");
        assert_eq!(statuses(&served, &sent).await, [400], "{what}");
    }
}

#[tokio::test]
async fn a_length_beside_chunks_smuggles_no_second_request() {
    let served = served();
    let hidden = "POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 0\r\n\r\n";
    let head = "POST /echo HTTP/1.1\r\nhost: a\r\n";
    for sent in [
        format!("{head}content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n{hidden}"),
        format!("{head}transfer-encoding: chunked\r\ncontent-length: 5\r\n\r\n0\r\n\r\n{hidden}"),
    ] {
        assert_eq!(statuses(&served, &sent).await.len(), 1, "{sent}");
    }
}

#[tokio::test]
async fn lines_may_end_without_a_carriage_return_as_the_standard_allows() {
    let sent = "POST /echo HTTP/1.1\nhost: a\ncontent-length: 0\n\n";
    assert_eq!(statuses(&served(), sent).await, [200]);
}

#[tokio::test]
async fn the_host_of_an_absolute_target_counts_and_the_header_does_not() {
    let mut site = Site::plain();
    site.options.limits.idle_time = std::time::Duration::from_millis(200);
    site.route("echo").host = Some("a.example".into());
    let served = site.serve();
    let post =
        |target: &str, host: &str| format!("POST {target} HTTP/1.1\r\nhost: {host}\r\ncontent-length: 0\r\n\r\n");
    assert_eq!(statuses(&served, &post("http://a.example/echo", "b.example")).await, [200]);
    assert_eq!(statuses(&served, &post("http://b.example/echo", "a.example")).await, [404]);
    assert_eq!(statuses(&served, &post("/echo", "a.example")).await, [200]);
}

#[tokio::test]
async fn a_target_that_is_no_path_is_400() {
    let served = served();
    for line in ["CONNECT a.example:443", "OPTIONS *"] {
        let sent = format!("{line} HTTP/1.1\r\nhost: a.example\r\ncontent-length: 0\r\n\r\n");
        assert_eq!(statuses(&served, &sent).await, [400], "{line}");
    }
}

#[tokio::test]
async fn parameters_of_a_path_hide_no_dot_segment() {
    let served = served();
    let post = |path: &str| format!("POST {path} HTTP/1.1\r\nhost: a\r\ncontent-length: 0\r\n\r\n");
    assert_eq!(statuses(&served, &post("/echo/deeper;version=1")).await, [200]);
    for path in ["/x/..;/echo", "/x/.;a/echo", "/x/%2e%2e;a/echo"] {
        assert_eq!(statuses(&served, &post(path)).await, [400], "{path}");
    }
}
