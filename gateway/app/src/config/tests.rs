//! What a configuration may say, and how its mistakes are told.

mod who;

use std::sync::LazyLock;

use tallygate_console::admin::Role;

use super::*;

/// A folder with every file that the examples name.
static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap().keep();
    crate::certs::make(&folder.join("certs"), &[]).unwrap();
    std::fs::create_dir_all(folder.join("policies")).unwrap();
    for file in ["policies/json.wasm", "policies/hr-racun.wasm", "short.key"] {
        std::fs::write(folder.join(file), "x").unwrap();
    }
    folder
});

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
limits = { memory = "16 MiB", time = "1 s", sign_size = "96 KiB" }
config = { amount = "/value", depth = 3 }

[stream]
backend = "kafka"
brokers = ["127.0.0.1:9092"]
properties = { "security.protocol" = "ssl", "linger.ms" = 5 }

[aggregator]
flush_every = "20 ms"

[admin]
address = "127.0.0.1:9443"
tls = { certificate = "certs/gateway.pem", key = "certs/gateway.key" }
users = [{ name = "operator", password_hash = "${file:certs/operator.hash}" }]
"#;

fn load(text: &str) -> Result<Config, Vec<Problem>> {
    Config::parse(&FOLDER.join("tallygate.toml"), text)
}

/// The lines and texts of all problems, after one change of the whole example.
fn problems(from: &str, to: &str) -> Vec<(usize, String)> {
    assert!(WHOLE.contains(from), "{from}");
    let problems = load(&WHOLE.replacen(from, to, 1)).expect_err(to);
    problems.into_iter().map(|p| (p.line, format!("{}: {}", p.key, p.message))).collect()
}

/// That each change of the example is told with this line, key and beginning of a message, and as nothing else.
fn assert_told(cases: &[(&str, &str, usize, &str)]) {
    for (from, to, line, text) in cases {
        let problems = problems(from, to);
        let told = |(at, problem): &(usize, String)| at == line && problem.starts_with(text);
        assert!(problems.len() == 1 && problems.iter().all(told), "{from} -> {to}: {problems:?}");
    }
}

#[test]
fn reads_a_whole_file_with_defaults_where_it_is_silent() {
    let config = load(WHOLE).unwrap();
    assert_eq!((config.plan.horizon_days, config.front.limits.body_bytes), (7, 8 << 20));
    assert!(matches!(config.queue, QueueOptions::Embedded(_)));
    assert_eq!(config.policies.policies[0].config_json, r#"{"amount":"/value","depth":3}"#);
    let limits = config.policies.policies[0].limits;
    assert_eq!((limits.memory, limits.sign_bytes), (16 << 20, 96 << 10));
    let StreamOptions::Kafka(kafka) = config.stream else { panic!("kafka was chosen") };
    assert_eq!((kafka.topic.as_str(), kafka.properties["linger.ms"].as_str()), ("tallygate.transactions", "5"));
}

#[test]
fn names_the_line_and_what_would_be_right() {
    assert_told(&[
        (
            "flush_every",
            "flush_evry",
            29,
            "aggregator.flush_evry: is no known key here, perhaps \"flush_every\" was meant; known: compare_every, flush_every, future_days, horizon_days",
        ),
        (
            "memory = \"16 MiB\"",
            "memroy = \"16 MiB\"",
            20,
            "policies.json.limits.memroy: is no known key here, perhaps \"memory\" was meant; known: memory, sign_size, time",
        ),
        ("20 ms", "20", 29, "aggregator.flush_every: \"20\" is no time"),
        ("20 ms", "0 ms", 29, "aggregator.flush_every: must be a time from \"1 ms\" to \"1 min\""),
        ("20 ms", "61 s", 29, "aggregator.flush_every: must be a time from \"1 ms\" to \"1 min\""),
        (
            "flush_every = \"20 ms\"",
            "compare_every = \"1 ms\"",
            29,
            "aggregator.compare_every: must be a time from \"1 s\" to \"1 d\"",
        ),
        ("16 MiB", "16 MB", 20, "policies.json.limits.memory: \"16 MB\" is no size"),
        ("certs/gateway.key", "certs/absent.key", 6, "listeners[0].tls.key: there is no file"),
        (
            "policies = [\"json\"]",
            "policies = [\"jsn\"]",
            16,
            "routes[0].policies[0]: there is no policy \"jsn\", known: \"json\"",
        ),
        ("127.0.0.1:8443", "localhost", 5, "listeners[0].address: \"localhost\" is no address"),
        ("Europe/Zagreb", "Europe/Zagrb", 1, "time_zone: must be an IANA time zone"),
        ("\"kafka\"", "\"kafak\"", 24, "stream.backend: \"kafak\" is no backend here"),
        ("name = \"shop-1\"", "name = 7", 9, "partners[0].name: is integer, must be a string"),
        ("name = \"shop-1\"\n", "", 8, "partners[0]: \"name\" is missing"),
        ("name = \"shop-1\"", "name = \"shop 1\"", 9, "partners[0].name: must be 1 to 64"),
        ("path = \"/v1", "path = \"v1", 14, "routes[0].path: "),
        (", client_ca = \"certs/partners-ca.pem\"", "", 6, "listeners[0].tls.client_auth: needs \"client_ca\""),
        ("client_auth = \"required\"", "client_auth = \"none\"", 10, "partners[0].certificate: is never shown"),
        (
            "[stream]",
            "[upstreams.a]\ntargets = [\"http://a:99999\"]\n\n[stream]",
            24,
            "upstreams.a.targets[0]: \"http://a:99999/\" is no target",
        ),
    ]);
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
    let other = "[[routes]]\nname = \"again\"\npath = \"/v1/transactions/\"\nmethods = [\"POST\"]\npolicies = [\"json\"]\n\n[policies.json]";
    let problems = problems(twice, other);
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert!(problems[0].1.contains("clashes with route \"transactions\""), "{problems:?}");
}

#[test]
fn refuses_certificates_and_keys_that_are_none_or_do_not_go_together() {
    let admin = "[admin]\naddress = \"127.0.0.1:9443\"\ntls = { certificate = \"certs/gateway.pem\", key = \"certs/";
    assert_told(&[
        ("certs/gateway.pem", "policies/json.wasm", 6, "listeners[0].tls.certificate: "),
        ("certs/gateway.key", "certs/partners-ca.key", 6, "listeners[0].tls.certificate: certificate and key do not"),
        ("certs/partners-ca.pem", "certs/jir.key", 6, "listeners[0].tls.client_ca: "),
        (&format!("{admin}gateway.key"), &format!("{admin}jir.key"), 33, "admin.tls.key: must be a private key in PEM"),
        (
            &format!("{admin}gateway.key"),
            &format!("{admin}server-ca.key"),
            33,
            "admin.tls.certificate: certificate and key do not go together",
        ),
    ]);
}

#[test]
fn refuses_people_without_the_hash_of_a_password() {
    assert_told(&[(
        "${file:certs/operator.hash}",
        "secret",
        34,
        "admin.users[0].password_hash: must be an argon2 hash",
    )]);
}

#[test]
fn refuses_keys_of_policies_that_are_none() {
    let key = "limits = { memory = \"16 MiB\", time = \"1 s\", sign_size = \"96 KiB\" }";
    let with = |file: &str| format!("keys = {{ reply = \"{file}\" }}\n{key}");
    assert_told(&[
        (key, &with("short.key"), 20, "policies.json.keys.reply: it is neither PEM nor long enough for HMAC"),
        (key, &with("certs/gateway.key"), 20, "policies.json.keys.reply: no certificate in it"),
    ]);
}

#[test]
fn refuses_options_of_servers_that_cannot_work() {
    let queue = |url: &str, more: &str| format!("[queue]\nbackend = \"amqp\"\nurl = \"{url}\"\n{more}\n[aggregator]");
    let sums = |more: &str| {
        format!("[sums]\nbackend = \"cassandra\"\ncontact_points = [\"127.0.0.1:9042\"]\n{more}\n[aggregator]")
    };
    let from = "[aggregator]";
    assert_told(&[
        ("127.0.0.1:9092", "localhost", 25, "stream.brokers[0]: \"localhost\" is no host:port"),
        ("\"linger.ms\"", "\"acks\"", 26, "stream.properties.acks: cannot be set"),
        ("\"linger.ms\" = 5", "\"ssl.ca.location\" = \"/no/ca.pem\"", 26, "stream.properties: "),
        (from, &queue("rabbit:5672", ""), 30, "queue.url: the URL is not right"),
        (from, &queue("amqp://rabbit", "tls = { ca = \"certs/server-ca.pem\" }"), 31, "queue.tls: TLS files are given"),
        (from, &queue("amqps://rabbit", "tls = { ca = \"certs/jir.key\" }"), 31, "queue.tls: "),
        (from, &sums("keyspace = \"Tally\""), 31, "sums.keyspace: \"Tally\" must be"),
        (
            from,
            &sums("replication = { class = \"SimpleStrategy\", replication_factor = 2 }\nconsistency = \"ONE\""),
            32,
            "sums.consistency: ONE lets readers miss what was written, as keyspace tallygate has 2 replicas",
        ),
        (
            from,
            &sums("replication = { class = \"NetworkTopologyStrategy\", dc1 = 3, dc2 = 3 }"),
            28,
            "sums.datacenter: is missing",
        ),
        (from, &sums("user = \"u\""), 28, "sums: \"user\" and \"password\" go together"),
        (from, &sums("tls = { ca = \"certs/jir.key\" }"), 31, "sums.tls: "),
    ]);
}

#[test]
fn refuses_a_token_that_can_be_guessed() {
    for token in ["", "short", "fifteen-letters"] {
        let problems = load(&format!("{WHOLE}token = \"{token}\"\n")).unwrap_err();
        let told: Vec<_> = problems.iter().map(|problem| (&*problem.key, &*problem.message)).collect();
        let message = format!("has {} bytes, at least 16 random ones would be right", token.len());
        assert_eq!(told, [("admin.token", &*message)]);
    }
}

#[test]
fn users_and_tokens_have_roles_and_may_do_everything_unless_told_otherwise() {
    let hash = "password_hash = \"${file:certs/operator.hash}\"";
    let sha256 = "1b".repeat(32);
    let tokens = format!(
        "token = \"hush-hush-hush-hush\"\ntokens = [{{ name = \"ci\", token_sha256 = \"{sha256}\", role = \"author\" }}, \
         {{ name = \"watch\", token = \"another-hush-hush-hush\", role = \"reader\" }}]"
    );
    let more = format!("{hash} }}, {{ name = \"ana\", {hash}, role = \"reader\" }}]\n{tokens}\n");
    let text = WHOLE.replacen(&format!("{hash} }}]\n"), &more, 1);
    let admin = load(&text).unwrap().admin.unwrap();
    assert_eq!(admin.users.iter().map(|user| user.role()).collect::<Vec<_>>(), [Role::Admin, Role::Reader]);
    let tokens: Vec<_> = admin.tokens.iter().map(|token| (token.name(), token.role())).collect();
    assert_eq!(tokens, [("token", Role::Admin), ("ci", Role::Author), ("watch", Role::Reader)]);
    assert_eq!(admin.token.as_deref(), Some("hush-hush-hush-hush"));
}

#[test]
fn refuses_roles_names_and_tokens_that_tell_nobody_apart() {
    let hash = "password_hash = \"${file:certs/operator.hash}\" }";
    let user = |more: &str| hash.replacen(" }", more, 1);
    let (text, sha256) = ("token = \"hush-hush-hush-hush\"", "token_sha256 = \"1b\"");
    let tokens = |tokens: &str| format!("{hash}]\ntokens = [{tokens}]\n#");
    let of_hash = &format!("{hash}]");
    assert_told(&[
        (hash, &user(", role = \"root\" }"), 34, "admin.users[0].role: must be a role: \"reader\", \"operator\""),
        (
            hash,
            &format!("{hash}, {{ name = \"operator\", {hash}"),
            34,
            "admin.users[1].name: there is a user \"operator\"",
        ),
        ("name = \"operator\"", "name = \"a:b\"", 34, "admin.users[0].name: must be 1 to 64 characters"),
        (of_hash, &tokens("{ name = \"ci\" }"), 35, "admin.tokens[0]: needs one of \"token\" and"),
        (of_hash, &tokens(&format!("{{ {text} }}")), 35, "admin.tokens[0]: \"name\" is missing"),
        (of_hash, &tokens(&format!("{{ name = \"token\", {text} }}")), 35, "admin.tokens[0].name: there is a token"),
        (of_hash, &tokens(&format!("{{ name = \"ci\", {sha256} }}")), 35, "admin.tokens[0].token_sha256: "),
        (of_hash, &tokens("{ name = \"ci\", token = \"short\" }"), 35, "admin.tokens[0].token: has 5 bytes"),
        (
            of_hash,
            &tokens(&format!("{{ name = \"ci\", {text} }}, {{ name = \"cd\", {text} }}")),
            35,
            "admin.tokens[1]: is the token of \"ci\" too",
        ),
    ]);
}

#[test]
fn the_journal_is_kept_as_long_as_reconciling_needs_it() {
    let limits = |more: &str| load(&format!("{WHOLE}\n{more}\n")).unwrap().front.limits;
    let kept = |more: &str| (limits(more).journal_days, limits(more).journal_bytes);
    assert_eq!(kept(""), (40, 16 << 30));
    assert_eq!(kept("[journal]\nkeep_days = 21\nmax_bytes = \"3 MiB\""), (21, 3 << 20));
    let far = WHOLE.replacen("[aggregator]", "[aggregator]\nhorizon_days = 60", 1);
    assert_eq!(load(&far).unwrap().front.limits.journal_days, 74, "the default follows the horizon");
    assert_told(&[
        (
            "[aggregator]",
            "[journal]\nkeep_days = 20\n[aggregator]",
            29,
            "journal.keep_days: reconciling needs 21 days (aggregator.horizon_days 7 + aggregator.future_days 7 + stream.lag_days 7), is 20",
        ),
        ("[aggregator]", "[journal]\nmax_bytes = 5\n[aggregator]", 29, "journal.max_bytes: is integer"),
        ("[aggregator]", "[journal]\nkeep = 5\n[aggregator]", 29, "journal.keep: is no known key here"),
    ]);
}

#[test]
fn shows_no_secret() {
    let text = format!(
        "{WHOLE}token = \"hush-hush-hush-hush\"\n[queue]\nbackend = \"amqp\"\nurl = \"amqp://u:hush@h:5672/%2f\"\n"
    );
    assert!(!format!("{:?}", load(&text).unwrap()).contains("hush"));
}

#[test]
fn the_example_that_documents_every_key_is_good() {
    let text = include_str!("../../../../tallygate.example.toml");
    let config = load(text).unwrap();
    let front = &config.front;
    assert_eq!((front.partners.len(), front.routes.len(), config.policies.policies.len()), (4, 3, 2));
    assert_eq!(front.limits, load("").unwrap().front.limits, "the example shows the defaults");
}

#[test]
fn a_policy_needs_a_plain_name_and_nothing_else() {
    let section = WHOLE.find("[policies.json]").unwrap();
    let bare =
        |name: &str| format!("{}[policies.\"{name}\"]\n", &WHOLE[..section]).replace("\"json\"", &format!("{name:?}"));
    let config = load(&bare("json")).unwrap();
    assert_eq!(
        (&config.policies.policies[0].component, config.policies.retry_after),
        (&None, config.front.limits.retry_after)
    );
    assert_eq!(config.policies.chains, [("transactions".to_owned(), vec!["json".to_owned()])]);
    for name in [".json", "j son", &"j".repeat(65)] {
        let problems = load(&bare(name)).unwrap_err();
        let told = problems.iter().map(|problem| format!("{}: {}", problem.key, problem.message));
        assert!(
            told.into_iter().all(|told| told.starts_with(&format!("policies.{name}: must be 1 to 64"))),
            "{problems:?}"
        );
    }
}

#[test]
fn refuses_times_and_sizes_of_nothing_with_which_no_request_could_be_served() {
    let limits = |setting: &str| format!("[limits]\n{setting}\n[admin]");
    for key in ["header_time", "body_time", "request_time", "header_size"] {
        let (none, wrong) =
            if key.ends_with("size") { ("0 KiB", "is no room at all") } else { ("0 s", "is no time at all") };
        let (setting, told) = (limits(&format!("{key} = \"{none}\"")), format!("limits.{key}: {wrong}"));
        assert_told(&[("[admin]", &setting, 32, &told)]);
    }
    assert_told(&[
        ("time = \"1 s\"", "time = \"0 ms\"", 20, "policies.json.limits.time: is no time at all"),
        ("\"16 MiB\"", "\"0 B\"", 20, "policies.json.limits.memory: is no room at all"),
    ]);
    // To be told to stop at once is another matter.
    assert!(load(&WHOLE.replace("[admin]", &limits("shutdown_time = \"0 s\""))).is_ok());
}

#[test]
fn an_upstream_says_how_long_it_may_be_silent_and_a_route_what_its_bodies_may_be() {
    let route = "[[routes]]\nname = \"r\"\npath = \"/\"\nupstream = \"u\"\n";
    let upstream = "[upstreams.u]\ntargets = [\"http://[::1]:80\"]\n";
    let text = |limits: &str, more: &str| format!("{route}{limits}\n{upstream}{more}\n");
    let config =
        load(&text("limits = { body_size = \"1 GiB\", body_time = \"10 min\" }", "response_time = \"5 min\"")).unwrap();
    let front = &config.front;
    assert_eq!(front.upstreams[0].response_time, Some(Duration::from_secs(300)));
    assert_eq!(front.routes[0].limits.body_bytes, Some(1 << 30));
    assert_eq!(front.routes[0].limits.body_time, Some(Duration::from_secs(600)));
    let told = |text: &str| load(text).unwrap_err().into_iter().map(|problem| problem.to_string()).collect::<String>();
    let unknown = told(&text("limits = { body_sise = \"1 GiB\" }", ""));
    assert!(
        unknown.contains(":5: routes[0].limits.body_sise: is no known key here, perhaps \"body_size\""),
        "{unknown}"
    );
    let bare = told(&text("", "").replace("[::1]", "::1"));
    assert!(bare.contains(":7: upstreams.u.targets[0]: "), "{bare}");
    assert!(bare.contains("an IPv6 address stands in brackets, such as http://[::1]:80"), "{bare}");
}
