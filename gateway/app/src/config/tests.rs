//! What a configuration may say, and how its mistakes are told.

use super::*;

/// A folder with every file that the example names.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for file in
        ["certs/gateway.pem", "certs/gateway.key", "certs/partners-ca.pem", "certs/jir.key", "policies/json.wasm"]
    {
        let path = folder.path().join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, "x").unwrap();
    }
    folder
}

const WHOLE: &str = r#"time_zone = "Europe/Zagreb"

[[listeners]]
name = "partners"
address = "127.0.0.1:8443"
tls = { certificate = "certs/gateway.pem", key = "certs/gateway.key", client_ca = "certs/partners-ca.pem", client_auth = "required" }

[[partners]]
name = "shop-1"
certificate = { subject_cn = "shop-1" }

[[routes]]
name = "transactions"
path = "/v1/transactions"
methods = ["POST"]
policies = ["json"]

[policies.json]
component = "policies/json.wasm"
limits = { memory = "16 MiB", time = "1 s" }
config = { amount = "/value", depth = 3 }

[stream]
backend = "kafka"
brokers = ["127.0.0.1:9092"]
properties = { "security.protocol" = "ssl", "linger.ms" = 5 }

[aggregator]
flush_every = "20 ms"
"#;

fn load(text: &str) -> Result<Config, Vec<Problem>> {
    Config::parse(&folder().keep().join("tallygate.toml"), text)
}

/// The lines and texts of all problems, after one change of the whole example.
fn problems(from: &str, to: &str) -> Vec<(usize, String)> {
    assert!(WHOLE.contains(from), "{from}");
    let problems = load(&WHOLE.replacen(from, to, 1)).unwrap_err();
    problems.into_iter().map(|p| (p.line, format!("{}: {}", p.key, p.message))).collect()
}

#[test]
fn reads_a_whole_file_with_defaults_where_it_is_silent() {
    let config = load(WHOLE).unwrap();
    assert_eq!((config.aggregator.horizon_days, config.limits.body_size), (7, 8 << 20));
    assert!(matches!(config.queue, QueueConfig::Embedded));
    assert_eq!(config.policies[0].config, serde_json::json!({ "amount": "/value", "depth": 3 }));
    let StreamConfig::Kafka(kafka) = config.stream else { panic!("kafka was chosen") };
    assert_eq!((kafka.topic.as_str(), kafka.properties["linger.ms"].as_str()), ("tallygate.transactions", "5"));
}

#[test]
fn names_the_line_and_what_would_be_right() {
    let cases = [
        ("flush_every", "flush_evry", 29, "aggregator.flush_evry: is no known key here, known: \"flush_every\""),
        ("20 ms", "20", 29, "aggregator.flush_every: \"20\" is no time"),
        ("16 MiB", "16 MB", 20, "policies.json.limits.memory: \"16 MB\" is no size"),
        ("certs/gateway.key", "certs/absent.key", 6, "listeners[0].tls.key: there is no file"),
        (
            "policies = [\"json\"]",
            "policies = [\"jsn\"]",
            16,
            "routes[0].policies: there is no policy \"jsn\", known: \"json\"",
        ),
        ("127.0.0.1:8443", "localhost", 5, "listeners[0].address: \"localhost\" is no address"),
        ("Europe/Zagreb", "Europe/Zagrb", 1, "time_zone: must be an IANA time zone"),
        ("\"kafka\"", "\"kafak\"", 24, "stream.backend: \"kafak\" is no backend here"),
        ("name = \"shop-1\"", "name = 7", 9, "partners[0].name: is integer, must be a string"),
        ("name = \"shop-1\"\n", "", 8, "partners[0]: \"name\" is missing"),
    ];
    for (from, to, line, text) in cases {
        let problems = problems(from, to);
        assert!(
            problems.iter().any(|(at, problem)| *at == line && problem.starts_with(text)),
            "{from} -> {to}: {problems:?}"
        );
    }
}

#[test]
fn reports_every_problem_at_once() {
    let text = WHOLE.replacen("20 ms", "20", 1).replacen("127.0.0.1:8443", "localhost", 1);
    assert_eq!(load(&text).unwrap_err().len(), 2);
}

#[test]
fn reports_a_file_that_is_no_toml_by_line() {
    assert_eq!(load("a = 1\nb = = 2\n").unwrap_err()[0].line, 2);
}

#[test]
fn refuses_routes_that_clash() {
    let twice = "[policies.json]";
    let other = "[[routes]]\nname = \"again\"\npath = \"/v1/transactions/\"\npolicies = [\"json\"]\n\n[policies.json]";
    let problems = problems(twice, other);
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert!(problems[0].1.contains("clashes with route \"transactions\""), "{problems:?}");
}

#[test]
fn rule_15_refuses_roles_that_would_split_an_embedded_backend() {
    let config = load(WHOLE).unwrap();
    let check = |roles: &str| roles.parse::<Roles>().unwrap().check(&config);
    assert!(check("gateway,shipper,aggregator,console").is_ok());
    assert!(check("gateway").unwrap_err().contains("embedded queue"));
    assert!(check("aggregator").unwrap_err().contains("embedded sums"));
    assert!("gatway".parse::<Roles>().is_err());
}

#[test]
fn the_example_that_documents_every_key_is_good() {
    let text = include_str!("../../../../tallygate.example.toml");
    let folder = tempfile::tempdir().unwrap();
    crate::certs::make(&folder.path().join("certs"), &[]).unwrap();
    std::fs::create_dir_all(folder.path().join("policies")).unwrap();
    for policy in ["policies/json.wasm", "policies/hr-racun.wasm"] {
        std::fs::write(folder.path().join(policy), "x").unwrap();
    }
    let config = Config::parse(&folder.path().join("tallygate.toml"), text).unwrap();
    assert_eq!((config.partners.len(), config.routes.len(), config.policies.len()), (3, 3, 2));
    let silent = Config::parse(&folder.path().join("tallygate.toml"), "").unwrap();
    assert_eq!(config.limits, silent.limits, "the example shows the defaults");
}
