//! Responses by HTTP/1.1 and 2 alike: where they end, and those that have no body.

use std::net::SocketAddr;
use std::process::Output;
use std::time::Duration;

use http::Method;
use http_body_util::Full;
use tallygate_front::ClientAuth;

use crate::manners::answers;
use crate::proxy::upstream;
use crate::site::{Served, Site};

/// What curl makes of a request: its exit code and what it prints, the status behind.
async fn curl(served: &Served, version: &str, arguments: &[&str], path: &str) -> (Option<i32>, String) {
    let url = format!("https://{}{path}", served.address());
    let arguments = [&["-sk", version, "-m", "20", "-w", " %{http_code}"], arguments, &[&*url]].concat();
    let Output { status, stdout, .. } = tokio::process::Command::new("curl").args(arguments).output().await.unwrap();
    (status.code(), String::from_utf8(stdout).unwrap())
}

async fn served(target: SocketAddr) -> Served {
    let mut site = Site::tls(ClientAuth::None);
    site.proxy("/", &[], &[target]);
    site.serve()
}

#[tokio::test]
async fn a_response_that_leaves_open_where_it_ends_is_502_and_never_looks_whole() {
    for answer in [
        "HTTP/1.1 200 OK\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: gzip\r\n\r\nhello",
    ] {
        let served = served(answers(answer, Duration::ZERO).await).await;
        for version in ["--http1.1", "--http2"] {
            let (exit, told) = curl(&served, version, &[], "/x").await;
            assert!(exit == Some(0) && told.ends_with(" 502"), "{version} {exit:?} {told} of {answer}");
        }
    }
}

#[tokio::test]
async fn a_length_that_is_said_twice_is_passed_on_once() {
    for answer in [
        "HTTP/1.1 200 OK\r\ncontent-length: 2, 2\r\n\r\nok",
        "HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 2\r\n\r\nok",
    ] {
        let served = served(answers(answer, Duration::ZERO).await).await;
        for version in ["--http1.1", "--http2"] {
            let got = curl(&served, version, &[], "/x").await;
            assert_eq!(got, (Some(0), "ok 200".to_owned()), "{version} of {answer}");
        }
    }
}

#[tokio::test]
async fn a_response_without_content_has_none_whatever_is_said_of_its_length() {
    let answer = "HTTP/1.1 204 No Content\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok";
    let served = served(answers(answer, Duration::ZERO).await).await;
    for version in ["--http1.1", "--http2"] {
        let got = curl(&served, version, &[], "/x").await;
        assert_eq!(got, (Some(0), " 204".to_owned()), "{version}");
    }
}

#[tokio::test]
async fn whoever_asks_for_the_head_alone_gets_refusals_and_answers_without_their_bodies() {
    let mut site = Site::tls(ClientAuth::None);
    site.route("upper").methods = vec![Method::GET];
    site.route("accept").partner = None;
    site.proxy("/behind", &[], &[upstream("a").await]);
    let served = site.serve();
    for (path, status) in [("/upper", 405), ("/accept", 401), ("/nowhere", 404), ("/echo", 200), ("/behind", 200)] {
        for version in ["--http1.1", "--http2"] {
            let (exit, told) = curl(&served, version, &["-I"], path).await;
            assert!(exit == Some(0) && told.ends_with(&format!(" {status}")), "{version} {path}: {exit:?} {told}");
            assert!(told.contains("content-length: "), "{version} {path}: {told}");
        }
    }
}

#[tokio::test]
async fn what_a_caller_names_as_its_connections_own_goes_no_further_and_what_policies_set_does() {
    let mut site = Site::plain();
    site.proxy("/plain", &[], &[upstream("a").await]);
    site.proxy("/tagged", &["tag"], &[upstream("a").await]);
    let served = site.serve();
    let caller = served.caller();
    for path in ["/plain", "/tagged"] {
        let request = caller.request(Method::GET, path).header("connection", "x-secret, x-tag, te");
        let request = request.header("x-secret", "1").header("te", "gzip").header("x-mine", "1");
        let told = caller.send(request.body(Full::default()).unwrap()).await.body;
        assert!(told.contains("x-mine=1") && !told.contains("x-secret") && !told.contains("te="), "{path}: {told}");
        assert_eq!(told.contains("x-tag=tagged"), path == "/tagged", "{path}: {told}");
    }
}
