//! Browsers that ask before a page of another origin calls, and what they are told.

use http::Method;
use http_body_util::Full;
use tallygate_front::{Callers, CorsOptions};

use crate::proxy::upstream;
use crate::site::{Answer, Caller, Site, key, line};

const SHOP: &str = "https://shop.example";

/// What a browser sends before it calls by this method.
async fn asked(caller: &Caller, path: &str, origin: &str, method: &str) -> Answer {
    let request = caller.request(Method::OPTIONS, path);
    let request = request.header("origin", origin).header("access-control-request-method", method);
    caller.send(request.header("access-control-request-headers", "x-api-key").body(Full::default()).unwrap()).await
}

fn cors() -> CorsOptions {
    CorsOptions {
        origins: vec![SHOP.into()],
        headers: vec!["x-api-key".parse().unwrap(), "content-type".parse().unwrap()],
        max_age: Some(std::time::Duration::from_secs(600)),
        ..CorsOptions::default()
    }
}

#[tokio::test]
async fn a_preflight_is_answered_by_the_routes_rule_before_anyone_asks_for_credentials() {
    let mut site = Site::plain();
    site.partner("shop-1", vec![key("secret")]);
    let route = site.route("accept");
    (route.partner, route.methods, route.cors) = (None, vec![Method::POST], Some(cors()));
    let queue = site.queue.clone();
    let served = site.serve();
    let caller = served.caller();
    let answer = asked(&caller, "/accept", SHOP, "POST").await;
    assert_eq!((answer.status, &*answer.body), (204, ""));
    for (name, value) in [
        ("access-control-allow-origin", SHOP),
        ("access-control-allow-methods", "POST"),
        ("access-control-allow-headers", "x-api-key, content-type"),
        ("access-control-max-age", "600"),
        ("vary", "origin"),
    ] {
        assert_eq!(answer.headers[name], value, "{name}");
    }
    let stranger = asked(&caller, "/accept", "https://evil.example", "POST").await;
    assert_eq!(stranger.status, 403);
    assert!(!stranger.headers.contains_key("access-control-allow-origin"));
    assert_eq!(asked(&caller, "/accept", SHOP, "DELETE").await.status, 405);

    // What the page may read is also why it was refused.
    for (key, status) in [("secret", 202), ("wrong", 401)] {
        let request = caller.request(Method::POST, "/accept").header("origin", SHOP).header("x-api-key", key);
        let answer = caller.send(request.body(Full::from(line("1", "1"))).unwrap()).await;
        assert_eq!((answer.status, answer.headers["access-control-allow-origin"] == SHOP), (status, true));
    }
    assert_eq!(queue.messages.lock().unwrap().len(), 1);
    let plain = caller.request(Method::OPTIONS, "/accept").body(Full::default()).unwrap();
    assert_eq!(caller.send(plain).await.status, 405, "it is no preflight");
}

#[tokio::test]
async fn without_a_rule_a_preflight_is_refused_and_nobody_behind_hears_of_it() {
    let mut site = Site::plain();
    site.partner("shop-1", vec![key("secret")]);
    for path in ["/behind", "/seen"] {
        site.proxy(path, if path == "/seen" { &["soap"] } else { &[] }, &[upstream("a").await]);
        site.last_route().callers = Callers::Partners;
    }
    site.route("soap").methods = vec![Method::POST];
    let served = site.serve();
    let caller = served.caller();
    for path in ["/behind", "/seen", "/soap"] {
        let answer = asked(&caller, path, SHOP, "POST").await;
        assert_eq!(answer.status, 403, "{path}: {}", answer.body);
        assert!(answer.body.contains("it has no \\\"cors\\\"") && !answer.body.contains("fault"), "{}", answer.body);
        assert!(!answer.headers.contains_key("www-authenticate") && !answer.headers.contains_key("x-from"));
    }
}

#[tokio::test]
async fn where_anyone_may_call_a_preflight_without_a_rule_goes_to_the_upstream() {
    let mut site = Site::plain();
    site.proxy("/", &[], &[upstream("a").await]);
    site.last_route().methods = vec![Method::POST];
    site.proxy("/ruled", &[], &[upstream("b").await]);
    site.last_route().cors = Some(CorsOptions { origins: vec!["*".into()], ..CorsOptions::default() });
    let served = site.serve();
    let caller = served.caller();
    let answer = asked(&caller, "/x", SHOP, "POST").await;
    assert_eq!(answer.status, 200);
    assert!(
        answer.body.starts_with("a OPTIONS /x ") && answer.body.contains(&format!("origin={SHOP}")),
        "{}",
        answer.body
    );
    assert_eq!(asked(&caller, "/x", SHOP, "PUT").await.status, 405);
    let ruled = asked(&caller, "/ruled/x", SHOP, "PUT").await;
    assert_eq!((ruled.status, &ruled.headers["access-control-allow-methods"] == "PUT"), (204, true));
    let actual = caller.request(Method::PUT, "/ruled/x").header("origin", SHOP).body(Full::default()).unwrap();
    let actual = caller.send(actual).await;
    assert_eq!((actual.status, &actual.headers["access-control-allow-origin"] == "*"), (200, true));
}

#[tokio::test]
async fn a_route_that_names_options_is_what_a_preflight_takes() {
    let mut site = Site::plain();
    site.partner("shop-1", vec![key("secret")]);
    site.proxy("/api", &[], &[upstream("a").await]);
    (site.last_route().callers, site.last_route().methods) = (Callers::Partners, vec![Method::POST]);
    site.proxy("/api", &[], &[upstream("preflights").await]);
    site.last_route().methods = vec![Method::OPTIONS];
    let served = site.serve();
    let answer = asked(&served.caller(), "/api", SHOP, "POST").await;
    assert!(answer.status == 200 && answer.body.starts_with("preflights OPTIONS /api "), "{}", answer.body);
}
