//! Refusals before a body was read: they reach callers that are still sending, and cost little.

use std::collections::HashSet;
use std::process::Output;
use std::time::Instant;

use http::Method;
use http_body_util::Full;
use tallygate_front::ClientAuth;
use tokio::io::AsyncWriteExt;

use crate::limits::{connected, rest};
use crate::site::{Served, Site, key};

/// What curl makes of a POST with a body of this many bytes: its exit code and the status.
async fn curl(served: &Served, version: &str, path: &str, bytes: usize) -> (Option<i32>, String) {
    let body = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(body.path(), vec![b'x'; bytes]).unwrap();
    let url = format!("https://{}{path}", served.address());
    let data = format!("@{}", body.path().display());
    let arguments =
        ["-sk", version, "-o", "/dev/null", "-w", "%{http_code}", "-H", "expect:", "--data-binary", &data, &url];
    let Output { status, stdout, .. } = tokio::process::Command::new("curl").args(arguments).output().await.unwrap();
    (status.code(), String::from_utf8(stdout).unwrap())
}

async fn all_see(served: &Served, path: &str, bytes: usize, status: &str) {
    let fewer = if bytes > 10_000_000 { 5 } else { 1 };
    for (version, tries) in [("--http2", 50 / fewer), ("--http1.1", 20 / fewer)] {
        let mut lost = Vec::new();
        for _ in 0..tries {
            let got = curl(served, version, path, bytes).await;
            if got != (Some(0), status.to_owned()) {
                lost.push(got);
            }
        }
        assert!(lost.is_empty(), "{path} of {bytes} bytes by {version}: {} of {tries} lost: {lost:?}", lost.len());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn curl_sees_each_refusal_of_a_body_that_is_not_read() {
    let mut site = Site::tls(ClientAuth::None);
    site.options.limits.body_bytes = 1000;
    site.route("echo").partner = None;
    site.route("upper").methods = vec![Method::GET];
    let served = site.serve();
    all_see(&served, "/echo", 200_000, "401").await;
    all_see(&served, "/upper", 200_000, "405").await;
    all_see(&served, "/nowhere", 200_000, "404").await;
    all_see(&served, "/accept", 200_000, "413").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn curl_sees_each_refusal_though_it_has_more_to_send_than_is_read_away() {
    let mut site = Site::tls(ClientAuth::None);
    site.options.limits.requests = 0;
    let served = site.serve();
    all_see(&served, "/accept", 40_000_000, "503").await;
}

#[tokio::test]
async fn a_caller_that_looks_for_an_answer_behind_all_it_sends_finds_it() {
    let site = Site::plain();
    let served = site.serve();
    let head = "POST /accept HTTP/1.1\r\nhost: a\r\nx-api-key: wrong\r\ncontent-length: 9000000\r\n\r\n";
    let mut stream = connected(served.address(), head).await;
    for piece in vec![b'x'; 9_000_000].chunks(64 * 1024) {
        stream.write_all(piece).await.unwrap();
    }
    let told = rest(stream).await;
    assert!(told.starts_with("HTTP/1.1 401"), "{told}");
}

#[tokio::test]
async fn refusing_asks_policies_less_often_than_there_are_refusals() {
    let mut site = Site::plain();
    site.route("soap-number").partner = None;
    let served = site.serve();
    let caller = served.caller();
    let began = Instant::now();
    let mut asked = HashSet::new();
    for _ in 0..200 {
        let body = caller.post("/soap-number", "x").await.body;
        assert!(body.starts_with("fault 401 no-credential nobody "), "{body}");
        asked.insert(body);
    }
    let seconds = began.elapsed().as_secs() as usize;
    assert!(asked.len() <= seconds + 2, "{} of 200 in {seconds} s", asked.len());
}

#[tokio::test]
async fn whoever_varies_what_is_refused_has_a_budget_and_takes_no_partners_words_away() {
    let mut site = Site::plain();
    site.route("soap-number").partner = None;
    let served = site.serve();
    let caller = served.caller();
    let began = Instant::now();
    let mut asked = 0;
    for number in 0..300 {
        let body = caller.post(&format!("/soap-number/{number}"), "x").await.body;
        asked += usize::from(body.starts_with("fault "));
        if !body.starts_with("fault ") {
            assert!(body.contains("urn:tallygate:problem:no-credential"), "{body}");
            let own = caller.post("/soap-reject", "x").await.body;
            assert!(own.starts_with("fault 422 wrong-total till"), "{own}");
        }
    }
    let terms = began.elapsed().as_secs() as usize + 2;
    assert!(asked >= 32 && asked <= terms * 32, "{asked} of 300 in {terms} terms");
}

#[tokio::test]
async fn what_is_kept_for_one_caller_is_not_said_to_another() {
    let mut site = Site::plain();
    for name in ["shop-1", "shop-2"] {
        site.partner(name, vec![key(name)]);
    }
    site.options.limits.body_bytes = 1;
    let served = site.serve();
    let caller = served.caller();
    let mut said = Vec::new();
    for name in ["shop-1", "shop-2", "shop-1"] {
        let request = caller.request(Method::POST, "/soap").header("x-api-key", name);
        said.push(caller.send(request.body(Full::from("too large")).unwrap()).await.body);
    }
    assert_eq!(said, ["shop-1", "shop-2", "shop-1"].map(|name| format!("fault 413 body-too-large {name}")));
}
