//! What policies make of an upstream's response, and what is counted because of it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

use crate::limits::connected;
use crate::play::{Mood, PlayedQueue};
use crate::proxy::upstream;
use crate::site::{Served, Site, line};

/// An upstream that reads a request, says that it has, and answers once it is let.
pub(crate) struct Held {
    pub(crate) address: SocketAddr,
    pub(crate) asked: Arc<Semaphore>,
    pub(crate) let_go: Arc<Semaphore>,
}

pub(crate) const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nfine";

pub(crate) async fn held(answer: &'static str) -> Held {
    let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    let (asked, let_go) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
    let (telling, waiting) = (asked.clone(), let_go.clone());
    tokio::spawn(async move {
        while let Ok((stream, _)) = socket.accept().await {
            tokio::spawn(converse(stream, answer, telling.clone(), waiting.clone()));
        }
    });
    Held { address, asked, let_go }
}

async fn converse(mut stream: TcpStream, answer: &'static str, asked: Arc<Semaphore>, let_go: Arc<Semaphore>) {
    let mut piece = [0; 4096];
    let _ = stream.read(&mut piece).await;
    asked.add_permits(1);
    let_go.acquire().await.unwrap().forget();
    let _ = stream.write_all(answer.as_bytes()).await;
    let _ = stream.read(&mut piece).await;
}

/// A request on a connection of its own, to be hung up.
async fn sent(served: &Served, path: &str) -> TcpStream {
    let body = line("1", "1");
    let sent = format!("POST {path} HTTP/1.1\r\nhost: a\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    connected(served.address(), &sent).await
}

fn counted(queue: &Arc<PlayedQueue>, messages: usize) -> impl Fn(&Served) -> bool {
    let queue = queue.clone();
    move |_| queue.count() == messages
}

#[tokio::test]
async fn a_response_that_counts_leaves_once_it_is_queued() {
    let mut site = Site::plain();
    site.partners_proxy("/", &["respond-count"], &[upstream("a").await]);
    let queue = site.queue.clone();
    queue.feel(Mood::Waits);
    let served = site.serve();
    let caller = served.caller();
    let answer = tokio::spawn(async move { caller.post("/x", line("1", "1")).await });
    queue.wait_for(1).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(!answer.is_finished());
    queue.released.add_permits(1);
    let answer = answer.await.unwrap();
    assert_eq!((answer.status, answer.headers["x-from"].to_str().unwrap()), (200, "a"));
    assert!(answer.headers["x-seen"].to_str().unwrap().starts_with("respond-count+"), "{:?}", answer.headers);
    assert_eq!(queue.count(), 1);
}

#[tokio::test]
async fn what_the_upstream_did_not_like_does_not_count() {
    let upstream = held("HTTP/1.1 409 Conflict\r\ncontent-length: 0\r\n\r\n").await;
    upstream.let_go.add_permits(1);
    let mut site = Site::plain();
    site.partners_proxy("/", &["respond-count"], &[upstream.address]);
    let queue = site.queue.clone();
    let served = site.serve();
    assert_eq!(served.caller().post("/x", line("1", "1")).await.status, 409);
    assert_eq!(queue.count(), 0);
}

#[tokio::test]
async fn what_the_upstream_took_counts_also_when_the_caller_has_gone() {
    let upstream = held(OK).await;
    let mut site = Site::plain();
    site.partners_proxy("/", &["respond-count-body"], &[upstream.address]);
    site.partners_proxy("/plain", &["respond"], &[upstream.address]);
    let queue = site.queue.clone();
    let served = site.serve();
    let caller = sent(&served, "/x").await;
    upstream.asked.acquire().await.unwrap().forget();
    drop(caller);
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(served.in_flight(1), "what goes on is in flight");
    upstream.let_go.add_permits(1);
    served.until(counted(&queue, 1)).await;
    served.until(|served| served.in_flight(0)).await;
    // Where nothing can count, nothing goes on without its caller.
    let caller = sent(&served, "/plain").await;
    upstream.asked.acquire().await.unwrap().forget();
    drop(caller);
    served.until(|served| served.in_flight(0)).await;
}

#[tokio::test]
async fn what_goes_on_without_its_caller_is_waited_for_at_the_end() {
    let upstream = held(OK).await;
    let mut site = Site::plain();
    site.partners_proxy("/", &["respond-count"], &[upstream.address]);
    let queue = site.queue.clone();
    let mut served = site.serve();
    let caller = sent(&served, "/x").await;
    upstream.asked.acquire().await.unwrap().forget();
    drop(caller);
    served.stop();
    tokio::time::sleep(Duration::from_millis(200)).await;
    upstream.let_go.add_permits(1);
    served.ended().await;
    assert_eq!(queue.count(), 1);
}

#[tokio::test]
async fn where_it_cannot_be_queued_the_caller_is_told_to_send_it_again() {
    let mut site = Site::plain();
    site.partners_proxy("/", &["respond-count"], &[upstream("a").await]);
    site.queue.feel(Mood::Away);
    let served = site.serve();
    let refused = served.caller().post("/x", line("1", "1")).await;
    assert_eq!((refused.status, refused.headers["retry-after"].to_str().unwrap()), (503, "5"));
    assert!(refused.body.contains("send the same again"), "{}", refused.body);
}

#[tokio::test]
async fn nothing_counts_before_all_policies_have_seen_the_response() {
    let mut site = Site::plain();
    site.partners_proxy("/", &["respond-fail", "respond-count"], &[upstream("a").await]);
    let queue = site.queue.clone();
    let served = site.serve();
    assert_eq!(served.caller().post("/x", line("1", "1")).await.status, 500);
    assert_eq!(queue.count(), 0);
}

#[tokio::test]
async fn a_response_that_is_more_than_its_policy_has_memory_for_is_502() {
    let mut site = Site::plain();
    site.partners_proxy("/", &["respond-memory"], &[upstream("a").await]);
    let refused = site.serve().caller().post("/x", "x").await;
    assert!(refused.status == 502 && refused.body.contains(":policy-memory"), "{}", refused.body);
}

#[tokio::test]
async fn a_body_that_no_policy_asks_for_is_streamed_past_them() {
    let mut site = Site::plain();
    site.options.limits.body_bytes = 1 << 20;
    site.options.limits.held_bytes = 8 << 20;
    site.partners_proxy("/passed", &["respond-pass"], &[upstream("large").await]);
    site.partners_proxy("/head", &["respond-head", "respond-pass"], &[upstream("large").await]);
    site.partners_proxy("/body", &["respond"], &[upstream("large").await]);
    let served = site.serve();
    let caller = served.caller();
    let passed = caller.get("/passed").await;
    assert_eq!((passed.status, passed.body.len()), (200, 64_000 << 10));
    assert!(!passed.headers.contains_key("x-seen"));
    let changed = caller.get("/head").await;
    assert_eq!((changed.status, changed.body.len()), (207, 64_000 << 10));
    assert_eq!(
        (changed.headers["x-from"].as_bytes(), changed.headers["x-seen"].as_bytes()),
        (&b"large"[..], &b"respond-head+0"[..])
    );
    let refused = caller.get("/body").await;
    assert!(refused.status == 502 && refused.body.contains("response-too-large"), "{}", refused.body);
}

#[tokio::test]
async fn policies_see_a_response_as_the_ones_behind_them_left_it() {
    let mut site = Site::plain();
    site.partners_proxy("/", &["respond", "respond-head"], &[upstream("a").await]);
    let served = site.serve();
    let answer = served.caller().get("/x").await;
    assert_eq!((answer.status, answer.headers["x-seen"].to_str().unwrap()), (207, "respond-head+0"));
    assert!(answer.body.starts_with("a GET /x [") && answer.body.ends_with(" seen"), "{}", answer.body);
}

#[tokio::test]
async fn a_response_to_head_keeps_the_length_that_it_tells_of() {
    let upstream = held("HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\n").await;
    upstream.let_go.add_permits(2);
    let mut site = Site::plain();
    site.partners_proxy("/read", &["respond-count-body"], &[upstream.address]);
    site.partners_proxy("/past", &["respond-head"], &[upstream.address]);
    let served = site.serve();
    let caller = served.caller();
    for path in ["/read", "/past"] {
        let request = caller.request(http::Method::HEAD, path).body(http_body_util::Full::default()).unwrap();
        assert_eq!(caller.send(request).await.headers["content-length"], "4", "{path}");
    }
}

#[tokio::test]
async fn a_status_that_is_none_of_http_is_no_answer() {
    let upstream = held("HTTP/1.1 999 Fine\r\ncontent-length: 0\r\n\r\n").await;
    upstream.let_go.add_permits(1);
    let mut site = Site::plain();
    site.partners_proxy("/", &["respond-pass"], &[upstream.address]);
    assert_eq!(site.serve().caller().get("/x").await.status, 502);
}
