//! `tallygate policy run`: one message through one policy, with no server.

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};
use tallygate_core::Transaction;
use tallygate_core::day::Zone;
use tallygate_front::draft;
use tallygate_host::{
    Accepted, Continuation, Engine, EngineLimits, Header, Keys, Limits, Message, Outcome, Policy, PolicySpec, Refusal,
    Reply,
};

use crate::arguments::PolicyRunArguments;
use crate::config::Config;
use crate::runtime::small_runtime;

const TEST_PARTNER: &str = "test-partner";

pub(crate) fn run(arguments: &PolicyRunArguments) -> Result<ExitCode> {
    let read = |path: &Path| std::fs::read(path).with_context(|| format!("cannot read {}", path.display()));
    let body = read(&arguments.input)?;
    let component = read(&arguments.component)?;
    let name = arguments.component.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let (spec, zone) = spec(name, component, arguments.config.as_deref())?;
    let engine = Engine::new(EngineLimits::default())?;
    let policy = Policy::activate(&engine, spec).with_context(|| arguments.component.display().to_string())?;
    let message = message(body, &arguments.content_type);
    let shown = small_runtime()?.block_on(async {
        let decision = policy.handle(&message, &[], None).await.context("the policy failed")?;
        show(&policy, &message, decision.outcome, &zone).await
    })?;
    if arguments.json {
        println!("{shown}");
    } else {
        println!("{shown:#}");
    }
    Ok(ExitCode::SUCCESS)
}

fn spec(name: String, component: Vec<u8>, config: Option<&Path>) -> Result<(PolicySpec, Zone)> {
    let utc = "UTC".parse::<Zone>()?;
    let mut spec = PolicySpec {
        name,
        component,
        config_json: "{}".to_owned(),
        keys: Keys::throw_away()?,
        limits: Limits::default(),
    };
    let Some(file) = config else { return Ok((spec, utc)) };
    if file.extension().is_some_and(|extension| extension == "json") {
        spec.config_json = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
        return Ok((spec, utc));
    }
    let config = Config::load(file).map_err(|problems| {
        let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
        anyhow::anyhow!("{}", lines.join("\n"))
    })?;
    let Some(policy) = config.policies.policies.iter().find(|policy| policy.name == spec.name) else {
        bail!("{}: has no [policies.{}], named as the component's file", file.display(), spec.name);
    };
    spec.config_json.clone_from(&policy.config_json);
    spec.keys = policy.keys.clone();
    spec.limits = policy.limits;
    Ok((spec, config.front.zone))
}

fn message(body: Vec<u8>, content_type: &str) -> Message {
    Message {
        id: "policy-run".to_owned(),
        received: jiff::Timestamp::now().to_string(),
        received_millis: jiff::Timestamp::now().as_millisecond().unsigned_abs(),
        route: "policy-run".to_owned(),
        partner: Some(TEST_PARTNER.to_owned()),
        method: "POST".to_owned(),
        target: "/".to_owned(),
        headers: vec![Header { name: "content-type".to_owned(), value: content_type.as_bytes().to_vec() }],
        body,
    }
}

async fn show(policy: &Policy, message: &Message, outcome: Outcome, zone: &Zone) -> Result<Value> {
    Ok(match outcome {
        Outcome::Accept(Accepted { transactions, then }) => {
            let Continuation::Reply(reply) = then else { bail!("it accepts and forwards") };
            let drafts = transactions.into_iter().map(draft).collect();
            match Transaction::check_all(drafts, TEST_PARTNER, zone) {
                Ok(checked) => {
                    let transactions =
                        checked.iter().map(|t| serde_json::from_str(&t.json)).collect::<Result<Vec<Value>, _>>()?;
                    json!({ "outcome": "accept", "transactions": transactions, "reply": show_reply(&reply) })
                }
                Err(violation) => {
                    let (field, detail) = (Some(violation.field), violation.problem);
                    let refusal =
                        Refusal { status: 422, code: "transaction".to_owned(), detail, field, retry_after: None };
                    reject(policy, message, &refusal).await?
                }
            }
        }
        Outcome::Answer(reply) => json!({ "outcome": "answer", "reply": show_reply(&reply) }),
        Outcome::Forward(forwarded) => {
            let body = forwarded.body.as_deref().map(text_or_base64);
            json!({
                "outcome": "forward",
                "message": { "method": forwarded.method, "target": forwarded.target, "set_headers": headers(&forwarded.headers.set), "remove_headers": forwarded.headers.remove, "body": body },
            })
        }
        Outcome::Reject(refusal) => reject(policy, message, &refusal).await?,
    })
}

async fn reject(policy: &Policy, message: &Message, refusal: &Refusal) -> Result<Value> {
    let reply = policy.fault(message, &[], refusal).await.context("the policy failed at its fault")?;
    let Refusal { status, code, detail, field, .. } = refusal;
    Ok(json!({
        "outcome": "reject",
        "refusal": { "status": status, "code": code, "detail": detail, "field": field },
        "reply": reply.as_ref().map(show_reply),
    }))
}

fn show_reply(reply: &Reply) -> Value {
    json!({ "status": reply.status, "headers": headers(&reply.headers), "body": text_or_base64(&reply.body) })
}

fn headers(headers: &[Header]) -> Value {
    headers.iter().map(|header| json!([header.name, String::from_utf8_lossy(&header.value)])).collect()
}

fn text_or_base64(body: &[u8]) -> Value {
    match std::str::from_utf8(body) {
        Ok(text) => text.into(),
        Err(_) => json!({ "base64": BASE64.encode(body) }),
    }
}
