//! What callers may not use up: time, bytes, connections, requests.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use http::Method;
use http_body_util::Full;
use tallygate_front::{ClientAuth, RouteLimits};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::play::Mood;
use crate::proxy::upstream;
use crate::site::{Site, line};

pub(crate) async fn connected(address: SocketAddr, sent: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(sent.as_bytes()).await.unwrap();
    stream
}

/// All that comes until the other side closes.
pub(crate) async fn rest(mut stream: impl AsyncRead + Unpin) -> String {
    let mut all = Vec::new();
    let read = stream.read_to_end(&mut all);
    let _ = tokio::time::timeout(Duration::from_secs(10), read).await.expect("not closed");
    String::from_utf8_lossy(&all).into_owned()
}

#[tokio::test]
async fn a_head_that_does_not_arrive_in_time_ends_the_connection() {
    let mut site = Site::plain();
    site.options.limits.header_time = Duration::from_millis(200);
    let served = site.serve();
    for sent in ["", "POST /echo HTTP/1.1\r\nhost: a\r\n"] {
        let began = Instant::now();
        assert_eq!(rest(connected(served.address(), sent).await).await, "", "{sent:?}");
        assert!((Duration::from_millis(200)..Duration::from_secs(3)).contains(&began.elapsed()), "{sent:?}");
    }
    // The next head on a kept connection has its time too, however slowly its bytes drip.
    let whole = "POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 0\r\n\r\n";
    let mut stream = connected(served.address(), whole).await;
    let began = Instant::now();
    for byte in whole.bytes().cycle().take(40) {
        tokio::time::sleep(Duration::from_millis(30)).await;
        if stream.write_all(&[byte]).await.is_err() {
            break;
        }
    }
    assert_eq!(rest(stream).await.matches("200 OK").count(), 1);
    // Not before its time, and not only because the bytes have ended.
    assert!((Duration::from_millis(200)..Duration::from_millis(40 * 30)).contains(&began.elapsed()));
}

#[tokio::test]
async fn a_body_that_does_not_arrive_in_time_is_408() {
    let mut site = Site::plain();
    site.options.limits.body_time = Duration::from_millis(200);
    let served = site.serve();
    let slow = "POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 10\r\n\r\nabc";
    assert!(rest(connected(served.address(), slow).await).await.starts_with("HTTP/1.1 408"));
}

#[tokio::test]
async fn a_body_that_drips_is_408_before_its_time_is_over() {
    let served = Site::plain().serve();
    let began = Instant::now();
    let slow = "POST /echo HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: 10000\r\n\r\n";
    let (reading, mut writing) = connected(served.address(), slow).await.into_split();
    let dripping = async {
        while writing.write_all(b"x").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    };
    let answered = async { rest(reading).await };
    let answer = tokio::select! {
        () = dripping => panic!("it took no more before it answered"),
        answer = answered => answer,
    };
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    assert!((Duration::from_secs(5)..Duration::from_secs(15)).contains(&began.elapsed()), "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_request_that_is_not_worked_through_in_time_is_503_and_gives_back_what_it_held() {
    let mut site = Site::plain();
    site.options.limits.request_time = Duration::from_millis(300);
    let queue = site.queue.clone();
    let served = site.serve();
    let late = served.caller().post("/stuck", "x").await;
    assert_eq!((late.status, &late.headers["retry-after"]), (503, &"5".parse().unwrap()));
    assert!(late.body.contains(":request-late"), "{}", late.body);
    // Whether a message that the queue was given is stored is not known.
    queue.feel(Mood::Hangs);
    let late = served.caller().post("/accept", line("1", "1")).await;
    assert!(late.status == 503 && late.body.contains(":queue-away"), "{}", late.body);
    assert!(served.scraped().contains("front_requests_in_flight 0"));
}

#[tokio::test]
async fn what_a_body_takes_to_arrive_is_not_the_gateways_time() {
    let mut site = Site::plain();
    site.options.limits.request_time = Duration::from_millis(300);
    let served = site.serve();
    let mut stream =
        connected(served.address(), "POST /echo HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: 4\r\n\r\n")
            .await;
    for byte in b"slow" {
        tokio::time::sleep(Duration::from_millis(150)).await;
        stream.write_all(&[*byte]).await.unwrap();
    }
    assert!(rest(stream).await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn a_head_that_is_too_large_is_431() {
    let mut site = Site::tls(ClientAuth::None);
    site.options.limits.header_bytes = 4096;
    let served = site.serve();
    for h2 in [false, true] {
        let caller = served.tls_caller(None, h2);
        let request = caller.request(Method::POST, "/echo").header("x-large", "x".repeat(5000));
        let answer = caller.try_send(request.body(Full::from("x")).unwrap()).await;
        assert_eq!(answer.unwrap().status, 431, "h2: {h2}");
    }
}

#[tokio::test]
async fn a_head_that_is_too_large_is_431_though_its_end_never_comes() {
    let served = Site::plain().serve();
    let mut stream = connected(served.address(), "POST /echo HTTP/1.1\r\nhost: a\r\nx-large: ").await;
    // It may be closed before all of it was sent.
    for _ in 0..300 {
        if stream.write_all(&[b'x'; 1024]).await.is_err() {
            break;
        }
    }
    let answer = rest(stream).await;
    assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
}

#[tokio::test]
async fn a_body_that_is_too_large_is_413_announced_or_not() {
    let mut site = Site::plain();
    site.options.limits.body_bytes = 1000;
    let served = site.serve();
    let announced = "POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 1001\r\n\r\n";
    assert!(rest(connected(served.address(), announced).await).await.starts_with("HTTP/1.1 413"));
    let chunks = format!("3e8\r\n{}\r\n1\r\nx\r\n0\r\n\r\n", "x".repeat(1000));
    let chunked =
        format!("POST /echo HTTP/1.1\r\nhost: a\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n{chunks}");
    assert!(rest(connected(served.address(), &chunked).await).await.starts_with("HTTP/1.1 413"));
    assert_eq!(served.caller().post("/echo", "x".repeat(1000)).await.status, 200);
}

#[tokio::test]
async fn an_idle_connection_is_closed() {
    let mut site = Site::plain();
    site.options.limits.idle_time = Duration::from_millis(300);
    let served = site.serve();
    let began = Instant::now();
    let once = "POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 0\r\n\r\n";
    assert!(rest(connected(served.address(), once).await).await.starts_with("HTTP/1.1 200"));
    assert!((Duration::from_millis(250)..Duration::from_secs(3)).contains(&began.elapsed()));
}

#[tokio::test]
async fn a_connection_beyond_the_limit_is_closed_at_once() {
    let mut site = Site::plain();
    site.options.limits.connections = 2;
    let served = site.serve();
    let held = [connected(served.address(), "").await, connected(served.address(), "").await];
    tokio::time::sleep(Duration::from_millis(50)).await;
    let began = Instant::now();
    assert_eq!(rest(connected(served.address(), "").await).await, "");
    assert!(began.elapsed() < Duration::from_secs(2));
    drop(held);
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(served.caller().post("/echo", "x").await.status, 200);
    assert!(served.scraped().contains(r#"front_connections_total{listener="main",outcome="refused"}"#));
}

#[tokio::test]
async fn a_request_beyond_the_limit_is_503_with_retry_after() {
    let mut site = Site::plain();
    site.options.limits.requests = 2;
    let queue = site.queue.clone();
    queue.feel(Mood::Waits);
    let served = site.serve();
    let held = [1, 2].map(|id| {
        let caller = served.caller();
        tokio::spawn(async move { caller.post("/accept", line(&id.to_string(), "1")).await })
    });
    queue.wait_for(2).await;
    let refused = served.caller().post("/echo", "x").await;
    assert_eq!((refused.status, &refused.headers["retry-after"]), (503, &"5".parse().unwrap()));
    queue.released.add_permits(2);
    for held in held {
        assert_eq!(held.await.unwrap().status, 202);
    }
    assert_eq!(served.caller().post("/echo", "x").await.status, 200);
}

#[tokio::test]
async fn a_reader_that_takes_nothing_is_cut_off_on_both_versions_of_http() {
    let large = upstream("large").await;
    for h2 in [false, true] {
        let mut site = Site::tls(ClientAuth::None);
        site.options.limits.stalled_time = Duration::from_millis(600);
        site.options.limits.requests = 1;
        site.proxy("/large", &[], &[large]);
        let served = site.serve();
        let caller = served.tls_caller(None, h2);
        let request = caller.request(Method::GET, "/large").body(Full::default()).unwrap();
        let unread = caller.raw(request).await.unwrap();
        assert_eq!(unread.status(), 200);
        let began = Instant::now();
        assert_eq!(served.tls_caller(None, false).post("/echo", "x").await.status, 503, "h2: {h2}");
        // Its permit comes back without it having read or closed.
        while served.tls_caller(None, false).post("/echo", "x").await.status == 503 {
            assert!(began.elapsed() < Duration::from_secs(8), "h2: {h2}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        drop(unread);
    }
}

#[tokio::test]
async fn bodies_beyond_what_may_be_held_together_are_503() {
    let mut site = Site::plain();
    (site.options.limits.held_bytes, site.options.limits.body_bytes) = (8 << 20, 1 << 20);
    let served = site.serve();
    let first = "POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 1000000\r\n\r\nx".to_owned();
    let held = connected(served.address(), &first).await;
    served.until(|served| served.in_flight(1)).await;
    let whole = served.caller();
    let large = || whole.post("/echo", "x".repeat(1_000_000));
    let refused = large().await;
    assert_eq!((refused.status, &refused.headers["retry-after"]), (503, &"5".parse().unwrap()));
    assert_eq!(served.caller().post("/echo", "x".repeat(100)).await.status, 200);
    drop(held);
    served.until(|served| served.in_flight(0)).await;
    assert_eq!(large().await.status, 200);
}

#[tokio::test]
async fn a_route_may_have_limits_of_its_own_for_bodies() {
    let mut site = Site::plain();
    site.options.limits.body_bytes = 1000;
    site.proxy("/uploads", &[], &[upstream("a").await]);
    let large = RouteLimits { body_bytes: Some(5000), body_time: None };
    site.options.routes.last_mut().unwrap().limits = large;
    site.route("echo").limits = large;
    site.route("upper").limits = RouteLimits { body_bytes: Some(10), body_time: Some(Duration::from_millis(200)) };
    let served = site.serve();
    let caller = served.caller();
    for (path, bytes, status) in [
        ("/uploads", 5000, 200),
        ("/uploads", 5001, 413),
        ("/echo", 5000, 200),
        ("/echo", 5001, 413),
        ("/upper", 11, 413),
        ("/context", 1001, 413),
    ] {
        let answer = caller.post(path, "x".repeat(bytes)).await;
        assert_eq!(answer.status, status, "{path} {bytes}");
        assert!(status == 200 || answer.body.contains(&format!("at most {} bytes", bytes - 1)), "{}", answer.body);
    }
    let slow = "POST /upper HTTP/1.1\r\nhost: a\r\ncontent-length: 10\r\n\r\nabc";
    assert!(rest(connected(served.address(), slow).await).await.starts_with("HTTP/1.1 408"));
}

#[tokio::test]
async fn a_body_that_memory_could_never_hold_is_413_where_a_policy_reads_it_and_passes_where_none_does() {
    let mut site = Site::plain();
    site.options.limits.body_bytes = 1000;
    site.options.limits.held_bytes = 4 << 20;
    site.proxy("/uploads", &[], &[upstream("a").await]);
    let large = RouteLimits { body_bytes: Some(8 << 20), body_time: None };
    site.options.routes.last_mut().unwrap().limits = large;
    site.route("echo").limits = large;
    let served = site.serve();
    assert_eq!(served.caller().post("/uploads", "x".repeat(2 << 20)).await.status, 200);
    assert_eq!(served.caller().post("/echo", "x".repeat(100_000)).await.status, 200);
    // The reply may come before all of it was sent.
    let head = "POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 2000000\r\n\r\n";
    let refused = rest(connected(served.address(), head).await).await;
    assert!(refused.starts_with("HTTP/1.1 413"), "{refused}");
}

#[tokio::test]
async fn a_coded_body_is_415_where_a_policy_reads_it_and_passes_where_none_does() {
    let mut site = Site::plain();
    site.proxy("/", &[], &[upstream("a").await]);
    site.proxy("/tagged", &["tag"], &[upstream("a").await]);
    site.proxy("/upper", &["upper"], &[upstream("a").await]);
    site.options.routes.retain(|route| route.name != "upper");
    let served = site.serve();
    let caller = served.caller();
    for (path, coding, status) in [
        ("/echo", "gzip", 415),
        ("/echo", "identity, br", 415),
        ("/upper", "gzip", 415),
        ("/echo", "identity", 200),
        ("/echo", "", 200),
        ("/x", "gzip", 200),
        ("/tagged", "gzip", 200),
    ] {
        let request = caller.request(Method::POST, path).header("content-encoding", coding);
        let answer = caller.send(request.body(Full::from("x")).unwrap()).await;
        assert_eq!(answer.status, status, "{path} {coding:?} {}", answer.body);
        if status == 415 {
            assert_eq!(answer.headers["accept-encoding"], "identity");
            assert!(answer.body.contains(r#"Content-Encoding \""#), "{}", answer.body);
        }
    }
}
