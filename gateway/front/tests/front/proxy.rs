//! Proxy routes: streamed both ways, targets in turn, and what the upstream is told.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt;
use http::{Method, Request, Response};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::site::{Site, key};

type Sent = BoxBody<Bytes, Infallible>;

/// A server that answers with its name and what it was told, or as its name says.
pub(crate) async fn upstream(name: &'static str) -> SocketAddr {
    let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = socket.accept().await {
            let service = service_fn(move |request| answer(name, request));
            tokio::spawn(hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service));
        }
    });
    address
}

async fn answer(name: &'static str, request: Request<Incoming>) -> Result<Response<Sent>, hyper::Error> {
    let whole = |text: String| Full::new(Bytes::from(text)).boxed();
    let body = match name {
        "large" => {
            let pieces = futures::stream::repeat(Bytes::from(vec![b'x'; 64 * 1024])).take(1000);
            BodyExt::boxed(StreamBody::new(pieces.map(|piece| Ok(Frame::data(piece)))))
        }
        // Every piece comes back as soon as it has come.
        "mirror" => {
            let pieces = request.into_body().into_data_stream();
            let pieces = pieces.filter_map(|piece| async { piece.ok().map(|piece| Ok(Frame::data(piece))) });
            BodyExt::boxed(StreamBody::new(pieces))
        }
        "silent" => std::future::pending().await,
        _ => {
            let (parts, body) = request.into_parts();
            let mut headers: Vec<String> =
                parts.headers.iter().map(|(name, value)| format!("{name}={}", value.to_str().unwrap())).collect();
            headers.sort();
            let body = String::from_utf8(body.collect().await?.to_bytes().into()).unwrap();
            whole(format!("{name} {} {} [{}] {body}", parts.method, parts.uri, headers.join(", ")))
        }
    };
    Ok(Response::builder().header("connection", "keep-alive").header("x-from", name).body(body).unwrap())
}

#[tokio::test]
async fn targets_are_asked_in_turn_and_one_that_is_away_is_passed_over() {
    let away = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let mut site = Site::plain();
    site.proxy("/", &[], &[upstream("a").await, upstream("b").await]);
    site.proxy("/some", &[], &[away, upstream("c").await]);
    site.proxy("/none", &[], &[away, away]);
    let served = site.serve();
    let caller = served.caller();
    let mut names = Vec::new();
    for _ in 0..4 {
        names.push(caller.get("/x").await.body.chars().next().unwrap());
    }
    assert_eq!(names, ['a', 'b', 'a', 'b']);
    for _ in 0..4 {
        let answer = caller.post("/some", "the body goes along").await;
        assert_eq!(answer.status, 200);
        assert!(answer.body.starts_with("c ") && answer.body.ends_with("the body goes along"), "{}", answer.body);
    }
    let none = caller.get("/none").await;
    assert_eq!(none.status, 502);
    assert!(!none.body.contains("127.0.0.1"));
}

#[tokio::test]
async fn the_upstream_is_told_who_called_and_not_what_was_meant_for_the_gateway() {
    let mut site = Site::plain();
    site.partner("shop-1", vec![key("secret")]);
    site.proxy("/", &[], &[upstream("a").await]);
    let served = site.serve();
    let caller = served.caller();
    let request = caller
        .request(Method::POST, "/deep/path?a=b&c")
        .header("x-api-key", "secret")
        .header("x-forwarded-for", "6.6.6.6")
        .header("te", "trailers")
        .header("cookie", "a=b");
    let told = caller.send(request.body(Full::from("body")).unwrap()).await;
    assert_eq!(told.headers["x-from"], "a");
    assert!(!told.headers.contains_key("connection"));
    let told = told.body;
    assert!(told.starts_with("a POST /deep/path?a=b&c [") && told.ends_with("] body"), "{told}");
    let port = served.address().port();
    for there in [
        "cookie=a=b",
        "content-length=4",
        "x-forwarded-for=127.0.0.1,",
        "x-forwarded-proto=http,",
        &format!("x-forwarded-host=127.0.0.1:{port}"),
        "traceparent=00-",
    ] {
        assert!(told.contains(there), "{there} in {told}");
    }
    for gone in ["x-api-key", "6.6.6.6", "te="] {
        assert!(!told.contains(gone), "{gone} in {told}");
    }
}

#[tokio::test]
async fn bodies_are_streamed_both_ways() {
    let mut site = Site::plain();
    site.proxy("/mirror", &["tag"], &[upstream("mirror").await]);
    let served = site.serve();
    let mut stream = TcpStream::connect(served.address()).await.unwrap();
    let head = "POST /mirror HTTP/1.1\r\nhost: a\r\nauthorization: Bearer for-the-upstream\r\ntransfer-encoding: chunked\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut seen = String::new();
    for piece in ["one", "two", "three"] {
        stream.write_all(format!("{:x}\r\n{piece}\r\n", piece.len()).as_bytes()).await.unwrap();
        while !seen.contains(piece) {
            let mut bytes = [0; 1024];
            let read = tokio::time::timeout(Duration::from_secs(5), stream.read(&mut bytes)).await.unwrap().unwrap();
            assert_ne!(read, 0, "{seen}");
            seen.push_str(std::str::from_utf8(&bytes[..read]).unwrap());
        }
    }
    stream.write_all(b"0\r\n\r\n").await.unwrap();
    assert!(seen.starts_with("HTTP/1.1 200 OK"));
}

#[tokio::test]
async fn policies_before_an_upstream_change_requests_and_responses() {
    let mut site = Site::plain();
    site.proxy("/changed", &["tag", "upper"], &[upstream("a").await]);
    site.proxy("/seen", &["respond"], &[upstream("a").await]);
    site.proxy("/count", &["accept"], &[upstream("a").await]);
    let served = site.serve();
    let caller = served.caller();
    let upper = caller.post("/changed/x", "abc").await.body;
    assert!(upper.ends_with(" ABC") && upper.contains("x-tag=tagged"), "{upper}");
    let seen = caller.post("/seen", "abc").await.body;
    assert!(seen.ends_with(" abc seen"), "{seen}");
    // Nobody's transactions are nobody's: they are not taken.
    assert_eq!(caller.post("/count", crate::site::line("1", "1")).await.status, 401);
}

#[tokio::test]
async fn a_proxys_limits_hold_too() {
    let mut site = Site::plain();
    site.options.limits.body_bytes = 1000;
    site.options.limits.response_time = Duration::from_millis(300);
    site.options.limits.body_time = Duration::from_millis(600);
    site.proxy("/a", &[], &[upstream("a").await]);
    site.proxy("/silent", &[], &[upstream("silent").await]);
    let served = site.serve();
    let caller = served.caller();
    assert_eq!(caller.post("/a", "x".repeat(1001)).await.status, 413);
    assert_eq!(caller.get("/silent").await.status, 504);
    let mut stream = TcpStream::connect(served.address()).await.unwrap();
    let chunks = format!("3e8\r\n{}\r\n1\r\nx\r\n0\r\n\r\n", "x".repeat(1000));
    let chunked = format!("POST /a HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n{chunks}");
    stream.write_all(chunked.as_bytes()).await.unwrap();
    let mut head = [0; 12];
    stream.read_exact(&mut head).await.unwrap();
    assert_eq!(&head, b"HTTP/1.1 413");
}
