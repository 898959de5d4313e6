//! What an author of policies does before any gateway has them: a new crate, its building, its samples, and trial runs.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::harness::checkout::{checkout, policies};
use crate::harness::process::tallygate;
use crate::harness::said::Said;

/// One transaction of the policy `json`.
const ONE: &str = r#"{"id":"a-1","time":"2026-11-22T19:19:41+01:00","key":"k","amount":"1.50","currency":"EUR"}"#;

/// A folder with files for trial runs.
struct Desk(TempDir);

impl Desk {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn file(&self, name: &str, text: &str) -> String {
        let file = self.path().join(name);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, text).unwrap();
        file.display().to_string()
    }

    /// Runs a stock policy.
    fn run(&self, policy: &str, arguments: &[&str]) -> Said {
        let component = format!("{}/{policy}.wasm", policies());
        self.says(&[&["policy", "run", &component, "--json"], arguments].concat())
    }

    /// The hostile policy with this configuration, over a message.
    fn hostile(&self, config: Value, arguments: &[&str]) -> Said {
        let (input, config) = (self.file("body.txt", "hello"), self.file("config.json", &config.to_string()));
        self.run("hostile", &[&["--input", &input, "--config", &config], arguments].concat())
    }

    fn says(&self, arguments: &[&str]) -> Said {
        let mut command = tallygate();
        command.args(arguments).current_dir(self.path());
        said(command)
    }
}

/// Runs a command for as long as it takes: a crate is built in some.
fn said(mut command: Command) -> Said {
    command.env_remove("RUST_LOG").env_remove("TALLYGATE_SDK").env_remove("TALLYGATE_WASM_CARGO");
    let output = command.stderr(Stdio::piped()).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Said { code: output.status.code().unwrap_or(-1), out: text(output.stdout), err: text(output.stderr) }
}

/// The JSON it printed, however it ended.
fn shown(said: &Said) -> Value {
    serde_json::from_str(&said.out).unwrap_or_else(|error| panic!("{error}: {}{}", said.out, said.err))
}

fn lines(said: &Said) -> Vec<Value> {
    said.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn a_trial_refuses_what_a_gateway_refuses_with_the_same_words() {
    let desk = Desk::new();
    let (good, wrong) = (desk.file("good.json", ONE), desk.file("wrong.json", &ONE.replace("EUR", "eur")));
    let at = |moment: &str| shown(&desk.run("json", &["--input", &good, "--received", moment, "--partner", "shop-7"]));
    let accepted = at("2026-11-23T10:00:00Z");
    assert_eq!((&accepted["outcome"], &accepted["reply"]["status"]), (&json!("accept"), &json!(202)));
    assert_eq!(accepted["transactions"][0]["partner"], "shop-7");
    assert_eq!(accepted["transactions"][0]["day"], "2026-11-22");
    let late = at("2026-12-24T10:00:00Z");
    assert_eq!(late["outcome"], "reject");
    assert_eq!(late["refusal"]["code"], "transaction-not-valid");
    assert_eq!(late["refusal"]["field"], "transactions/0/day");
    let problem: Value = serde_json::from_str(late["reply"]["body"].as_str().unwrap()).unwrap();
    assert_eq!((&problem["status"], &problem["field"]), (&json!(422), &json!("/time")), "where the partner wrote it");
    // A gateway's own configuration says what its horizon is.
    let config = format!(
        "[policies.json]\ncomponent = \"{}/json.wasm\"\n[aggregator]\nhorizon_days = 366\nfuture_days = 366\n",
        policies()
    );
    let config = desk.file("tallygate.toml", &config);
    let run = ["--input", &good, "--received", "2026-12-24T10:00:00Z", "--config", &config];
    assert_eq!(shown(&desk.run("json", &run))["outcome"], "accept");
    let wrong_config = desk.file("wrong.toml", "[policies.json]\nconfig = { nobody = 1 }\n");
    let said = desk.run("json", &["--input", &good, "--config", &wrong_config]);
    let whose = format!("(with the configuration of [policies.json] of {wrong_config})");
    assert!(said.code == 1 && said.err.contains(&whose), "{}", said.err);
    // Without a moment an old sample is taken, and what a gateway would do is told.
    let old = desk.file("old.json", &ONE.replace("2026", "2007"));
    let said = desk.run("json", &["--input", &old]);
    assert_eq!(shown(&said)["outcome"], "accept");
    assert!(said.err.contains("warning: transactions/0/day is 2007-11-22: a gateway refuses it"), "{}", said.err);
    assert_eq!(shown(&desk.run("json", &["--input", &wrong]))["refusal"]["field"], "transactions/0/currency");
}

#[test]
fn a_trial_shows_the_message_and_the_response_as_upstream_and_partner_get_them() {
    let desk = Desk::new();
    let response = desk.file("response.http", "HTTP/1.1 402 Payment Required\r\nx-upstream: yes\r\n\r\nno money");
    let how = ["--response", &response, "--target", "/invoices?test=1", "--method", "PUT", "--header", "x-till: 7"];
    let run = || shown(&desk.hostile(json!({ "handle": "remember", "respond": "show", "headers": ["*"] }), &how));
    let forwarded = run();
    assert_eq!(forwarded["outcome"], "forward");
    let message = &forwarded["message"];
    assert_eq!((&message["method"], &message["target"]), (&json!("PUT"), &json!("/invoices?test=1")));
    assert_eq!(message["body"], "hello");
    assert!(message["headers"].as_array().unwrap().contains(&json!(["x-till", "7"])), "{message}");
    let response = &forwarded["response"];
    assert_eq!(response["status"], 402);
    assert!(response["headers"].as_array().unwrap().contains(&json!(["x-upstream", "yes"])), "{response}");
    // What `respond` was given, which `show` makes the body: the context that `handle` left, and the status.
    let body = response["body"].as_str().unwrap();
    assert!(body.contains("[104, 101, 108, 108, 111]") && body.contains("402"), "{body}");
}

#[test]
fn a_trial_at_a_given_moment_is_the_same_every_time() {
    let desk = Desk::new();
    let config = json!({ "handle": "remember", "respond": "pass", "headers": ["*"] });
    let run = || {
        let mut shown = shown(&desk.hostile(config.clone(), &["--received", "2026-11-22T18:20:54Z"]));
        shown["used"] = Value::Null;
        shown
    };
    let first = run();
    assert_eq!(first["outcome"], "forward");
    assert_eq!(first, run());
}

#[test]
fn the_panic_of_a_policy_is_read_with_file_and_line() {
    let desk = Desk::new();
    let said = desk.hostile(json!({ "handle": "trap", "fault": "our own words" }), &[]);
    assert_eq!(said.code, 1, "{}", said.err);
    assert!(said.err.contains("panicked at ") && said.err.contains("src/lib.rs:"), "{}", said.err);
    assert!(said.err.contains("as configured"), "{}", said.err);
    let failed = shown(&said);
    assert_eq!((&failed["outcome"], &failed["refusal"]["code"]), (&json!("failed"), &json!("policy-trap")));
    assert_eq!((&failed["reply"]["status"], &failed["reply"]["body"]), (&json!(500), &json!("our own words")));
    let said = desk.hostile(json!({ "handle": "recurse" }), &[]);
    let cause = shown(&said)["cause"].as_str().unwrap().to_owned();
    assert!(cause.contains("its stack ran over") && cause.contains("-zstack-size"), "{cause}");
    // What was expected is no failure.
    assert_eq!(desk.hostile(json!({ "handle": "trap" }), &["--expect", "failed"]).code, 0);
}

#[test]
fn what_it_used_is_told_and_half_of_a_limit_is_warned_of() {
    let desk = Desk::new();
    let said = desk.hostile(json!({ "handle": "loop" }), &[]);
    let used = &shown(&said)["used"];
    assert!(used["micros"].as_u64().unwrap() > 900_000, "{used}");
    assert!(said.err.contains("more than half of the 1000 ms it may"), "{}", said.err);
    let said = desk.hostile(json!({ "handle": "answer" }), &[]);
    let used = &shown(&said)["used"];
    let of = |key: &str| used[key].as_u64().unwrap_or_else(|| panic!("no {key} in {used}"));
    assert!(of("memory_bytes") > 0 && of("memory_bytes") < of("memory_limit_bytes"), "{used}");
    let component = std::fs::metadata(format!("{}/hostile.wasm", policies())).unwrap().len();
    assert_eq!((of("component_bytes"), of("time_limit_micros")), (component, 1_000_000));
    assert!(of("micros") > 0 && of("compile_millis") > 0, "{used}");
    assert_eq!(said.err, "");
}

#[test]
fn several_messages_are_a_line_each_and_compared_with_what_is_expected() {
    let desk = Desk::new();
    desk.file("all/b.json", &ONE.replace("1.50", "1e3"));
    desk.file("all/a.json", ONE);
    let all = desk.path().join("all").display().to_string();
    let said = desk.run("json", &["--input", &all, "--input", &format!("{all}/a.json")]);
    assert_eq!(said.code, 1, "one of them is refused: {}", said.err);
    assert_eq!(desk.run("json", &["--input", &format!("{all}/a.json")]).code, 0);
    let told: Vec<_> = lines(&said).iter().map(|line| (line["input"].clone(), line["outcome"].clone())).collect();
    let line = |name: &str, outcome: &str| (json!(format!("{all}/{name}.json")), json!(outcome));
    assert_eq!(told, [line("a", "accept"), line("b", "reject"), line("a", "accept")]);

    let said = desk.run("json", &["--input", &all, "--expect", "accept"]);
    assert_eq!(said.code, 1);
    assert!(said.err.contains("b.json: outcome\n  expected \"accept\"\n  got      \"reject\""), "{}", said.err);
    assert!(!said.err.contains("a.json"), "{}", said.err);
    let b = format!("{all}/b.json");
    assert_eq!(desk.run("json", &["--input", &b, "--expect", "reject:wrong-field"]).code, 0);
    assert_eq!(desk.run("json", &["--input", &b, "--expect", "reject:another"]).code, 1);
    let expected = desk.file("expected.json", r#"{"outcome":"reject","refusal":{"field":"/amont"}}"#);
    let said = desk.run("json", &["--input", &b, "--expect", &expected]);
    assert!(said.code == 1 && said.err.contains("refusal/field\n  expected \"/amont\""), "{}", said.err);

    let mut command = tallygate();
    command.args(["policy", "run", &format!("{}/json.wasm", policies()), "--input", "-", "--json"]);
    let given = said_with(command, &desk.path().join("all/a.json"));
    assert_eq!(shown(&given)["outcome"], "accept");
}

fn said_with(mut command: Command, input: &Path) -> Said {
    command.stdin(std::fs::File::open(input).unwrap());
    said(command)
}

/// The crate of a new policy, built as the stock policies are and from what they were built from.
fn new_policy(desk: &Desk) -> PathBuf {
    let said = desk.says(&["policy", "new", "till-lines"]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(said.out.contains("tallygate policy test"), "{}", said.out);
    let folder = desk.path().join("till-lines");
    std::fs::copy(checkout("policies/Cargo.lock"), folder.join("Cargo.lock")).unwrap();
    folder
}

fn in_crate(folder: &Path, arguments: &[&str]) -> Said {
    let mut command = tallygate();
    command.args(arguments).current_dir(folder);
    command.env("CARGO_TARGET_DIR", checkout("policies/target")).env("CARGO_NET_OFFLINE", "true");
    said(command)
}

#[test]
fn a_new_policy_builds_passes_its_samples_and_tells_what_differs() {
    let desk = Desk::new();
    let folder = new_policy(&desk);
    let passed = in_crate(&folder, &["policy", "test"]);
    assert_eq!(passed.code, 0, "{}{}", passed.out, passed.err);
    assert!(passed.out.ends_with("2 passed, 0 failed\n"), "{}", passed.out);
    let built = in_crate(&folder, &["policy", "build"]);
    let bytes = std::fs::metadata(folder.join("till-lines.wasm")).unwrap().len();
    assert_eq!(built.out, format!("./till-lines.wasm  {bytes} bytes\n"));

    // A sample more has no expectation, until one is written down from what comes.
    std::fs::write(folder.join("samples/francs.in.txt"), "c-1,2026-11-22T10:15:00+01:00,till-7,3.00\n").unwrap();
    std::fs::write(folder.join("samples/francs.request.json"), r#"{"config":{"currency":"CHF"}}"#).unwrap();
    let test =
        |more: &[&str]| in_crate(&folder, &[&["policy", "test", "--component", "till-lines.wasm"], more].concat());
    let said = test(&[]);
    assert_eq!(said.code, 1);
    assert!(said.out.contains("differs  francs") && said.out.contains("--bless"), "{}", said.out);
    assert_eq!(test(&["francs", "--bless"]).code, 0);
    let expected = std::fs::read_to_string(folder.join("samples/francs.expected.json")).unwrap();
    assert!(expected.starts_with("{\n  \"outcome\": \"accept\"") && expected.contains("CHF"), "{expected}");
    assert!(!expected.contains("micros"), "{expected}");
    assert_eq!(test(&[]).code, 0);

    std::fs::write(folder.join("samples/francs.expected.json"), expected.replace("3.00", "4.00")).unwrap();
    let said = test(&[]);
    assert_eq!(said.code, 1);
    assert!(said.out.contains("transactions/0/amount\n             expected \"4.00\""), "{}", said.out);
    assert!(said.out.ends_with("2 passed, 1 failed\n"), "{}", said.out);
    let told: Value = serde_json::from_str(&test(&["--json"]).out).unwrap();
    assert_eq!((&told["passed"], &told["failed"]), (&json!(2), &json!(1)));

    // What was just written down is what a trial says, however it is sent; of the folder, the messages are taken.
    let write = |name: &str, text: &str| std::fs::write(folder.join("samples").join(name), text).unwrap();
    write("wrong-line.in.csv", "a-1\n");
    assert_eq!(test(&["wrong-line", "--bless"]).code, 0);
    let written = std::fs::read_to_string(folder.join("samples/wrong-line.expected.json")).unwrap();
    assert!(written.contains("urn:tallygate:problem") && !written.contains(r#"\"request\""#), "{written}");
    let run = |input: &str, more: &[&str]| {
        in_crate(&folder, &[&["policy", "run", "till-lines.wasm", "--json", "--input", input], more].concat())
    };
    let said = run("samples/wrong-line.in.csv", &["--expect", "samples/wrong-line.expected.json"]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(said.err.contains("note: samples/request.json is for `policy test`"), "{}", said.err);
    let said = run("samples", &[]);
    assert_eq!(lines(&said).len(), 4, "{}", said.out);
    assert!(said.err.contains("taken for no messages: francs.expected.json, francs.request.json"), "{}", said.err);

    // A module as the compiler leaves it is made a component on the way.
    let module = checkout("policies/target/wasm32-unknown-unknown/release/till_lines.wasm");
    let input = folder.join("samples/two-payments.in.csv");
    let run = ["policy", "run", module.to_str().unwrap(), "--input", input.to_str().unwrap(), "--expect", "accept"];
    assert_eq!(desk.says(&run).code, 0);

    // What does not build is the crate's fault, and cargo says why.
    std::fs::write(folder.join("src/lib.rs"), "//! Nothing.\nfn broken(").unwrap();
    let said = in_crate(&folder, &["policy", "build"]);
    assert!(said.code == 1 && said.err.contains("src/lib.rs:2"), "{}", said.err);
    assert!(said.err.contains("tallygate: . does not build"), "{}", said.err);
}

#[test]
fn a_machine_that_cannot_build_is_told_what_to_install() {
    let desk = Desk::new();
    let folder = new_policy(&desk);
    let mut command = tallygate();
    command.args(["policy", "build"]).current_dir(&folder);
    command.envs([("PATH", "/nowhere"), ("HOME", "/nowhere"), ("TALLYGATE_WASM", "rustup")]);
    let complaint = said(command).bad(1);
    for way in ["rustup target add wasm32-unknown-unknown", "apt-get install rustc-web", "--wasm-cargo"] {
        assert!(complaint.contains(way), "{complaint}");
    }
}

#[test]
fn a_policy_is_made_where_nothing_is_and_under_a_name_that_can_be_one() {
    let desk = Desk::new();
    for (arguments, why) in [
        (&["Till"][..], "small letters"),
        (&["fn"], "Rust's own"),
        (&["till", "--dir", "."], "is there already"),
        (&["till", "--sdk", "taken"], "no crate tallygate-policy in taken"),
    ] {
        desk.file("taken/file", "");
        let said = desk.says(&[&["policy", "new"], arguments].concat());
        assert!(said.code == 1 && said.err.contains(why), "{arguments:?}: {}", said.err);
        assert!(!desk.path().join("till").exists());
    }
    let said = desk.says(&["policy", "build"]);
    assert!(said.code == 1 && said.err.contains("policy new NAME"), "{}", said.err);
}
