//! What is wrong with options is said all at once, each by the key that the configuration has it under.

use http::Method;
use tallygate_front::{Callers, ClientAuth, Front, FrontError, ListenerOptions, Metrics, RouteOptions};

use crate::site::{PARTS, Site, cn, key};

#[test]
fn every_problem_is_found_and_named_by_its_key() {
    let mut site = Site::tls(ClientAuth::Required);
    site.partner("shop 1", vec![key("secret")]);
    site.partner("shop-2", vec![key("secret")]);
    site.partner("shop-2", vec![]);
    let options = &mut site.options;
    let mut no_ca = options.listeners[0].clone();
    if let Some(tls) = &mut no_ca.tls {
        (tls.client_ca, tls.key) = (None, b"nonsense".to_vec());
    }
    options.listeners.push(ListenerOptions { name: "other".into(), ..no_ca.clone() });
    if let Some(tls) = &mut no_ca.tls {
        tls.client_auth = ClientAuth::None;
    }
    options.listeners.push(ListenerOptions { name: "other".into(), ..no_ca });
    options.upstreams.push(tallygate_front::UpstreamOptions {
        name: "erp".into(),
        targets: vec!["http://a:1".parse().unwrap(), "http://a:1/path".parse().unwrap()],
        response_time: None,
        ca: Some(b"nonsense".to_vec()),
    });
    options.routes = vec![
        RouteOptions { name: "first".into(), path: "/a".into(), policies: vec!["echo".into()], ..Default::default() },
        RouteOptions {
            name: "first".into(),
            path: "/a/".into(),
            methods: vec![Method::POST, "Post".parse().unwrap()],
            ..Default::default()
        },
        RouteOptions {
            name: "lost".into(),
            path: "b".into(),
            listeners: vec!["main".into(), "mian".into()],
            partner: Some("till-2".into()),
            policies: vec!["echo@12345678".into(), "ecko".into()],
            upstream: Some("nothing-like-it".into()),
            ..Default::default()
        },
        RouteOptions {
            name: "odd".into(),
            path: "/a/../b".into(),
            host: Some("x:8443".into()),
            upstream: Some("erp".into()),
            ..Default::default()
        },
    ];
    let problems = Front::check(options, &PARTS);
    let said: Vec<String> = problems.iter().map(ToString::to_string).collect();
    let begins = [
        "listeners[2].name: \"other\" stands twice, each name must be its own",
        "partners[1].name: must be 1 to 64 letters, digits, dots, hyphens and underscores",
        "partners[3].name: \"shop-2\" stands twice",
        "routes[1].name: \"first\" stands twice",
        "listeners[1].tls.client_auth: needs \"client_ca\"",
        "listeners[2].tls.key: must be a private key in PEM",
        "partners[2].api_key_sha256: has a credential of partner \"shop 1\"",
        "upstreams.erp.targets[1]: \"http://a:1/path\" is no target, such as http://127.0.0.1:9000",
        "upstreams.erp.ca: must hold at least one certificate in PEM",
        "routes[1].methods[1]: \"Post\" is no method, such as \"POST\"",
        "routes[1]: needs \"policies\" or \"upstream\"",
        "routes[1]: clashes with route \"first\": same path \"/a/\"",
        "routes[2].path: \"b\" must begin with \"/\"",
        "routes[2].listeners[1]: there is no listener \"mian\", known: \"main\"",
        "routes[2].policies[1]: there is no policy \"ecko\", known: \"echo\"",
        "routes[2].partner: there is no partner \"till-2\", known: \"till\"",
        "routes[2].upstream: there is no upstream \"nothing-like-it\", known: erp",
        "routes[3].path: \"/a/../b\" must be plain, such as \"/invoices\"",
        "routes[3].host: \"x:8443\" is no host that a request can name: \"x\" would be right",
    ];
    assert_eq!(said.len(), begins.len(), "{said:#?}");
    for (said, begin) in said.iter().zip(begins) {
        assert!(said.starts_with(begin), "{said} is not {begin}");
    }
}

#[test]
fn a_front_is_not_built_from_what_the_check_refuses() {
    let mut site = Site::plain();
    site.route("echo").path = "echo".into();
    let metrics = Metrics::register(&mut site.registry);
    let built = Front::new(&site.options, site.queue.clone(), &site.registry(&metrics), &metrics);
    assert!(matches!(built, Err(FrontError::Options(problems)) if problems == Front::check(&site.options, &PARTS)));
    assert!(!site.options.journal.exists());
}

#[test]
fn certificates_that_no_listener_asks_for_are_told() {
    let never_shown = |client_auth: Option<ClientAuth>| {
        let mut site = client_auth.map_or_else(Site::plain, Site::tls);
        site.partner("shop", vec![key("shop"), cn("shop")]);
        site.options.never_shown().iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    for client_auth in [ClientAuth::Optional, ClientAuth::Required] {
        assert_eq!(never_shown(Some(client_auth)), [""; 0]);
    }
    for client_auth in [None, Some(ClientAuth::None)] {
        let told = never_shown(client_auth);
        let begins = "partners[1].certificate: is never shown, as no listener asks for certificates";
        assert!(told.len() == 1 && told[0].starts_with(begins), "{told:?}");
    }
}

#[test]
fn what_is_open_to_anyone_is_listed() {
    let mut site = Site::tls(ClientAuth::Optional);
    site.partner("shop", vec![key("shop")]);
    let named = |name: &str, callers, partner: Option<&str>, listeners: &[&str]| RouteOptions {
        name: name.into(),
        path: format!("/{name}"),
        host: Some("shop.example".into()).filter(|_| name == "anyone"),
        callers,
        partner: partner.map(Into::into),
        listeners: listeners.iter().map(|&listener| listener.into()).collect(),
        policies: vec!["echo".into()],
        ..RouteOptions::default()
    };
    let tls = site.options.listeners[0].tls.clone().unwrap();
    let required = Some(tallygate_front::TlsOptions { client_auth: ClientAuth::Required, ..tls });
    site.options.listeners.push(ListenerOptions { name: "strict".into(), tls: required });
    site.options.routes = vec![
        named("partners", Callers::Partners, None, &[]),
        named("listed", Callers::Named(vec!["till".into(), "shop".into()]), None, &[]),
        named("anyone", Callers::Anyone, None, &[]),
        named("till", Callers::Partners, Some("till"), &["main", "strict"]),
        named("strict-till", Callers::Partners, Some("till"), &["strict"]),
        named("strict-anyone", Callers::Anyone, None, &["strict"]),
    ];
    assert_eq!(Front::check(&site.options, &PARTS), []);
    let listed: Vec<_> = site.options.open_routes().iter().map(ToString::to_string).collect();
    assert_eq!(
        listed,
        [
            "open to anyone: route \"anyone\", host shop.example, path /anyone",
            "open to anyone: route \"till\", host any, path /till, as partner \"till\"",
            "open to anyone: route \"strict-anyone\", host any, path /strict-anyone, with a certificate of client_ca",
        ]
    );
}
