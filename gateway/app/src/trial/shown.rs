//! What became of a message, as it is printed and compared.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use http::HeaderMap;
use serde_json::{Map, Value, json};

use super::tried::{Outcome, Reply, Sent, Tried};

/// The order in which the parts are printed.
const ORDER: [&str; 9] =
    ["input", "outcome", "cause", "transactions", "refusal", "message", "response", "reply", "used"];

/// What became of a message, as JSON.
///
/// # Errors
/// When a transaction that was queued is no JSON.
pub(crate) fn shown(tried: &Tried) -> Result<Value, serde_json::Error> {
    let mut shown = Map::new();
    shown.insert("outcome".into(), tried.outcome.word().into());
    if tried.outcome == Outcome::Accept || !tried.transactions.is_empty() {
        let transactions = tried.transactions.iter().map(|json| serde_json::from_str(json));
        shown.insert("transactions".into(), Value::Array(transactions.collect::<Result<_, _>>()?));
    }
    if let Some(sent) = &tried.forwarded {
        shown.insert("message".into(), message(sent));
    }
    if let Some((refusal, cause)) = &tried.refused {
        let fields = json!({
            "status": refusal.status,
            "code": refusal.code,
            "detail": refusal.detail,
            "field": refusal.field,
            "retry_after": refusal.retry_after,
        });
        shown.insert("refusal".into(), fields);
        if let Some(cause) = cause {
            shown.insert("cause".into(), cause.as_str().into());
        }
    }
    let what = if tried.forwarded.is_some() && tried.refused.is_none() { "response" } else { "reply" };
    shown.insert(what.into(), reply(&tried.reply));
    shown.insert("used".into(), used(tried));
    Ok(Value::Object(shown))
}

/// As it is printed, on one line or on many: what was decided first, what it took last.
pub(crate) fn printed(shown: &Value, on_lines: bool) -> String {
    let Value::Object(fields) = shown else { return shown.to_string() };
    let ordered = ORDER.iter().filter_map(|key| Some((*key, fields.get(*key)?)));
    let line = |(key, value): (&str, &Value)| match on_lines {
        true => format!("\n  \"{key}\": {}", format!("{value:#}").replace('\n', "\n  ")),
        false => format!("\"{key}\":{value}"),
    };
    let lines = ordered.map(line).collect::<Vec<_>>().join(",");
    format!("{{{lines}{}}}", if on_lines { "\n" } else { "" })
}

/// What an author had better know: a limit that is half used up, and what a real gateway might have said.
pub(crate) fn warnings(tried: &Tried) -> Vec<String> {
    let mut warnings = tried.notes.clone();
    let (used, limits) = (&tried.used, &tried.limits);
    if used.time > limits.time / 2 {
        warnings.push(format!(
            "it took {} ms, which is more than half of the {} ms it may (policies.….limits.time)",
            used.time.as_millis(),
            limits.time.as_millis()
        ));
    }
    if used.memory > limits.memory / 2 {
        warnings.push(format!(
            "it used {} KiB of memory, which is more than half of the {} KiB it may (policies.….limits.memory)",
            used.memory >> 10,
            limits.memory >> 10
        ));
    }
    let most = tallygate_host::limits::COMPONENT_BYTES;
    if tried.component_bytes > most / 2 {
        warnings.push(format!(
            "the component has {} KiB, which is more than half of the {} KiB that one may",
            tried.component_bytes >> 10,
            most >> 10
        ));
    }
    warnings
}

fn used(tried: &Tried) -> Value {
    let whole = |time: Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
    json!({
        "micros": whole(tried.used.time),
        "time_limit_micros": whole(tried.limits.time),
        "memory_bytes": tried.used.memory,
        "memory_limit_bytes": tried.limits.memory,
        "component_bytes": tried.component_bytes,
        "compile_millis": whole(tried.compiled_in) / 1000,
    })
}

fn message(sent: &Sent) -> Value {
    json!({
        "method": sent.method,
        "target": sent.target,
        "headers": headers(&sent.headers),
        "body": text_or_base64(&sent.body),
    })
}

fn reply(reply: &Reply) -> Value {
    json!({
        "status": reply.status,
        "headers": headers(&reply.headers),
        "body": text_or_base64(&reply.body),
    })
}

fn headers(headers: &HeaderMap) -> Value {
    headers.iter().map(|(name, value)| json!([name.as_str(), String::from_utf8_lossy(value.as_bytes())])).collect()
}

fn text_or_base64(body: &[u8]) -> Value {
    match std::str::from_utf8(body) {
        Ok(text) => text.into(),
        Err(_) => json!({ "base64": BASE64.encode(body) }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_printed_begins_with_the_outcome_and_is_the_same_json() {
        let shown =
            json!({ "used": { "micros": 1 }, "transactions": [{ "a": "\n" }], "outcome": "accept", "input": "x" });
        assert!(printed(&shown, false).starts_with(r#"{"input":"x","outcome":"accept","transactions":[{"#));
        for on_lines in [false, true] {
            let again: Value = serde_json::from_str(&printed(&shown, on_lines)).unwrap();
            assert_eq!(again, shown);
        }
        assert!(printed(&shown, true).contains("\n  \"used\": {\n    \"micros\": 1\n  }\n}"));
    }
}
