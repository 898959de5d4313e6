//! What a configuration may say of who may call, and by what.

use super::*;

#[test]
fn a_route_says_who_may_call() {
    use tallygate_front::Callers;
    let callers = |line: &str| {
        let config = load(&WHOLE.replacen("methods = [\"POST\"]", line, 1)).unwrap();
        config.front.routes[0].callers.clone()
    };
    assert_eq!(callers(""), Callers::Partners);
    assert_eq!(callers("callers = \"partners\""), Callers::Partners);
    assert_eq!(callers("callers = \"anyone\""), Callers::Anyone);
    assert_eq!(callers("callers = [\"shop-1\"]"), Callers::Named(vec!["shop-1".into()]));
    let from = "methods = [\"POST\"]";
    assert_told(&[
        (
            from,
            "callers = \"shop-1\"",
            15,
            "routes[0].callers: \"shop-1\" is no rule: \"partners\", \"anyone\" or a list such as [\"shop-1\"] would be",
        ),
        (from, "callers = 7", 15, "routes[0].callers: is integer, must be a string"),
        (
            from,
            "callers = [\"shop-2\"]",
            15,
            "routes[0].callers[0]: there is no partner or group \"shop-2\", known: \"shop-1\"",
        ),
        (from, "callers = []", 15, "routes[0].callers: names nobody"),
    ]);
}

#[test]
fn a_partner_has_credentials_groups_and_keys() {
    let hash = "00".repeat(32);
    let from = "certificate = { subject_cn = \"shop-1\" }";
    let list = format!(
        "groups = [\"tills\"]\nkeys = {{ exact = [\"HR1\"], prefix = [\"shop-1/\"] }}\ncredentials = [\n  {{ certificate = \
         {{ subject_cn = \"shop-1\", ca = \"certs/partners-ca.pem\" }} }},\n  {{ certificate = {{ sha256 = \"{hash}\" }} \
         }},\n  {{ api_key_sha256 = \"{hash}\" }},\n]"
    );
    let config = load(&WHOLE.replacen(from, &list, 1)).unwrap();
    let partner = &config.front.partners[0];
    assert_eq!((partner.credentials.len(), &*partner.groups), (3, &["tills".to_owned()][..]));
    let keys = partner.keys.clone().unwrap();
    assert_eq!((keys.exact, keys.prefix), (vec!["HR1".to_owned()], vec!["shop-1/".to_owned()]));
    let listed = |item: &str| format!("credentials = [{item}]");
    assert_told(&[
        (from, &format!("{from}\napi_key_sha256 = \"{hash}\""), 8, "partners[0]: has a certificate and an API key"),
        (from, &format!("{from}\ncredentials = []"), 8, "partners[0]: has \"credentials\" and a credential beside"),
        (from, &listed("{}"), 10, "partners[0].credentials[0]: needs \"certificate\" or \"api_key_sha256\""),
        (
            from,
            &listed("{ api_key_sha256 = \"12\" }"),
            10,
            "partners[0].credentials[0].api_key_sha256: must be a SHA-256",
        ),
        (
            from,
            &listed("{ certificate = { subject_cn = \"x\", ca = \"certs/jir.key\" } }"),
            10,
            "partners[0].credentials[0].certificate.ca: ",
        ),
        (
            from,
            &listed(&format!("{{ certificate = {{ sha256 = \"{hash}\", ca = \"certs/server-ca.pem\" }} }}")),
            10,
            "partners[0].credentials[0].certificate: has \"ca\" beside \"sha256\"",
        ),
        (from, &format!("{from}\nkeys = {{}}"), 11, "partners[0].keys: has no key"),
        (
            from,
            &format!("{from}\nkeys = {{ prefix = [\"\"] }}"),
            11,
            "partners[0].keys.prefix[0]: must have 1 to 256 bytes",
        ),
    ]);
}

#[test]
fn an_authority_that_no_listener_asks_is_told() {
    let from = "certificate = { subject_cn = \"shop-1\" }";
    let with = |ca: &str| format!("certificate = {{ subject_cn = \"shop-1\", ca = \"certs/{ca}.pem\" }}");
    assert!(load(&WHOLE.replacen(from, &with("partners-ca"), 1)).is_ok());
    assert_told(&[(
        from,
        &with("server-ca"),
        10,
        "partners[0].certificate.ca: is not among the authorities of any listener's \"client_ca\"",
    )]);
}

#[test]
fn an_administration_that_nobody_gets_into_is_told() {
    let users = "users = [{ name = \"operator\", password_hash = \"${file:certs/operator.hash}\" }]";
    assert!(load(&WHOLE.replacen(users, "token = \"at-least-sixteen-bytes\"", 1)).is_ok());
    for none in ["", "users = []", "tokens = []"] {
        assert_told(&[(users, none, 31, "admin: has neither users nor tokens, so nobody could get in")]);
    }
}

#[test]
fn a_route_says_which_pages_may_call() {
    let from = "methods = [\"POST\"]";
    let with = |cors: &str| format!("{from}\ncors = {{ {cors} }}");
    let whole = with(
        "origins = [\"https://shop.example\"], methods = [\"POST\"], headers = [\"X-Api-Key\"], max_age = \"10 min\", credentials = true",
    );
    let cors = load(&WHOLE.replacen(from, &whole, 1)).unwrap().front.routes[0].cors.clone().unwrap();
    assert_eq!((cors.max_age, cors.credentials), (Some(Duration::from_secs(600)), true));
    assert_eq!(cors.headers, ["x-api-key"]);
    assert_told(&[
        (from, &with(""), 16, "routes[0].cors: needs \"origins\""),
        (from, &with("origins = [\"shop.example\"]"), 16, "routes[0].cors.origins[0]: \"shop.example\" is no origin"),
        (
            from,
            &with("origins = [\"*\"], headers = [\"a b\"]"),
            16,
            "routes[0].cors.headers[0]: \"a b\" is no header field",
        ),
        (
            from,
            &with("origins = [\"*\"], methods = [\"PUT\"]"),
            16,
            "routes[0].cors.methods[0]: the route does not take PUT",
        ),
    ]);
}
