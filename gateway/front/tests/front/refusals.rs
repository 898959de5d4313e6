//! Refusals before a body was read: they reach callers that are still sending.

use std::process::Output;

use http::Method;
use tallygate_front::ClientAuth;

use crate::site::{Served, Site};

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
    for (version, tries) in [("--http2", 50), ("--http1.1", 20)] {
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
    all_see(&served, "/accept", 5_000_000, "503").await;
}
