//! Stopping: what is in flight ends, what comes later is not taken.

use std::time::{Duration, Instant};

use tallygate_front::ClientAuth;
use tokio::net::TcpStream;

use crate::play::Mood;
use crate::site::{Site, line};

#[tokio::test]
async fn requests_in_flight_end_and_new_ones_are_not_taken() {
    for h2 in [false, true] {
        let site = Site::tls(ClientAuth::None);
        let queue = site.queue.clone();
        queue.feel(Mood::Waits);
        let mut served = site.serve();
        let caller = served.tls_caller(None, h2);
        let in_flight = tokio::spawn(async move { caller.post("/accept", line("1", "1")).await });
        queue.wait_for(1).await;
        served.stop();
        let address = served.address();
        while TcpStream::connect(address).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        assert!(!in_flight.is_finished());
        queue.released.add_permits(1);
        assert_eq!(in_flight.await.unwrap().status, 202, "h2: {h2}");
        served.ended().await;
    }
}

#[tokio::test]
async fn idle_connections_do_not_hold_it_up() {
    let mut served = Site::tls(ClientAuth::None).serve();
    let callers = [served.tls_caller(None, false), served.tls_caller(None, true)];
    for caller in &callers {
        assert_eq!(caller.post("/echo", "x").await.status, 200);
    }
    let half_open = TcpStream::connect(served.address()).await.unwrap();
    let began = Instant::now();
    served.ended().await;
    assert!(began.elapsed() < Duration::from_secs(3));
    drop((callers, half_open));
}

#[tokio::test]
async fn the_deadline_ends_what_does_not_end_by_itself() {
    let mut site = Site::plain();
    site.options.limits.shutdown_time = Duration::from_millis(200);
    let queue = site.queue.clone();
    queue.feel(Mood::Waits);
    let mut served = site.serve();
    let caller = served.caller();
    let in_flight = tokio::spawn(async move {
        let request = caller.request(http::Method::POST, "/accept");
        caller.try_send(request.body(line("1", "1").into()).unwrap()).await.is_err()
    });
    queue.wait_for(1).await;
    let began = Instant::now();
    served.ended().await;
    assert!(began.elapsed() < Duration::from_secs(3));
    assert!(in_flight.await.unwrap());
}
