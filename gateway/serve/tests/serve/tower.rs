//! Services of tower: what a request is told, events that go on, and what is counted.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures::{Stream, StreamExt, stream};
use http::{Request, Response};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::Frame;
use tallygate_serve::{ConnectionEvent, Incoming, Limits, Peer, Tower};

use crate::site::Served;

/// `/` names its caller, `/events` sends an event every 100 ms for 2 s.
#[derive(Clone)]
struct Page;

impl tower_service::Service<Request<Incoming>> for Page {
    type Response = Response<UnsyncBoxBody<Bytes, Infallible>>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Incoming>) -> Self::Future {
        let body = match request.uri().path() {
            "/events" => StreamBody::new(events().boxed().map(|event| Ok(Frame::data(event)))).boxed_unsync(),
            _ => {
                let Peer(peer) = request.extensions().get::<Peer>().unwrap();
                Full::new(Bytes::from(peer.ip().to_string())).boxed_unsync()
            }
        };
        ready(Ok(Response::new(body)))
    }
}

fn events() -> impl Stream<Item = Bytes> + Send {
    stream::iter(0..20).then(|number| async move {
        tokio::time::sleep(Duration::from_millis(100)).await;
        Bytes::from(format!("data: {number}\n\n"))
    })
}

#[tokio::test]
async fn a_tower_service_answers_over_both_versions_of_http_and_knows_who_calls() {
    let served = Served::tls(Limits::default(), Tower::new(Page));
    for h2 in [false, true] {
        let answer = served.get(&served.client(h2), "/").await;
        assert_eq!((answer.status, &*answer.body), (200, "127.0.0.1"), "h2: {h2}");
    }
}

#[tokio::test]
async fn events_go_on_beyond_the_idle_time_and_the_connection_ends_after_it() {
    let times = Duration::from_millis(300);
    let limits = Limits { idle_time: times, stalled_time: times, header_time: times, ..Limits::default() };
    let served = Served::tls(limits, Tower::new(Page));
    for h2 in [false, true] {
        let answer = served.get(&served.client(h2), "/events").await;
        assert!(answer.body.ends_with("data: 19\n\n"), "h2: {h2}: {}", answer.body);
    }
    let began = Instant::now();
    let plain = Served::plain(Limits { idle_time: times, ..Limits::default() }, Tower::new(Page));
    let answered = crate::site::rest(plain.sent("GET / HTTP/1.1\r\nhost: a\r\n\r\n").await).await;
    assert!(answered.starts_with("HTTP/1.1 200"), "{answered}");
    assert!((Duration::from_millis(250)..Duration::from_secs(3)).contains(&began.elapsed()));
}

#[tokio::test]
async fn connections_are_counted_in_and_out() {
    let open = Arc::new(AtomicI64::new(0));
    let counted = open.clone();
    let observer = move |event| match event {
        ConnectionEvent::Opened => _ = counted.fetch_add(1, Ordering::SeqCst),
        ConnectionEvent::Closed => _ = counted.fetch_sub(1, Ordering::SeqCst),
        _ => {}
    };
    let mut served = Served::plain(Limits::default(), Tower::new(Page).observed(observer));
    let client = served.client(false);
    assert_eq!(served.get(&client, "/").await.status, 200);
    assert_eq!(open.load(Ordering::SeqCst), 1);
    served.ended().await;
    assert_eq!(open.load(Ordering::SeqCst), 0);
}
