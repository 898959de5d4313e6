//! `tallygate policy push|list|activate|rollback`, through the administration of a running gateway.

use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use http::Method;
use serde_json::{Value, json};
use tallygate_host::{short_version, version_of};

use crate::admin_client::AdminClient;
use crate::arguments::PolicyCommand;
use crate::runtime::small_runtime;

pub(crate) fn run(command: PolicyCommand) -> Result<ExitCode> {
    match command {
        PolicyCommand::Run(_) => bail!("`policy run` needs no gateway"),
        PolicyCommand::Push { policy, component, activate, admin } => {
            let bytes = std::fs::read(&component).with_context(|| format!("cannot read {}", component.display()))?;
            let version = version_of(&bytes);
            let client = AdminClient::new(&admin)?;
            let mut shown = call(&client, Method::POST, &format!("/api/v1/policies/{policy}/versions"), bytes)?;
            let new = shown["new"].as_bool().unwrap_or_default();
            if activate {
                shown = switch(&client, &policy, "activate", json!({ "version": version }))?;
            }
            let state = if activate {
                "active"
            } else if new {
                "new, not active"
            } else {
                "already there"
            };
            show(admin.json, &shown, || format!("{policy}@{}: {state}", short_version(&version)));
        }
        PolicyCommand::List { admin } => {
            let shown = call(&AdminClient::new(&admin)?, Method::GET, "/api/v1/policies", Vec::new())?;
            show(admin.json, &shown, || listing(&shown));
        }
        PolicyCommand::Activate { policy, version, admin } => {
            let shown = switch(&AdminClient::new(&admin)?, &policy, "activate", json!({ "version": version }))?;
            show(admin.json, &shown, || switched(&shown));
        }
        PolicyCommand::Rollback { policy, admin } => {
            let shown = switch(&AdminClient::new(&admin)?, &policy, "rollback", json!({}))?;
            show(admin.json, &shown, || switched(&shown));
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn switch(client: &AdminClient, policy: &str, verb: &str, body: Value) -> Result<Value> {
    call(client, Method::POST, &format!("/api/v1/policies/{policy}/{verb}"), body.to_string().into_bytes())
}

fn call(client: &AdminClient, method: Method, path: &str, body: Vec<u8>) -> Result<Value> {
    small_runtime()?.block_on(client.call(method, path, body))
}

fn show(json: bool, value: &Value, text: impl FnOnce() -> String) {
    if json {
        println!("{value}");
    } else {
        println!("{}", text());
    }
}

fn switched(value: &Value) -> String {
    let version = |key: &str| value[key].as_str().map_or("none", short_version).to_owned();
    format!(
        "{}: {} is active, {} was before",
        value["policy"].as_str().unwrap_or_default(),
        version("active"),
        version("previous")
    )
}

fn listing(value: &Value) -> String {
    let policies = value["policies"].as_array().or_else(|| value.as_array());
    let mut lines = Vec::new();
    for policy in policies.into_iter().flatten() {
        let name = policy["name"].as_str().unwrap_or_default();
        for version in policy["versions"].as_array().into_iter().flatten() {
            let hash = short_version(version["version"].as_str().unwrap_or_default());
            let active = if version["active"].as_bool().unwrap_or_default() { "active" } else { "" };
            let line = format!(
                "{name}@{hash}  {:>9} bytes  {}  {active}",
                version["bytes"],
                version["added_at"].as_str().unwrap_or_default()
            );
            lines.push(line.trim_end().to_owned());
        }
    }
    if lines.is_empty() { "no policies".to_owned() } else { lines.join("\n") }
}
