//! Upstreams with manners of their own: an old version, an early answer, a silence, a body they do not take.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use http::Method;
use http_body_util::Full;
use tallygate_front::ClientAuth;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::limits::{connected, rest};
use crate::proxy::upstream;
use crate::site::Site;
use crate::upstreams;

/// A server whose every connection does this.
async fn played<F>(play: impl Fn(TcpStream) -> F + Send + 'static) -> SocketAddr
where
    F: Future<Output = ()> + Send + 'static,
{
    let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = socket.accept().await {
            tokio::spawn(play(stream));
        }
    });
    address
}

/// A request's head, and what came with it.
async fn head(stream: &mut TcpStream) -> String {
    String::from_utf8_lossy(&upstreams::head(stream).await).into_owned()
}

pub(crate) async fn answers(answer: &'static str, then: Duration) -> SocketAddr {
    played(move |mut stream| async move {
        head(&mut stream).await;
        let _ = stream.write_all(answer.as_bytes()).await;
        tokio::time::sleep(then).await;
    })
    .await
}

#[tokio::test]
async fn a_cut_response_of_an_upstream_that_speaks_http_1_0_is_not_taken_for_whole() {
    let address = played(|mut stream| async move {
        head(&mut stream).await;
        let _ = stream.write_all(b"HTTP/1.0 200 OK\r\ncontent-type: text/plain\r\n\r\nhalf of it").await;
        tokio::time::sleep(Duration::from_millis(200)).await;
        // The connection ends with a reset rather than with its end.
        let _ = stream.set_zero_linger();
    })
    .await;
    for h2 in [false, true] {
        let mut site = Site::tls(ClientAuth::None);
        site.proxy("/", &[], &[address]);
        let served = site.serve();
        let caller = served.tls_caller(None, h2);
        let request = caller.request(Method::GET, "/cut").body(Full::default()).unwrap();
        assert!(caller.try_send(request).await.is_err(), "h2: {h2}");
    }
}

#[tokio::test]
async fn the_version_of_a_response_is_the_gateways_own_and_the_connection_is_kept() {
    let mut site = Site::plain();
    site.options.limits.idle_time = Duration::from_millis(300);
    site.proxy("/", &[], &[answers("HTTP/1.0 200 OK\r\n\r\nold school", Duration::ZERO).await]);
    let served = site.serve();
    let got = rest(connected(served.address(), &"GET /x HTTP/1.1\r\nhost: a\r\n\r\n".repeat(2)).await).await;
    assert_eq!(got.matches("HTTP/1.1 200 OK\r\n").count(), 2, "{got}");
    assert!(got.ends_with("A\r\nold school\r\n0\r\n\r\n"), "{got}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_comes_before_the_body_was_read_reaches_the_caller_each_time() {
    let socket = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    // On a thread of its own: it answers and closes just while the gateway writes.
    std::thread::spawn(move || {
        for mut stream in socket.incoming().flatten() {
            let _ = std::io::Read::read(&mut stream, &mut [0; 500]);
            let answer = b"HTTP/1.1 401 Unauthorized\r\ncontent-length: 2\r\nconnection: close\r\n\r\nno";
            let _ = std::io::Write::write_all(&mut stream, answer);
        }
    });
    let mut site = Site::plain();
    site.proxy("/", &[], &[address]);
    let served = site.serve();
    for turn in 0..30 {
        let head = "POST /upload HTTP/1.1\r\nhost: a\r\ncontent-length: 1000000\r\n\r\n";
        let mut stream = connected(served.address(), head).await;
        // It may be closed before all of it was sent.
        let _ = stream.write_all(&vec![0; 1_000_000]).await;
        let mut got = Vec::new();
        let mut piece = [0; 4096];
        while let Ok(read @ 1..) = stream.read(&mut piece).await {
            got.extend_from_slice(&piece[..read]);
            if got.ends_with(b"\r\n\r\nno") {
                break;
            }
        }
        let got = String::from_utf8_lossy(&got);
        assert!(got.starts_with("HTTP/1.1 401") && got.ends_with("no"), "{turn}: {got}");
    }
    assert!(!served.scraped().contains("front_upstream_errors_total{"), "{}", served.scraped());
}

#[tokio::test]
async fn an_upstream_that_closes_without_an_answer_while_the_body_comes_is_502() {
    let mut site = Site::plain();
    site.proxy("/", &[], &[answers("", Duration::ZERO).await]);
    let served = site.serve();
    let began = Instant::now();
    assert_eq!(served.caller().post("/upload", vec![0; 1_000_000]).await.status, 502);
    assert!(began.elapsed() < Duration::from_secs(10));
    assert!(served.scraped().contains(r#"kind="away""#), "{}", served.scraped());
}

#[tokio::test]
async fn a_steady_upload_may_take_longer_than_an_upstream_may_think() {
    let mut site = Site::plain();
    site.options.limits.response_time = Duration::from_millis(1500);
    site.proxy("/", &[], &[upstream("a").await]);
    let served = site.serve();
    let mut stream = connected(served.address(), "POST /x HTTP/1.1\r\nhost: a\r\ncontent-length: 10\r\n\r\n").await;
    for byte in b"0123456789" {
        tokio::time::sleep(Duration::from_millis(300)).await;
        stream.write_all(&[*byte]).await.unwrap();
    }
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 200");
}

#[tokio::test]
async fn a_body_that_drips_is_the_callers_408_though_the_upstream_is_waiting_too() {
    let mut site = Site::plain();
    site.options.limits.response_time = Duration::from_secs(20);
    site.options.limits.body_time = Duration::from_millis(400);
    site.proxy("/", &[], &[upstream("a").await]);
    let served = site.serve();
    let slow = "POST /x HTTP/1.1\r\nhost: a\r\ncontent-length: 10\r\n\r\nabc";
    let refused = rest(connected(served.address(), slow).await).await;
    assert!(refused.starts_with("HTTP/1.1 408") && refused.contains("body-too-slow"), "{refused}");
    assert!(!served.scraped().contains("front_upstream_errors_total{"), "{}", served.scraped());
}

#[tokio::test]
async fn an_upstream_that_does_not_take_the_body_is_504_by_its_own_words_and_not_408() {
    let address = played(|mut stream| async move {
        head(&mut stream).await;
        tokio::time::sleep(Duration::from_secs(30)).await;
    })
    .await;
    let mut site = Site::plain();
    site.options.limits.response_time = Duration::from_millis(800);
    // Shorter, so that it would be over first if it ran while nobody asks the caller for more.
    site.options.limits.body_time = Duration::from_millis(500);
    site.options.limits.body_bytes = 64 << 20;
    site.proxy("/", &[], &[address]);
    let served = site.serve();
    let refused = served.caller().post("/x", vec![0; 32 << 20]).await;
    assert_eq!(refused.status, 504, "{}", refused.body);
    assert!(refused.body.contains("upstream-unread"), "{}", refused.body);
    assert!(served.scraped().contains(r#"kind="unread""#), "{}", served.scraped());
}

#[tokio::test]
async fn an_upstream_that_hangs_within_its_response_is_cut_and_its_place_comes_back() {
    let head = "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nonly so much";
    let address = answers(head, Duration::from_secs(60)).await;
    for h2 in [false, true] {
        let mut site = Site::tls(ClientAuth::None);
        site.options.limits.response_time = Duration::from_millis(700);
        site.options.limits.requests = 1;
        site.proxy("/", &[], &[address]);
        let served = site.serve();
        let caller = served.tls_caller(None, h2);
        let request = caller.request(Method::GET, "/x").body(Full::default()).unwrap();
        let hung = caller.raw(request).await.unwrap();
        let began = Instant::now();
        assert_eq!(hung.status(), 200);
        while served.tls_caller(None, false).post("/echo", "x").await.status == 503 {
            assert!(began.elapsed() < Duration::from_secs(10), "h2: {h2}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert!(served.scraped().contains(r#"kind="hung""#), "{}", served.scraped());
        assert!(http_body_util::BodyExt::collect(hung.into_body()).await.is_err(), "h2: {h2}");
    }
}

#[tokio::test]
async fn an_upstream_that_says_something_now_and_then_may_take_its_time() {
    let address = played(|mut stream| async move {
        head(&mut stream).await;
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\n").await;
        for _ in 0..8 {
            tokio::time::sleep(Duration::from_millis(400)).await;
            let _ = stream.write_all(b"x").await;
        }
    })
    .await;
    let mut site = Site::plain();
    site.options.limits.response_time = Duration::from_secs(2);
    site.proxy("/", &[], &[address]);
    let served = site.serve();
    assert_eq!(served.caller().get("/x").await.body, "xxxxxxxx");
}

#[tokio::test]
async fn a_body_reaches_the_upstream_framed_whatever_the_method() {
    let mut site = Site::plain();
    site.options.limits.idle_time = Duration::from_millis(300);
    site.proxy("/", &[], &[upstream("a").await]);
    let served = site.serve();
    for method in ["GET", "DELETE", "OPTIONS", "POST"] {
        let chunked =
            format!("{method} /x HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n");
        let told = rest(connected(served.address(), &chunked).await).await;
        assert!(told.contains("transfer-encoding=chunked") && told.contains("] body"), "{told}");
        let counted = format!("{method} /x HTTP/1.1\r\nhost: a\r\ncontent-length: 4\r\n\r\nbody");
        let told = rest(connected(served.address(), &counted).await).await;
        assert!(told.contains("content-length=4") && told.contains("] body"), "{told}");
        assert!(!told.contains("transfer-encoding=chunked"), "{told}");
    }
    let empty = |method: &str| format!("{method} /x HTTP/1.1\r\nhost: a\r\ncontent-length: 0\r\n\r\n");
    let told = rest(connected(served.address(), &empty("POST")).await).await;
    assert!(told.contains("[content-length=0,"), "{told}");
    let told = rest(connected(served.address(), &empty("GET")).await).await;
    assert!(!told.contains("length=") && !told.contains("encoding=chunked"), "{told}");
}

#[tokio::test]
async fn cookies_in_several_fields_reach_policies_and_upstreams_as_one() {
    let mut site = Site::tls(ClientAuth::None);
    site.proxy("/", &[], &[upstream("a").await]);
    site.proxy("/tagged", &["tag"], &[upstream("a").await]);
    let served = site.serve();
    let caller = served.tls_caller(None, true);
    for path in ["/x", "/tagged"] {
        let request = caller.request(Method::GET, path).header("cookie", "a=1").header("cookie", "b=2");
        let told = caller.send(request.header("cookie", "c=3").body(Full::default()).unwrap()).await.body;
        assert!(told.contains("cookie=a=1; b=2; c=3, "), "{told}");
        assert_eq!(told.matches("cookie=").count(), 1, "{told}");
    }
}

#[tokio::test]
async fn a_caller_cannot_pass_its_own_word_off_as_the_gateways() {
    let mut site = Site::plain();
    site.proxy("/", &[], &[upstream("a").await]);
    site.proxy("/tagged", &["tag"], &[upstream("a").await]);
    let served = site.serve();
    let names = [
        "X_Forwarded_For",
        "Transfer_Encoding",
        "X-Real-IP",
        "X-Forwarded-For",
        "X-Forwarded-Port",
        "X-Forwarded-Prefix",
        "X-Forwarded-Server",
        "Forwarded",
        "X-Original-URL",
        "X-Rewrite-URL",
        "Client-Cert",
        "Proxy",
    ];
    for path in ["/x", "/tagged"] {
        let mut request = served.caller().request(Method::GET, path).header("x-mine", "6.6.6.6");
        for name in names {
            request = request.header(name, "for=6.6.6.6");
        }
        let told = served.caller().send(request.body(Full::default()).unwrap()).await.body;
        assert_eq!(told.matches("6.6.6.6").count(), 1, "{told}");
        assert!(told.contains("x-mine=6.6.6.6") && told.contains("x-real-ip=127.0.0.1"), "{told}");
        assert!(told.contains("via=1.1 tallygate"), "{told}");
    }
}
