//! Replies that are not read, or slowly.

use std::time::{Duration, Instant};

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use tallygate_front::ClientAuth;
use tokio::io::AsyncReadExt;

use crate::limits::connected;
use crate::site::{Served, Site};

const LARGE: usize = 4 << 20;

/// Room for one large reply, and not for two.
fn with_room_for_one(site: &mut Site) {
    (site.options.limits.held_bytes, site.options.limits.body_bytes) = (8 << 20, 1 << 20);
}

/// The status of a large reply, and what is left of it to read; the caller takes none of its body before it asks for it.
async fn asked(served: &Served) -> hyper::Response<hyper::body::Incoming> {
    let mut client = Client::builder(TokioExecutor::new());
    client.http2_only(true).http2_initial_stream_window_size(0);
    let client = client.build(served.connector(None, true));
    let uri = format!("https://{}/long", served.address());
    let request = Request::post(uri).body(Full::new(Bytes::from(LARGE.to_string()))).unwrap();
    tokio::time::timeout(Duration::from_secs(20), client.request(request)).await.unwrap().unwrap()
}

fn once(length: usize) -> String {
    let length = length.to_string();
    format!("POST /long HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{length}", length.len())
}

#[tokio::test]
async fn a_reply_counts_until_it_is_read() {
    let mut site = Site::tls(ClientAuth::None);
    with_room_for_one(&mut site);
    let served = site.serve();
    let parked = asked(&served).await;
    assert_eq!(parked.status(), 200);
    assert_eq!(asked(&served).await.status(), 503);
    drop(parked);
    served.until(|served| served.in_flight(0)).await;
    assert_eq!(asked(&served).await.status(), 200);
}

#[tokio::test]
async fn what_is_begun_of_a_reply_counts_until_its_end_on_http_1_too() {
    let mut site = Site::plain();
    with_room_for_one(&mut site);
    let served = site.serve();
    let mut parked = connected(served.address(), &once(LARGE)).await;
    assert_eq!(parked.read_u8().await.unwrap(), b'H');
    let refused = served.caller().post("/long", LARGE.to_string()).await;
    assert_eq!((refused.status, refused.headers.contains_key("retry-after")), (503, true));
    let mut rest = Vec::new();
    parked.read_to_end(&mut rest).await.unwrap();
    assert!(rest.len() > LARGE);
    served.until(|served| served.in_flight(0)).await;
    assert_eq!(served.caller().post("/long", LARGE.to_string()).await.body.len(), LARGE);
}

#[tokio::test]
async fn a_parked_reply_is_let_go_of_though_nothing_of_it_was_ever_taken() {
    let mut site = Site::tls(ClientAuth::None);
    site.options.limits.stalled_time = Duration::from_millis(500);
    let served = site.serve();
    let parked = asked(&served).await;
    served.until(|served| served.in_flight(0)).await;
    assert!(parked.into_body().collect().await.is_err());
}

#[tokio::test]
async fn a_reply_that_is_read_is_not_cut_however_long_that_takes() {
    let mut site = Site::plain();
    (site.options.limits.idle_time, site.options.limits.stalled_time) =
        (Duration::from_millis(300), Duration::from_millis(500));
    let served = site.serve();
    let mut stream = connected(served.address(), &once(LARGE)).await;
    let began = Instant::now();
    let (mut all, mut piece) = (0, vec![0; 100_000]);
    loop {
        match stream.read(&mut piece).await.unwrap() {
            0 => break,
            read => all += read,
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(all > LARGE, "{all}");
    assert!(began.elapsed() > Duration::from_millis(1500), "it was read slowly");
}

#[tokio::test]
async fn twenty_kilobytes_a_second_are_no_crawl() {
    let mut site = Site::plain();
    (site.options.limits.idle_time, site.options.limits.stalled_time) =
        (Duration::from_millis(300), Duration::from_secs(10));
    let served = site.serve();
    // More than the system takes by itself.
    let length = 32 << 20;
    let mut stream = connected(served.address(), &once(length)).await;
    let began = Instant::now();
    let (mut all, mut piece) = (0, vec![0; 4_000]);
    while began.elapsed() < Duration::from_secs(14) {
        all += stream.read(&mut piece).await.unwrap();
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    assert!(served.in_flight(1), "some of it was still to be sent");
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).await.unwrap();
    assert!(all + rest.len() > length);
}

#[tokio::test]
async fn a_reply_that_is_read_at_a_crawl_is_cut() {
    let mut site = Site::plain();
    site.options.limits.stalled_time = Duration::from_millis(1500);
    let served = site.serve();
    // More than the system takes by itself.
    let mut stream = connected(served.address(), &once(60 << 20)).await;
    assert_eq!(stream.read_u8().await.unwrap(), b'H');
    let began = Instant::now();
    while !served.in_flight(0) {
        let _ = stream.read_u8().await;
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert!(began.elapsed() < Duration::from_secs(15));
    }
    assert!(began.elapsed() > Duration::from_secs(1));
}
