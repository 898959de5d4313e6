//! Handshakes that fail.

use std::net::SocketAddr;

use http::{Request, Response};
use rustls::ServerConnection;
use tallygate_serve::limits::FAILED_HANDSHAKE_LINES;
use tallygate_serve::{Exchange, Incoming, Limits, Service};

use crate::lines::Lines;
use crate::site::{Served, rest};

struct Nothing;

impl Service for Nothing {
    type Connection = ();
    type Body = String;

    fn connected(&self, _: SocketAddr, _: Option<&ServerConnection>) -> Option<()> {
        Some(())
    }

    async fn answer(&self, _: &Exchange<()>, _: Request<Incoming>) -> Response<String> {
        Response::new(String::new())
    }
}

#[tokio::test]
async fn a_failed_handshake_is_a_line_with_its_peer_and_why() {
    let (lines, _kept) = Lines::kept();
    let served = Served::tls(Limits::default(), Nothing);
    let stranger = served.sent("GET / HTTP/1.1\r\n\r\n").await;
    let peer = stranger.local_addr().unwrap();
    rest(stranger).await;
    let line = lines.wait_for("handshake failed").await;
    assert!(line.contains(" INFO ") && line.contains("listener=main"), "{line}");
    assert!(line.contains(&format!("peer={peer}")), "{line}");
    assert!(line.contains("received corrupt message"), "{line}");
}

#[tokio::test]
async fn of_many_failed_handshakes_some_are_lines_and_the_others_a_number() {
    let (lines, _kept) = Lines::kept();
    let served = Served::tls(Limits::default(), Nothing);
    for _ in 0..FAILED_HANDSHAKE_LINES * 5 {
        rest(served.sent("no client hello").await).await;
    }
    let number = lines.wait_for("left_out=").await;
    assert!(number.contains("listener=main"), "{number}");
    let told = lines.with("handshake failed").len();
    // A slow machine takes some seconds for all of them.
    assert!((FAILED_HANDSHAKE_LINES as usize..FAILED_HANDSHAKE_LINES as usize * 4).contains(&told), "{told}");
}
