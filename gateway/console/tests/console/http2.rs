//! Everything over HTTP/2, which browsers choose.

use bytes::Bytes;
use http::{Method, Request};
use http_body_util::Full;
use tallygate_core::Aggregate;

use crate::site::{Answer, Events, PASSWORD, Site, TOKEN, USER};
use crate::store::row;

fn request(site: &Site, method: Method, path: &str, header: (&str, &str), body: String) -> Request<Full<Bytes>> {
    let address = format!("{}{path}", site.origin());
    Request::builder().method(method).uri(address).header(header.0, header.1).body(Full::new(body.into())).unwrap()
}

#[tokio::test]
async fn a_connection_of_http2_carries_requests_and_a_feed_at_one_time() {
    let site = Site::start().await;
    let mut sender = site.http2().await;
    let authorization = format!("Bearer {TOKEN}");
    let get = |path: &str| request(&site, Method::GET, path, ("authorization", &authorization), String::new());
    let mut events = Events::of(sender.send_request(get("/api/v1/events?day=2026-11-22")).await.unwrap());
    events.until(|message| message["state"]["loaded"] == true).await;

    let status = Answer::of(sender.send_request(get("/api/v1/status")).await.unwrap()).await;
    assert_eq!((status.status.as_u16(), &status.json()["fold_lag"]), (200, &12.into()));
    assert_eq!(status.headers["x-frame-options"], "DENY");
    let stranger = request(&site, Method::GET, "/api/v1/status", ("accept", "*/*"), String::new());
    assert_eq!(Answer::of(sender.send_request(stranger).await.unwrap()).await.status, 401);

    site.log.put_row(&row(Aggregate::Counted, "shop-1", "EUR", 0, 0, 1, "2.50"));
    events.until(|message| message["totals"][0]["sum"] == "2.50").await;
}

#[tokio::test]
async fn the_origin_of_a_login_is_held_against_the_authority() {
    let site = Site::start().await;
    let mut sender = site.http2().await;
    for (origin, status) in [(site.origin(), 200), ("https://evil.example".to_owned(), 403)] {
        let body = serde_json::json!({ "name": USER, "password": PASSWORD }).to_string();
        let login = request(&site, Method::POST, "/api/v1/login", ("origin", &origin), body);
        assert_eq!(Answer::of(sender.send_request(login).await.unwrap()).await.status, status, "{origin}");
    }
}
