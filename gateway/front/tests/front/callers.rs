//! Who may call which route, and what of a caller's credentials goes on to policies and upstreams.

use http::Method;
use http_body_util::Full;
use tallygate_front::{Callers, ClientAuth, Credential, Front, KeyOptions, ListenerOptions, PartnerOptions};

use crate::proxy::upstream;
use crate::site::{Authority, Caller, PARTS, Served, Site, cn, key, line};

/// Partners with keys: `shop-1` of the group `shops` with the key `one`, `shop-2` with `two`.
fn with_shops(mut site: Site) -> Site {
    site.partner("shop-1", vec![key("one")]);
    site.last_partner().groups = vec!["shops".into()];
    site.partner("shop-2", vec![key("two")]);
    site
}

async fn sent(caller: &Caller, path: &str, fields: &[(&str, &str)]) -> (u16, String) {
    let request =
        fields.iter().fold(caller.request(Method::POST, path), |request, (name, value)| request.header(*name, *value));
    let answer = caller.send(request.body(Full::from("x")).unwrap()).await;
    (answer.status, answer.body)
}

async fn proxy_for(callers: Callers, policies: &[&str]) -> Served {
    let mut site = with_shops(Site::plain());
    site.proxy("/", policies, &[upstream("a").await]);
    site.last_route().callers = callers;
    site.serve()
}

#[tokio::test]
async fn a_proxy_route_is_for_partners_unless_it_says_anyone() {
    let served = proxy_for(Callers::default(), &[]).await;
    let caller = served.caller();
    assert_eq!(sent(&caller, "/", &[]).await.0, 401);
    assert_eq!(sent(&caller, "/", &[("x-api-key", "wrong")]).await.0, 401);
    assert_eq!(sent(&caller, "/", &[("authorization", "Bearer wrong")]).await.0, 401);
    assert_eq!(sent(&caller, "/", &[("authorization", "Basic b25l")]).await.0, 401);
    assert_eq!(sent(&caller, "/", &[("x-api-key", "one")]).await.0, 200);
    assert_eq!(sent(&caller, "/", &[("authorization", "Bearer  two")]).await.0, 200);
    let served = proxy_for(Callers::Anyone, &[]).await;
    let caller = served.caller();
    for fields in [&[][..], &[("x-api-key", "wrong")], &[("authorization", "Bearer wrong")], &[("x-api-key", "one")]] {
        assert_eq!(sent(&caller, "/", fields).await.0, 200, "{fields:?}");
    }
}

#[tokio::test]
async fn a_partner_that_the_route_does_not_list_is_403_and_hears_of_the_rule() {
    let mut site = with_shops(Site::plain());
    let queue = site.queue.clone();
    (site.route("accept").callers, site.route("accept").partner) = (Callers::Named(vec!["shops".into()]), None);
    let served = site.serve();
    let caller = served.caller();
    let refused = sent(&caller, "/accept", &[("x-api-key", "two")]).await;
    assert!(refused.0 == 403 && refused.1.contains("caller-not-allowed"), "{refused:?}");
    assert!(refused.1.contains(r#"not among the callers of route \"accept\""#), "{refused:?}");
    assert_eq!(sent(&caller, "/accept", &[]).await.0, 401);
    assert_eq!(queue.messages.lock().unwrap().len(), 0);
    let request = caller.request(Method::POST, "/accept").header("x-api-key", "one");
    assert_eq!(caller.send(request.body(Full::from(line("1", "1"))).unwrap()).await.status, 202);
}

#[tokio::test]
async fn the_credential_that_was_used_goes_no_further_and_every_other_does() {
    for callers in [Callers::Partners, Callers::Anyone] {
        let served = proxy_for(callers, &["tag"]).await;
        let caller = served.caller();
        let told = async |fields: &[(&str, &str)]| {
            let (status, body) = sent(&caller, "/", fields).await;
            assert_eq!(status, 200, "{body}");
            body
        };
        let both = told(&[("x-api-key", "one"), ("authorization", "Bearer one")]).await;
        assert!(!both.contains("x-api-key") && !both.contains("authorization"), "{both}");
        let theirs = told(&[("x-api-key", "for-the-upstream"), ("authorization", "Bearer one")]).await;
        assert!(theirs.contains("x-api-key=for-the-upstream") && !theirs.contains("authorization"), "{theirs}");
        let theirs = told(&[("x-api-key", "one"), ("authorization", "Basic dXBzdHJlYW0=")]).await;
        assert!(theirs.contains("authorization=Basic dXBzdHJlYW0=") && !theirs.contains("x-api-key"), "{theirs}");
    }
    let served = proxy_for(Callers::Anyone, &[]).await;
    let told = sent(&served.caller(), "/", &[("authorization", "Bearer for-the-upstream")]).await.1;
    assert!(told.contains("authorization=Bearer for-the-upstream"), "{told}");
}

#[tokio::test]
async fn a_policy_sees_no_key_of_a_partner_and_what_it_sets_for_the_upstream_stays() {
    let served = proxy_for(Callers::Partners, &["mediate"]).await;
    let caller = served.caller();
    for used in [("authorization", "Bearer one"), ("x-api-key", "one")] {
        let told = sent(&caller, "/", &[used]).await.1;
        assert!(told.contains("authorization=Bearer mediated") && !told.contains("x-api-key"), "{told}");
        assert!(told.contains("x-seen=none"), "the policy saw {told}");
    }
}

#[tokio::test]
async fn a_refusal_that_a_policy_words_shows_it_no_key_either() {
    let served = with_shops(Site::plain()).serve();
    let refused =
        sent(&served.caller(), "/soap-headers", &[("x-api-key", "one"), ("authorization", "Bearer two")]).await;
    assert!(refused == (500, "fault 403 two-partners nobody none".into()), "{refused:?}");
}

#[tokio::test]
async fn a_partner_counts_under_its_own_keys_alone() {
    let mut site = with_shops(Site::plain());
    let queue = site.queue.clone();
    site.last_partner().keys = Some(KeyOptions { exact: vec!["other".into()], prefix: vec!["shop-2/".into()] });
    let served = site.serve();
    let caller = served.caller();
    let post = async |key: &str| {
        let request = caller.request(Method::POST, "/accept").header("x-api-key", key);
        caller.send(request.body(Full::from(line("1", "1"))).unwrap()).await
    };
    let refused = post("two").await;
    assert_eq!(refused.status, 422, "{}", refused.body);
    assert!(refused.body.contains(r#""field":"transactions/0/key""#), "{}", refused.body);
    assert!(refused.body.contains(r#"is \"k\""#), "{}", refused.body);
    assert_eq!(queue.messages.lock().unwrap().len(), 0, "it is refused before the queue");
    assert_eq!(post("one").await.status, 202);
}

#[tokio::test]
async fn a_common_name_counts_only_where_the_authority_that_it_is_bound_to_vouches_for_it() {
    let mut site = Site::tls(ClientAuth::Required);
    let lax = Authority::new("lax");
    let tls = site.options.listeners[0].tls.clone().unwrap();
    let both = [site.authority.pem(), lax.pem()].concat();
    site.options.listeners[0].tls = Some(tallygate_front::TlsOptions { client_ca: Some(both.into_bytes()), ..tls });
    let ca = Some(site.authority.pem().into_bytes());
    site.partner("shop-1", vec![Credential::SubjectCn { cn: "shop".into(), ca }]);
    site.partner("shop-2", vec![Credential::SubjectCn { cn: "shop".into(), ca: Some(lax.pem().into_bytes()) }]);
    site.partner("shop-3", vec![Credential::SubjectCn { cn: "own".into(), ca: Some(lax.pem().into_bytes()) }]);
    for part in ["context", "echo"] {
        site.route(part).partner = None;
    }
    let identities = [site.authority.vouch("shop"), lax.vouch("shop"), site.authority.vouch("own"), lax.vouch("own")];
    let queue = site.queue.clone();
    site.route("accept").partner = None;
    let served = site.serve();
    let mut seen = Vec::new();
    for identity in &identities {
        let answer = served.tls_caller(Some(identity), false).post("/accept", line("1", "1")).await;
        let partner = (answer.status == 202).then(|| {
            let message = queue.messages.lock().unwrap().last().unwrap().clone();
            let text = String::from_utf8(message.to_vec()).unwrap();
            text.split(r#""partner":""#).nth(1).unwrap().split('"').next().unwrap().to_owned()
        });
        seen.push((answer.status, partner));
    }
    let partner = |name: &str| (202, Some(name.to_owned()));
    assert_eq!(seen, [partner("shop-1"), partner("shop-2"), (401, None), partner("shop-3")]);
}

#[test]
fn a_common_name_without_its_authority_is_refused_where_listeners_ask_several() {
    let mut site = Site::tls(ClientAuth::Required);
    site.partner("shop-1", vec![cn("shop-1")]);
    assert_eq!(Front::check(&site.options, &PARTS), [], "one authority is enough said");
    let mut tls = site.options.listeners[0].tls.clone().unwrap();
    site.options.listeners.push(ListenerOptions { name: "again".into(), tls: Some(tls.clone()) });
    assert_eq!(Front::check(&site.options, &PARTS), [], "the same authority twice is one");
    tls.client_ca = Some(Authority::new("lax").pem().into_bytes());
    site.options.listeners.push(ListenerOptions { name: "lax".into(), tls: Some(tls) });
    let told = Front::check(&site.options, &PARTS);
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(told[0].key, "partners[1].certificate");
    assert!(told[0].message.starts_with("needs \"ca\", as the listeners' client_ca are 2 authorities"), "{}", told[0]);
    let ca = Some(site.authority.pem().into_bytes());
    site.last_partner().credentials = vec![Credential::SubjectCn { cn: "shop-1".into(), ca: ca.clone() }];
    assert_eq!(Front::check(&site.options, &PARTS), []);
    let again = vec![Credential::SubjectCn { cn: "shop-1".into(), ca }];
    site.options.partners.push(PartnerOptions { name: "b".into(), credentials: again, ..PartnerOptions::default() });
    assert!(Front::check(&site.options, &PARTS)[0].message.contains("has a credential of partner \"shop-1\""));
    let nonsense = vec![Credential::SubjectCn { cn: "x".into(), ca: Some(b"nonsense".to_vec()) }];
    site.last_partner().credentials = nonsense;
    assert_eq!(Front::check(&site.options, &PARTS)[0].key, "partners[2].credentials[0].certificate.ca");
}

#[tokio::test]
async fn any_of_a_partners_credentials_suffices_so_that_each_can_be_changed() {
    let mut site = Site::tls(ClientAuth::Optional);
    let by_cn = site.authority.vouch("shop-1");
    site.partner("shop-1", vec![cn("shop-1"), key("old"), key("new")]);
    site.last_partner().short_form = false;
    site.route("echo").partner = None;
    let served = site.serve();
    assert_eq!(served.tls_caller(Some(&by_cn), false).post("/echo", "x").await.status, 200);
    let caller = served.tls_caller(None, false);
    for (key, status) in [("old", 200), ("new", 200), ("older", 401)] {
        assert_eq!(sent(&caller, "/echo", &[("x-api-key", key)]).await.0, status, "{key}");
    }
}
