//! The line of the log that each request has, once, when its response has ended.

use std::time::Duration;

use http::Method;
use http_body_util::{BodyExt, Full};
use tallygate_front::ClientAuth;

use crate::limits::{connected, rest};
use crate::lines::Lines;
use crate::play::Mood;
use crate::proxy::upstream;
use crate::site::{Served, Site, line};
use crate::upstreams::raw_upstream;

const ACCESS: &str = "tallygate::access";
/// What the upstream `large` sends.
const LARGE: u64 = 1000 * 64 * 1024;
/// Longer than any reader of a test pauses.
const PATIENT: Duration = Duration::from_secs(30);

/// What the line says of one thing.
fn field<'l>(line: &'l str, name: &str) -> Option<&'l str> {
    line.split(' ').find_map(|word| word.strip_prefix(name)?.strip_prefix('='))
}

fn number(line: &str, name: &str) -> u64 {
    field(line, name).and_then(|value| value.parse().ok()).unwrap_or_else(|| panic!("no number {name}: {line}"))
}

/// The only line there is, and no warning beside it.
async fn only_line(lines: &Lines) -> String {
    let line = lines.wait_for(ACCESS).await;
    // A second one would come as soon.
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(lines.with(ACCESS), [&*line]);
    assert_eq!(lines.with(" WARN "), [""; 0]);
    line
}

/// One large response whose head has come, and nothing of whose end may have been told yet.
async fn begun(served: &Served, h2: bool) -> http::Response<hyper::body::Incoming> {
    let caller = served.tls_caller(None, h2);
    caller.raw(caller.request(Method::GET, "/large").body(Full::default()).unwrap()).await.unwrap()
}

async fn serving_large(stalled_time: Duration) -> Served {
    let mut site = Site::tls(ClientAuth::None);
    site.options.limits.stalled_time = stalled_time;
    site.proxy("/large", &[], &[upstream("large").await]);
    site.serve()
}

#[tokio::test]
async fn a_whole_response_has_one_line_with_its_bytes_and_times() {
    for h2 in [false, true] {
        let (lines, _kept) = Lines::kept();
        let served = Site::tls(ClientAuth::None).serve();
        let answer = served.tls_caller(None, h2).post("/echo?secret=1", "twelve bytes").await;
        let line = only_line(&lines).await;
        assert_eq!((field(&line, "status"), field(&line, "end")), (Some("200"), Some("\"whole\"")), "{line}");
        assert_eq!((number(&line, "received"), number(&line, "sent")), (12, answer.body.len() as u64), "{line}");
        assert!(number(&line, "head_micros") <= number(&line, "micros"), "{line}");
        for said in ["route=\"echo\"", "partner=\"till\"", "method=\"POST\"", "path=\"/echo\"", "peer=127.0.0.1:"] {
            assert!(line.contains(said), "{said}: {line}");
        }
    }
}

#[tokio::test]
async fn what_has_no_body_and_what_is_refused_has_its_line_too() {
    let (lines, _kept) = Lines::kept();
    let mut site = Site::plain();
    site.proxy("/behind", &[], &[upstream("a").await]);
    let served = site.serve();
    let caller = served.caller();
    caller.send(caller.request(Method::HEAD, "/behind").body(Full::default()).unwrap()).await;
    let line = only_line(&lines).await;
    assert_eq!((field(&line, "end"), number(&line, "sent")), (Some("\"whole\""), 0), "{line}");
    let refused = caller.get("/nowhere").await;
    while lines.with(ACCESS).len() < 2 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let line = lines.with(ACCESS).pop().unwrap();
    assert_eq!((field(&line, "status"), field(&line, "end")), (Some("404"), Some("\"whole\"")), "{line}");
    assert_eq!(number(&line, "sent"), refused.body.len() as u64, "{line}");
}

#[tokio::test]
async fn a_streamed_response_has_its_line_when_it_has_ended() {
    for h2 in [false, true] {
        let (lines, _kept) = Lines::kept();
        let served = serving_large(PATIENT).await;
        let response = begun(&served, h2).await;
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert_eq!(lines.with(ACCESS), [""; 0], "h2: {h2}");
        assert_eq!(response.into_body().collect().await.unwrap().to_bytes().len() as u64, LARGE);
        let line = only_line(&lines).await;
        assert_eq!((field(&line, "end"), number(&line, "sent")), (Some("\"whole\""), LARGE), "{line}");
        assert!(number(&line, "micros") >= number(&line, "head_micros") + 100_000, "{line}");
    }
}

#[tokio::test]
async fn a_caller_that_leaves_within_a_response_has_aborted_it() {
    for h2 in [false, true] {
        let (lines, _kept) = Lines::kept();
        let served = serving_large(PATIENT).await;
        let mut body = begun(&served, h2).await.into_body();
        assert!(body.frame().await.unwrap().is_ok());
        drop(body);
        let line = only_line(&lines).await;
        assert_eq!((field(&line, "status"), field(&line, "end")), (Some("200"), Some("\"aborted\"")), "{line}");
        assert!((1..LARGE).contains(&number(&line, "sent")), "{line}");
    }
}

#[tokio::test]
async fn a_reader_that_stalls_is_cut_off_and_so_says_the_line() {
    for h2 in [false, true] {
        let (lines, _kept) = Lines::kept();
        let served = serving_large(Duration::from_millis(600)).await;
        let unread = begun(&served, h2).await;
        let line = only_line(&lines).await;
        assert_eq!((field(&line, "status"), field(&line, "end")), (Some("200"), Some("\"cut\"")), "{line}");
        drop(unread);
    }
}

#[tokio::test]
async fn a_caller_that_leaves_before_the_head_has_a_line_without_a_status() {
    for h2 in [false, true] {
        let (lines, _kept) = Lines::kept();
        let site = Site::tls(ClientAuth::None);
        let queue = site.queue.clone();
        queue.feel(Mood::Waits);
        let served = site.serve();
        let caller = served.tls_caller(None, h2);
        let sent = line("1", "1");
        let bytes = sent.len() as u64;
        let asking = tokio::spawn(async move { caller.post("/accept", sent).await });
        queue.wait_for(1).await;
        asking.abort();
        let line = only_line(&lines).await;
        assert_eq!((field(&line, "status"), field(&line, "end")), (None, Some("\"aborted\"")), "{line}");
        assert_eq!((number(&line, "received"), number(&line, "sent")), (bytes, 0), "{line}");
    }
}

#[tokio::test]
async fn what_the_deadline_ends_is_cut() {
    let (lines, _kept) = Lines::kept();
    let mut site = Site::plain();
    site.options.limits.shutdown_time = Duration::from_millis(100);
    let queue = site.queue.clone();
    queue.feel(Mood::Waits);
    let mut served = site.serve();
    let caller = served.caller();
    let asking = tokio::spawn(async move {
        let request = caller.request(Method::POST, "/accept").body(Full::from(line("1", "1"))).unwrap();
        caller.try_send(request).await.is_err()
    });
    queue.wait_for(1).await;
    served.ended().await;
    assert!(asking.await.unwrap());
    assert_eq!(field(&lines.wait_for(ACCESS).await, "end"), Some("\"cut\""));
}

#[tokio::test]
async fn an_upstream_that_breaks_off_has_cut_the_response() {
    let answer = "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nonly so much";
    for h2 in [false, true] {
        let (lines, _kept) = Lines::kept();
        let mut site = Site::tls(ClientAuth::None);
        site.proxy("/", &[], &[raw_upstream(answer, true, None).await.0]);
        let served = site.serve();
        let caller = served.tls_caller(None, h2);
        let request = caller.request(Method::GET, "/x").body(Full::default()).unwrap();
        assert!(caller.try_send(request).await.is_err());
        let line = only_line(&lines).await;
        assert_eq!((field(&line, "end"), number(&line, "sent")), (Some("\"cut\""), 12), "{line}");
    }
}

#[tokio::test]
async fn a_caller_that_leaves_within_its_own_body_is_no_warning() {
    for path in ["/echo", "/behind"] {
        let (lines, _kept) = Lines::kept();
        let mut site = Site::plain();
        site.proxy("/behind", &[], &[upstream("a").await]);
        let served = site.serve();
        let head = format!("POST {path} HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\n\r\nonly so much");
        drop(connected(served.address(), &head).await);
        let line = only_line(&lines).await;
        assert_eq!((field(&line, "end"), number(&line, "received")), (Some("\"aborted\""), 12), "{line}");
    }
}

#[tokio::test]
async fn what_a_caller_puts_into_its_line_is_bounded() {
    let (lines, _kept) = Lines::kept();
    let served = Site::plain().serve();
    let (method, path) = ("M".repeat(9000), "p".repeat(9000));
    rest(
        connected(served.address(), &format!("{method} /{path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n"))
            .await,
    )
    .await;
    let line = only_line(&lines).await;
    assert!(line.len() < 3000 && line.contains("ppp…\"") && line.contains("MMM…\""), "{line}");
}
