//! Stopping: what is in flight ends, and nothing outlives the deadline.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use http::{Request, Response};
use rustls::ServerConnection;
use tallygate_serve::{Exchange, Incoming, Limits, Service};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::site::Served;

/// Answers as many requests as are released, and counts those that are under way.
#[derive(Clone, Default)]
struct Slow(Arc<(AtomicUsize, Released)>);

struct Released(Semaphore);

struct UnderWay<'a>(&'a AtomicUsize);

impl Default for Released {
    fn default() -> Self {
        Self(Semaphore::new(0))
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Service for Slow {
    type Connection = ();
    type Body = String;

    fn connected(&self, _: SocketAddr, _: Option<&ServerConnection>) -> Option<()> {
        Some(())
    }

    async fn answer(&self, _: &Exchange<()>, _: Request<Incoming>) -> Response<String> {
        let (count, released) = &*self.0;
        count.fetch_add(1, Ordering::SeqCst);
        let _under_way = UnderWay(count);
        released.0.acquire().await.unwrap().forget();
        Response::new("done".to_owned())
    }
}

impl Slow {
    fn under_way(&self) -> usize {
        self.0.0.load(Ordering::SeqCst)
    }

    /// A task that is ended goes once it comes to rest.
    async fn has_ended(&self) {
        let began = Instant::now();
        while self.under_way() > 0 {
            assert!(began.elapsed() < Duration::from_secs(1), "requests are still under way");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    async fn wait_for(&self, requests: usize) {
        while self.under_way() < requests {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }
}

#[tokio::test]
async fn requests_in_flight_are_answered_before_the_end() {
    for h2 in [false, true] {
        let slow = Slow::default();
        let mut served = Served::tls(Limits::default(), slow.clone());
        let client = served.client(h2);
        let releasing = async {
            slow.wait_for(1).await;
            tokio::time::sleep(Duration::from_millis(100)).await;
            slow.0.1.0.add_permits(1);
        };
        let answer = async {
            let response = served.raw(&client, "/");
            let (response, ()) = tokio::join!(response, releasing);
            response.status().as_u16()
        };
        assert_eq!(answer.await, 200, "h2: {h2}");
        served.ended().await;
    }
}

#[tokio::test]
async fn no_request_outlives_the_deadline_on_either_version_of_http() {
    for h2 in [false, true] {
        let slow = Slow::default();
        let limits = Limits { shutdown_time: Duration::from_millis(200), ..Limits::default() };
        let mut served = Served::tls(limits, slow.clone());
        let client = served.client(h2);
        let request = Request::get(format!("https://{}/", served.address)).body(http_body_util::Empty::new()).unwrap();
        let mut calls = JoinSet::new();
        calls.spawn(async move { client.request(request).await.is_err() });
        slow.wait_for(1).await;
        let began = Instant::now();
        served.ended().await;
        assert!((Duration::from_millis(200)..Duration::from_secs(3)).contains(&began.elapsed()), "h2: {h2}");
        slow.has_ended().await;
        assert!(calls.join_next().await.unwrap().unwrap(), "h2: {h2}");
    }
}

#[tokio::test]
async fn a_request_ends_with_its_connection() {
    let slow = Slow::default();
    let served = Served::tls(Limits::default(), slow.clone());
    let client = served.client(true);
    let request = Request::get(format!("https://{}/", served.address)).body(http_body_util::Empty::new()).unwrap();
    let mut calls = JoinSet::new();
    calls.spawn(async move { client.request(request).await.is_err() });
    slow.wait_for(1).await;
    calls.shutdown().await;
    slow.has_ended().await;
}
