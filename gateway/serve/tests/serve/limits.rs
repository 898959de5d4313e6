//! What callers may not use up.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use http::{Request, Response};
use hyper::body::Incoming;
use rustls::ServerConnection;
use tallygate_serve::{Exchange, Limits, Service};
use tokio::io::AsyncWriteExt;

use crate::site::{Served, rest};

struct Hello;

impl Service for Hello {
    type Connection = SocketAddr;
    type Body = String;

    fn connected(&self, peer: SocketAddr, _: Option<&ServerConnection>) -> SocketAddr {
        peer
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
