//! What callers may not use up.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures::{StreamExt, stream};
use http::{Request, Response};
use http_body_util::StreamBody;
use hyper::body::Frame;
use rustls::ServerConnection;
use tallygate_serve::{Exchange, Incoming, Limits, Service, limits};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

use crate::site::{Served, rest};

struct Hello;

impl Service for Hello {
    type Connection = SocketAddr;
    type Body = String;

    fn connected(&self, peer: SocketAddr, _: Option<&ServerConnection>) -> Option<SocketAddr> {
        Some(peer)
    }

    async fn answer(&self, exchange: &Exchange<SocketAddr>, _: Request<Incoming>) -> Response<String> {
        assert_eq!(*exchange.connection(), exchange.peer());
        Response::new("hello".to_owned())
    }
}

#[tokio::test]
async fn a_head_that_is_too_large_is_431_though_its_end_never_comes() {
    let served = Served::plain(Limits::default(), Hello);
    let mut stream = served.sent("GET / HTTP/1.1\r\nhost: a\r\nx-large: ").await;
    let began = Instant::now();
    // It may be closed before all of it was sent.
    for _ in 0..300 {
        if stream.write_all(&[b'x'; 1024]).await.is_err() {
            break;
        }
    }
    assert!(rest(stream).await.starts_with("HTTP/1.1 431"));
    assert!(began.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn a_head_may_be_as_large_as_the_limit_says() {
    let served = Served::plain(Limits::default(), Hello);
    let large = "x".repeat(31 * 1024);
    let request = format!("GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\nx-large: {large}\r\n\r\n");
    assert!(rest(served.sent(&request).await).await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn a_head_has_its_time_and_no_more() {
    let limits = Limits { header_time: Duration::from_millis(400), ..Limits::default() };
    let served = Served::plain(limits, Hello);
    for sent in ["", "GET / HTTP/1.1\r\nhost: a\r\n"] {
        let began = Instant::now();
        assert_eq!(rest(served.sent(sent).await).await, "");
        assert!((Duration::from_millis(400)..Duration::from_secs(3)).contains(&began.elapsed()), "{sent:?}");
    }
}

#[tokio::test]
async fn a_handshake_has_its_time_and_no_more() {
    let limits = Limits { handshake_time: Duration::from_millis(300), ..Limits::default() };
    let served = Served::tls(limits, Hello);
    let began = Instant::now();
    assert_eq!(rest(served.sent("").await).await, "");
    assert!((Duration::from_millis(300)..Duration::from_secs(3)).contains(&began.elapsed()));
}

#[tokio::test]
async fn a_caller_of_http2_that_does_not_end_its_body_behind_the_answer_has_its_connection_ended() {
    let served = Served::tls(Limits::default(), Hello);
    let (mut caller, connection) = served.http2().await;
    let mut connection = std::pin::pin!(connection);
    let body = stream::once(async { Ok(Frame::data(Bytes::from_static(b"the first of it"))) }).chain(stream::pending());
    let request = Request::post("https://127.0.0.1/").body(Box::pin(StreamBody::new(body))).unwrap();
    let response = tokio::select! {
        response = caller.send_request(request) => response.unwrap(),
        _ = &mut connection => panic!("it ended before the answer"),
    };
    assert_eq!(response.status(), 200);
    // It would wait for its body's window else, which nobody opens any more.
    let ended = tokio::time::timeout(5 * limits::REST_TIME, connection).await;
    assert!(ended.is_ok());
}

/// A connection from this address of loopback, `127.0.0.LAST`.
async fn from(last: u8, to: SocketAddr) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(SocketAddr::from(([127, 0, 0, last], 0))).unwrap();
    socket.connect(to).await.unwrap()
}

/// Whether it is still open after a moment in which a refusal would have come.
async fn open(stream: &mut TcpStream) -> bool {
    tokio::time::timeout(Duration::from_millis(300), stream.read_u8()).await.is_err()
}

#[tokio::test]
async fn one_address_cannot_have_all_the_connections() {
    let limits = Limits { connections: 16, ..Limits::default() };
    let served = Served::plain(limits, Hello);
    let mut held = Vec::new();
    for _ in 0..40 {
        held.push(from(2, served.address).await);
    }
    let mut kept = Vec::new();
    for mut stream in held {
        if open(&mut stream).await {
            kept.push(stream);
        }
    }
    assert_eq!(kept.len(), 12);
    let mut other = from(3, served.address).await;
    other.write_all(b"GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").await.unwrap();
    assert!(rest(other).await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn one_address_cannot_have_all_the_handshakes() {
    let limits = Limits { handshake_time: Duration::from_secs(60), ..Limits::default() };
    let served = Served::tls(limits, Hello);
    let mut held = Vec::new();
    for _ in 0..limits::HANDSHAKES {
        let mut begun = from(2, served.address).await;
        // The first byte of a handshake.
        begun.write_all(&[0x16]).await.unwrap();
        held.push(begun);
    }
    let client = served.client(false);
    assert_eq!(served.get(&client, "/").await.body, "hello", "from another address");
    // What begins like a handshake is answered, but for who has its share of them already.
    let asked = |mut stream: TcpStream| async move {
        stream.write_all(b"no handshake at all\r\n").await.unwrap();
        let mut alert = Vec::new();
        tokio::time::timeout(Duration::from_millis(500), stream.read_to_end(&mut alert)).await.is_ok()
    };
    assert!(asked(from(3, served.address).await).await);
    assert!(!asked(from(2, served.address).await).await);
    drop(held);
    assert!(asked(from(2, served.address).await).await);
}

#[tokio::test]
async fn connections_that_send_nothing_keep_no_handshake_from_anybody() {
    let limits = Limits { handshake_time: Duration::from_secs(60), ..Limits::default() };
    let served = Served::tls(limits, Hello);
    let mut held = Vec::new();
    for n in 0..2 * limits::HANDSHAKES {
        held.push(from(2 + (n % 200) as u8, served.address).await);
    }
    let client = served.client(false);
    let answer = tokio::time::timeout(Duration::from_secs(20), served.get(&client, "/")).await;
    assert_eq!(answer.unwrap().body, "hello");
}

#[tokio::test]
async fn however_many_addresses_hold_connections_whoever_has_none_gets_one() {
    let limits = Limits { connections: 16, ..Limits::default() };
    let served = Served::plain(limits, Hello);
    let hello = "GET / HTTP/1.1\r\nhost: a\r\n\r\n";
    // Some were answered and are idle now, the others sent half a head.
    let mut held = Vec::new();
    for last in 2..18 {
        let mut stream = from(last, served.address).await;
        stream.write_all(if last < 6 { hello } else { "GET / HTT" }.as_bytes()).await.unwrap();
        if last < 6 {
            stream.read_u8().await.unwrap();
        }
        held.push(stream);
    }
    let mut newcomers = Vec::new();
    for last in 100..140 {
        let mut stream = from(last, served.address).await;
        stream.write_all(hello.as_bytes()).await.unwrap();
        assert_eq!(stream.read_u8().await.unwrap(), b'H', "127.0.0.{last}");
        newcomers.push(stream);
    }
}

#[tokio::test]
async fn a_burst_of_connections_waits_for_a_listener_that_is_busy() {
    let served = Served::plain(Limits::default(), Hello);
    // Nothing is accepted while this thread does not let go.
    let connect = |_| std::net::TcpStream::connect_timeout(&served.address, Duration::from_secs(2));
    let burst: Result<Vec<_>, _> = (0..1000).map(connect).collect();
    assert!(burst.is_ok(), "{:?}", burst.err());
}
