//! `tallygate policy push|list|show|activate|rollback|remove`, through the administration of a running gateway.

use std::io;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Result, anyhow, bail};
use http::Method;
use serde_json::{Value, json};
use tallygate_host::short_version;

use super::policies_offline;
use crate::admin_client::AdminClient;
use crate::arguments::{AdminArguments, PolicyCommand, StoreArguments};
use crate::out::{Unsaid, say};
use crate::policy_config::PolicyConfig;
use crate::runtime::small_runtime;
use crate::trial::read_component;

const JSON: &str = "application/json";
const POLICIES: &str = "/api/v1/policies";

pub(crate) fn run(command: PolicyCommand) -> Result<ExitCode> {
    match command {
        PolicyCommand::New(_) | PolicyCommand::Build(_) | PolicyCommand::Test(_) | PolicyCommand::Run(_) => {
            bail!("this needs no gateway")
        }
        PolicyCommand::Push { policy, component, policy_config, activate, admin } => {
            let client = AdminClient::new(&admin.way, &admin.file.config)?;
            let shown = push(&client, &policy, &component, policy_config.as_deref(), activate)?;
            show(admin.way.json, &shown, || pushed(&shown, activate))?;
        }
        PolicyCommand::Show { policy, version, store } => {
            let path = format!("{POLICIES}/{policy}/versions/{version}");
            let online = || call(&client(&store.admin)?, Method::GET, &path);
            let shown = of(&store, |config| policies_offline::show(config, &policy, &version), online)?;
            show(store.admin.way.json, &shown, || format!("{shown:#}"))?;
        }
        PolicyCommand::List { store } => {
            let shown = of(&store, policies_offline::list, || call(&client(&store.admin)?, Method::GET, POLICIES))?;
            show(store.admin.way.json, &shown, || listing(&shown))?;
        }
        PolicyCommand::Activate { policy, version, store } => {
            let online = || switch(&client(&store.admin)?, &policy, "activate", &json!({ "version": version }));
            let shown = of(&store, |config| policies_offline::activate(config, &policy, &version), online)?;
            show(store.admin.way.json, &shown, || activated(&shown))?;
        }
        PolicyCommand::Rollback { policy, store } => {
            let online = || switch(&client(&store.admin)?, &policy, "rollback", &json!({}));
            let shown = of(&store, |config| policies_offline::rollback(config, &policy), online)?;
            show(store.admin.way.json, &shown, || rolled_back(&shown))?;
        }
        PolicyCommand::Remove { policy, version, store } => {
            let path = format!("{POLICIES}/{policy}/versions/{version}");
            let online = || call(&client(&store.admin)?, Method::DELETE, &path);
            let shown = of(&store, |config| policies_offline::remove(config, &policy, &version), online)?;
            show(store.admin.way.json, &shown, || format!("{policy}@{} is removed", hash(&shown, "removed")))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// What the data directory says, or the gateway.
fn of(
    store: &StoreArguments,
    offline: impl FnOnce(&Path) -> Result<Value>,
    online: impl FnOnce() -> Result<Value>,
) -> Result<Value> {
    if store.offline {
        return offline(&store.admin.file.config);
    }
    online().map_err(|error| match nobody_listens(&error) {
        true => anyhow!("{error:#}; while no gateway runs, --offline works on what it keeps"),
        false => error,
    })
}

fn nobody_listens(error: &anyhow::Error) -> bool {
    let causes = error.chain().filter_map(|cause| cause.downcast_ref::<io::Error>());
    causes.map(io::Error::kind).any(|kind| kind == io::ErrorKind::ConnectionRefused)
}

fn push(client: &AdminClient, policy: &str, component: &Path, config: Option<&Path>, activate: bool) -> Result<Value> {
    let bytes = read_component(component)?;
    let path = format!("{POLICIES}/{policy}/versions");
    let (kind, body) = match config.map(config_json).transpose()? {
        None => ("application/wasm".to_owned(), bytes),
        Some(config) => form(&bytes, &config),
    };
    let mut pushed = small_runtime()?.block_on(client.call(Method::POST, &path, &kind, body))?;
    if activate {
        let switched = switch(client, policy, "activate", &json!({ "version": pushed["version"] }))?;
        for key in ["active", "previous", "changed"] {
            pushed[key] = switched[key].clone();
        }
    }
    Ok(pushed)
}

/// The configuration in a file, as JSON.
fn config_json(file: &Path) -> Result<String> {
    match PolicyConfig::read(file)? {
        PolicyConfig::Policys(json) => Ok(json),
        PolicyConfig::Gateways(key) => {
            bail!("{} has {key:?}: it is a gateway's configuration, which -c names", file.display())
        }
    }
}

/// A form with two parts, and its type.
fn form(component: &[u8], config: &str) -> (String, Vec<u8>) {
    // Not in what it separates, unless somebody guesses 122 bits.
    let boundary = uuid::Uuid::now_v7().simple().to_string();
    let mut body = Vec::with_capacity(component.len() + config.len() + 512);
    for (name, content) in [("component", component), ("config", config.as_bytes())] {
        let head = format!("--{boundary}\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n");
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(content);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
    (format!("multipart/form-data; boundary={boundary}"), body)
}

fn client(admin: &AdminArguments) -> Result<AdminClient> {
    AdminClient::new(&admin.way, &admin.file.config)
}

fn switch(client: &AdminClient, policy: &str, verb: &str, body: &Value) -> Result<Value> {
    let body = body.to_string().into_bytes();
    small_runtime()?.block_on(client.call(Method::POST, &format!("{POLICIES}/{policy}/{verb}"), JSON, body))
}

fn call(client: &AdminClient, method: Method, path: &str) -> Result<Value> {
    small_runtime()?.block_on(client.call(method, path, JSON, Vec::new()))
}

fn show(json: bool, value: &Value, text: impl FnOnce() -> String) -> Result<(), Unsaid> {
    if json { say(value) } else { say(text()) }
}

fn hash<'v>(value: &'v Value, key: &str) -> &'v str {
    value[key].as_str().map_or("none", short_version)
}

fn pushed(value: &Value, activate: bool) -> String {
    let state = match (activate, value["new"].as_bool().unwrap_or_default()) {
        (true, _) => "active",
        (false, true) => "new, not active",
        (false, false) => "already there",
    };
    let config = match value["config_from"].as_str().unwrap_or_default() {
        "push" => "",
        "active" => ", with the configuration of the version that was active",
        "file" => ", with the configuration of the gateway's file",
        _ => ", with an empty configuration",
    };
    // A name that nobody knows may be a slip.
    let unrouted = if value["routed"] == json!(false) { "; no route names this policy" } else { "" };
    let policy = value["policy"].as_str().unwrap_or_default();
    format!("{policy}@{}: {state}{config}{unrouted}", hash(value, "version"))
}

fn activated(value: &Value) -> String {
    let (policy, active) = (value["policy"].as_str().unwrap_or_default(), hash(value, "active"));
    match value["changed"] == json!(true) {
        false => format!("{policy}: {active} is active already"),
        true if value["previous"] == value["active"] => {
            format!("{policy}: {active} serves again; it was active and did not start")
        }
        true => format!("{policy}: {active} is active, {} was before", hash(value, "previous")),
    }
}

fn rolled_back(value: &Value) -> String {
    let policy = value["policy"].as_str().unwrap_or_default();
    format!("{policy}: {} is active again; {} was until now", hash(value, "active"), hash(value, "previous"))
}

fn listing(value: &Value) -> String {
    let mut lines = Vec::new();
    for policy in value["policies"].as_array().into_iter().flatten() {
        let name = policy["name"].as_str().unwrap_or_default();
        if let Some(trouble) = policy["trouble"].as_str() {
            lines.push(format!("{name}: {trouble}"));
        } else if policy["active"].is_null() {
            lines.push(format!("{name}: no version is active, so its routes answer 503"));
        }
        for version in policy["versions"].as_array().into_iter().flatten() {
            let about = about(&version["about"]);
            let pins = version["pinned_by"].as_array().into_iter().flatten().filter_map(Value::as_str);
            let pins: Vec<&str> = pins.collect();
            let mut state = Vec::from_iter((version["active"] == json!(true)).then(|| "active".to_owned()));
            if !pins.is_empty() {
                state.push(format!("pinned by {}", pins.join(", ")));
            }
            let line = format!(
                "{name}@{}  {:>9} bytes  {:>6} of configuration  {}  {about}  {}",
                hash(version, "version"),
                version["bytes"],
                version["config_bytes"],
                version["added_at"].as_str().unwrap_or_default(),
                state.join("; "),
            );
            lines.push(line.trim_end().to_owned());
        }
    }
    if lines.is_empty() { "no policies".to_owned() } else { lines.join("\n") }
}

/// What a version says of itself: what it is, whether it may count, and what it asks for.
fn about(value: &Value) -> String {
    let is = [&value["name"], &value["version"]].map(|part| part.as_str().unwrap_or("?")).join(" ");
    let names = |key: &str| {
        let names: Vec<&str> = value[key].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        (!names.is_empty()).then(|| format!("{key} {}", names.join(", ")))
    };
    let says = |key: &str, what: &str| (value[key] == json!(true)).then(|| what.to_owned());
    let responses = says("needs_response_body", "responses with bodies").or(says("sees_responses", "responses"));
    let asks =
        [says("may_accept", "may accept"), says("needs_body", "bodies"), names("headers"), responses, names("keys")];
    let asks: Vec<String> = asks.into_iter().flatten().collect();
    if asks.is_empty() { is } else { format!("{is} ({})", asks.join("; ")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_listed_with_what_it_says_of_itself() {
        let says = json!({
            "name": "hr-racun", "version": "1.2", "may_accept": true, "needs_body": true, "headers": [],
            "sees_responses": true, "needs_response_body": false, "keys": ["jir", "reply"]
        });
        assert_eq!(about(&says), "hr-racun 1.2 (may accept; bodies; responses; keys jir, reply)");
        assert_eq!(about(&json!({ "name": "hello", "version": "1" })), "hello 1");
        assert_eq!(about(&Value::Null), "? ?");
    }
}
