//! What stands behind an answer: a body that nobody read, the beginning of the next request, or nothing that matters.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use http::{Request, Response, StatusCode};
use rustls::ServerConnection;
use tallygate_serve::{Exchange, Incoming, Limits, Service};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::site::{Served, rest};

/// Reads no body.
struct Refuses;

impl Service for Refuses {
    type Connection = ();
    type Body = String;

    fn connected(&self, _: SocketAddr, _: Option<&ServerConnection>) -> Option<()> {
        Some(())
    }

    async fn answer(&self, _: &Exchange<()>, _: Request<Incoming>) -> Response<String> {
        let mut response = Response::new("no".to_owned());
        *response.status_mut() = StatusCode::NOT_FOUND;
        response
    }
}

const NEXT: &str = "GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";

fn post(fields: &str, body: &str) -> String {
    format!("POST / HTTP/1.1\r\nhost: a\r\n{fields}\r\n\r\n{body}")
}

/// The answer that comes next.
async fn answer(stream: &mut TcpStream) -> String {
    let mut text = String::new();
    while !text.ends_with("\r\n\r\nno") {
        text.push(char::from(stream.read_u8().await.expect(&text)));
    }
    text.to_ascii_lowercase()
}

#[tokio::test]
async fn a_body_that_has_come_is_read_away_and_the_next_request_is_answered() {
    let served = Served::plain(Limits::default(), Refuses);
    let chunks = "5\r\nhello\r\n".repeat(300);
    for sent in [
        post("content-length: 5", "hello"),
        post("content-length: 0", ""),
        post("transfer-encoding: chunked", "0\r\n\r\n"),
        post("transfer-encoding: chunked", "5\r\nhello\r\n0\r\n\r\n"),
        post("transfer-encoding: chunked", &format!("{chunks}0\r\nx: y\r\n\r\n")),
        post("transfer-encoding: chunked\r\nexpect: 100-continue", "5\r\nhello\r\n0\r\n\r\n"),
    ] {
        let mut stream = served.sent(&sent).await;
        let answered = answer(&mut stream).await;
        assert!(!answered.contains("connection: close"), "{sent}{answered}");
        stream.write_all(NEXT.as_bytes()).await.unwrap();
        assert!(rest(stream).await.starts_with("HTTP/1.1 404"), "{sent}");
    }
}

#[tokio::test]
async fn where_more_of_it_is_to_come_the_answer_says_that_the_connection_ends() {
    let served = Served::plain(Limits::default(), Refuses);
    for sent in [
        post("content-length: 100", "hello"),
        post("content-length: 5\r\nexpect: 100-continue", ""),
        post("transfer-encoding: chunked", "5\r\nhello\r\n"),
        post("transfer-encoding: chunked", "5\r\nhello\r\n0\r\n"),
    ] {
        let answered = rest(served.sent(&sent).await).await.to_ascii_lowercase();
        assert!(answered.starts_with("http/1.1 404") && answered.contains("connection: close"), "{sent}{answered}");
    }
}

fn quick() -> Limits {
    Limits { header_time: Duration::from_millis(300), ..Limits::default() }
}

#[tokio::test]
async fn half_a_head_behind_a_request_has_the_time_of_a_head() {
    let served = Served::plain(quick(), Refuses);
    let mut stream = served.sent("GET / HTTP/1.1\r\nhost: a\r\n\r\nGET / HT").await;
    let _ = answer(&mut stream).await;
    let began = Instant::now();
    assert_eq!(rest(stream).await, "");
    assert!(began.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn empty_lines_behind_a_request_are_no_head() {
    let served = Served::plain(quick(), Refuses);
    let mut stream = served.sent("GET / HTTP/1.1\r\nhost: a\r\n\r\n\r\n").await;
    let _ = answer(&mut stream).await;
    stream.write_all(b"\r\n").await.unwrap();
    let closed = tokio::time::timeout(10 * quick().header_time, stream.read_u8()).await;
    assert!(closed.is_err(), "{closed:?}");
    stream.write_all(NEXT.as_bytes()).await.unwrap();
    assert!(rest(stream).await.starts_with("HTTP/1.1 404"));
}
