//! Who may call, over which TLS and which version of HTTP.

use http::{Method, Version};
use http_body_util::Full;
use tallygate_front::{ClientAuth, Credential, Fingerprint, ListenerOptions};

use sha2::{Digest, Sha256};

use crate::site::{Authority, Site, cn, key, line};

#[tokio::test]
async fn a_partner_is_known_by_its_certificate_over_both_versions_of_http() {
    let mut site = Site::tls(ClientAuth::Required);
    let by_cn = site.authority.vouch("shop-1");
    let by_hash = site.authority.vouch("whatever");
    site.partner("shop-1", vec![cn("shop-1")]);
    site.partner("shop-2", vec![Credential::Certificate(Fingerprint(Sha256::digest(&by_hash.der).into()))]);
    let queue = site.queue.clone();
    let mut served = site.serve();
    for (h2, version) in [(false, Version::HTTP_11), (true, Version::HTTP_2)] {
        for (identity, partner) in [(&by_cn, "shop-1"), (&by_hash, "shop-2")] {
            let answer = served.tls_caller(Some(identity), h2).post("/accept", line("1", "1")).await;
            assert_eq!((answer.status, answer.version), (202, version));
            let message = queue.messages.lock().unwrap().last().unwrap().clone();
            let text = std::str::from_utf8(&message).unwrap();
            assert!(text.contains(&format!(r#""partner":"{partner}""#)), "{text}");
        }
    }
    served.ended().await;
}

#[tokio::test]
async fn a_listener_that_requires_a_certificate_shakes_no_hand_without_one_or_with_a_strangers() {
    let mut site = Site::tls(ClientAuth::Required);
    site.partner("shop-1", vec![cn("shop-1")]);
    let served = site.serve();
    let stranger = Authority::new("stranger").vouch("shop-1");
    for identity in [None, Some(&stranger)] {
        let caller = served.tls_caller(identity, false);
        let request = caller.request(Method::POST, "/accept").body(Full::default()).unwrap();
        assert!(caller.try_send(request).await.is_err());
    }
}

#[tokio::test]
async fn where_a_certificate_is_optional_an_unknown_one_is_not_the_routes_partner() {
    let mut site = Site::tls(ClientAuth::Optional);
    site.partner("shop-1", vec![cn("shop-1")]);
    site.route("echo").partner = None;
    let known = site.authority.vouch("shop-1");
    let unknown = site.authority.vouch("shop-9");
    let served = site.serve();
    let status = async |identity, path| served.tls_caller(identity, false).post(path, "x").await.status;
    assert_eq!(status(Some(&known), "/echo").await, 200);
    assert_eq!(status(None, "/echo").await, 401);
    assert_eq!(status(Some(&unknown), "/echo").await, 401);
    assert_eq!(status(None, "/tag").await, 500);
    assert_eq!(status(Some(&unknown), "/tag").await, 401);
}

#[tokio::test]
async fn a_partner_is_known_by_its_key_where_no_certificate_is_asked_for() {
    let mut site = Site::tls(ClientAuth::None);
    site.partner("shop-1", vec![key("secret")]);
    site.route("echo").partner = None;
    let served = site.serve();
    let caller = served.tls_caller(None, true);
    let status = async |name: &str, value: &str| {
        let request = caller.request(Method::POST, "/echo").header(name, value);
        caller.send(request.body(Full::from("x")).unwrap()).await.status
    };
    assert_eq!(status("x-api-key", "secret").await, 200);
    assert_eq!(status("authorization", "Bearer secret").await, 200);
    assert_eq!(status("authorization", "Bearer wrong").await, 401);
    assert_eq!(status("authorization", "Basic c2VjcmV0").await, 401);
    let refused = caller.post("/echo", "x").await;
    assert_eq!((refused.status, &refused.headers["www-authenticate"] == "Bearer"), (401, true));
    assert_eq!(refused.headers["content-type"], "application/problem+json");
}

#[tokio::test]
async fn a_request_finds_its_route_or_hears_why_not() {
    let mut site = Site::plain();
    site.route("echo").methods = vec![Method::POST, Method::PUT];
    site.options.listeners.push(ListenerOptions { name: "other".into(), tls: None });
    site.route("upper").listeners = vec!["other".into()];
    let served = site.serve();
    let caller = served.caller();
    assert_eq!(caller.post("/echo/deeper?a=b", "four").await.body.split(' ').next(), Some("/echo/deeper?a=b"));
    assert_eq!(caller.post("/nowhere", "").await.status, 404);
    let wrong_method = caller.get("/echo").await;
    assert_eq!((wrong_method.status, &wrong_method.headers["allow"]), (405, &"POST, PUT".parse().unwrap()));
    assert_eq!(caller.post("/upper", "").await.status, 421);
    assert_eq!(caller.post("/x/%2e%2e/echo", "").await.status, 400);
}
