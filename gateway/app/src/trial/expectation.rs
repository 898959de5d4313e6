//! What is expected of a policy over a message, and where it differs from what came.

use std::fmt;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::Value;

/// The parts of which an expectation may leave something out.
const LOOSE: [&str; 5] = ["message", "refusal", "reply", "response", "used"];

/// How the type of the gateway's own problem documents begins.
const PROBLEM: &str = "urn:tallygate:problem:";

/// What is expected.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Expectation {
    /// An outcome by its word.
    Outcome(String),
    /// A refusal by its code.
    Code(String),
    /// What stands in a file: compared is what stands there; what it leaves out at the top, or of message, refusal, reply
    /// and response, is not.
    Whole(Value),
}

/// A place where what came is not what was expected.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Difference {
    /// The place, such as `transactions/0/amount`.
    at: String,
    /// None: nothing.
    expected: Option<Value>,
    came: Option<Value>,
}

impl Expectation {
    /// As it is given on the command line: an outcome's word, `reject:CODE`, or a file.
    ///
    /// # Errors
    /// When it is none of these.
    pub(crate) fn given(text: &str) -> Result<Self> {
        if let Some(code) = text.strip_prefix("reject:") {
            return Ok(Self::Code(code.to_owned()));
        }
        if ["accept", "answer", "forward", "reject", "failed"].contains(&text) {
            return Ok(Self::Outcome(text.to_owned()));
        }
        let right = || {
            format!(
                "--expect {text}: it would be accept, answer, forward, reject, failed, reject:CODE, or a file of JSON"
            )
        };
        Self::read(Path::new(text)).with_context(right)
    }

    /// The expectation in a file.
    ///
    /// # Errors
    /// When the file cannot be read, or holds no JSON.
    pub(crate) fn read(file: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
        let value = serde_json::from_str(&text).with_context(|| format!("{} is no JSON", file.display()))?;
        Ok(Self::Whole(value))
    }

    /// Where what came, as it is printed, is not what was expected.
    pub(crate) fn differences(&self, came: &Value) -> Vec<Difference> {
        let mut found = Vec::new();
        match self {
            Self::Outcome(word) => compare("outcome", &word.as_str().into(), &came["outcome"], &mut found),
            Self::Code(code) => {
                compare("outcome", &"reject".into(), &came["outcome"], &mut found);
                if found.is_empty() {
                    compare("refusal/code", &code.as_str().into(), &came["refusal"]["code"], &mut found);
                }
            }
            Self::Whole(expected) => within("", &without_request(expected), &without_request(came), &mut found),
        }
        found
    }
}

/// The same without the `request` of a problem document, which is another one each time.
fn without_request(shown: &Value) -> Value {
    let mut shown = shown.clone();
    for part in ["reply", "response"] {
        let Some(body) = shown.get_mut(part).and_then(|part| part.get_mut("body")) else { continue };
        let Some(Ok(Value::Object(mut problem))) = body.as_str().map(serde_json::from_str) else { continue };
        let kind = problem.get("type").and_then(Value::as_str).unwrap_or_default();
        if kind.starts_with(PROBLEM) {
            problem.remove("request");
            *body = Value::Object(problem).to_string().into();
        }
    }
    shown
}

/// What two runs agree in, of that what an expectation can leave out.
pub(crate) fn agreed(one: &Value, other: &Value) -> Value {
    let (one, other) = (&without_request(one), &without_request(other));
    let (Value::Object(one), Value::Object(other)) = (one, other) else { return one.clone() };
    let kept = one.iter().filter_map(|(key, value)| {
        let same = other.get(key)?;
        match key.as_str() {
            "used" | "input" => None,
            loose if LOOSE.contains(&loose) => Some((key.clone(), agreed_fields(value, same))),
            _ => (value == same).then(|| (key.clone(), value.clone())),
        }
    });
    Value::Object(kept.collect())
}

fn agreed_fields(one: &Value, other: &Value) -> Value {
    let (Value::Object(one), Value::Object(other)) = (one, other) else { return one.clone() };
    let kept = one.iter().filter(|(key, value)| other.get(*key) == Some(value));
    Value::Object(kept.map(|(key, value)| (key.clone(), value.clone())).collect())
}

fn within(at: &str, expected: &Value, came: &Value, found: &mut Vec<Difference>) {
    let Value::Object(fields) = expected else { return compare(at, expected, came, found) };
    for (key, expected) in fields {
        let place = if at.is_empty() { key.clone() } else { format!("{at}/{key}") };
        match came.get(key) {
            Some(came) if at.is_empty() && LOOSE.contains(&key.as_str()) => within(&place, expected, came, found),
            Some(came) => compare(&place, expected, came, found),
            None => found.push(Difference { at: place, expected: Some(expected.clone()), came: None }),
        }
    }
}

/// Compares all of two values, down to the places where they differ.
fn compare(at: &str, expected: &Value, came: &Value, found: &mut Vec<Difference>) {
    match (expected, came) {
        (Value::Object(left), Value::Object(right)) => {
            let more = right.keys().filter(|key| !left.contains_key(*key));
            for key in left.keys().chain(more) {
                one(&format!("{at}/{key}"), left.get(key), right.get(key), found);
            }
        }
        (Value::Array(left), Value::Array(right)) => {
            for place in 0..left.len().max(right.len()) {
                one(&format!("{at}/{place}"), left.get(place), right.get(place), found);
            }
        }
        (left, right) => one(at, Some(left), Some(right), found),
    }
}

fn one(at: &str, expected: Option<&Value>, came: Option<&Value>, found: &mut Vec<Difference>) {
    match (expected, came) {
        (Some(left), Some(right)) if left == right => (),
        (Some(left @ (Value::Object(_) | Value::Array(_))), Some(right))
            if std::mem::discriminant(left) == std::mem::discriminant(right) =>
        {
            compare(at, left, right, found);
        }
        _ => found.push(Difference { at: at.to_owned(), expected: expected.cloned(), came: came.cloned() }),
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |value: &Option<Value>| value.as_ref().map_or_else(|| "nothing".to_owned(), Value::to_string);
        let Self { at, expected, came } = self;
        write!(f, "{at}\n  expected {}\n  got      {}", text(expected), text(came))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn differing(expected: Value, came: &Value) -> Vec<String> {
        Expectation::Whole(expected).differences(came).into_iter().map(|difference| difference.at).collect()
    }

    #[test]
    fn an_expectation_is_compared_in_what_it_says_and_transactions_whole() {
        let came = json!({
            "outcome": "accept", "transactions": [{ "id": "1", "amount": "2.50" }],
            "reply": { "status": 202, "body": "x" }, "used": { "micros": 7 },
        });
        assert_eq!(differing(json!({ "outcome": "accept", "reply": { "status": 202 } }), &came), [""; 0]);
        assert_eq!(
            differing(json!({ "reply": { "status": 200, "field": 1 } }), &came),
            ["reply/field", "reply/status"]
        );
        assert_eq!(differing(json!({ "transactions": [{ "id": "1" }] }), &came), ["transactions/0/amount"]);
        let two = json!({ "transactions": [{ "id": "1", "amount": "2.5" }, { "id": "2" }], "message": {} });
        assert_eq!(differing(two, &came), ["message", "transactions/0/amount", "transactions/1"]);
    }

    #[test]
    fn a_difference_shows_both_sides() {
        let came = json!({ "outcome": "reject", "refusal": { "code": "wrong" } });
        let found = |text: &str| Expectation::given(text).unwrap().differences(&came);
        assert_eq!(found("accept")[0].to_string(), "outcome\n  expected \"accept\"\n  got      \"reject\"");
        assert_eq!(found("reject:late")[0].to_string(), "refusal/code\n  expected \"late\"\n  got      \"wrong\"");
        assert_eq!((found("reject").len(), found("reject:wrong").len()), (0, 0));
        let error = format!("{:#}", Expectation::given("acept").unwrap_err());
        assert!(error.contains("it would be accept, answer"), "{error}");
    }

    #[test]
    fn the_request_of_a_problem_document_is_not_compared_and_not_written_down() {
        let run = |id: &str, status: u32| {
            let body = format!(r#"{{"type":"urn:tallygate:problem:late","status":{status},"request":"{id}"}}"#);
            json!({ "outcome": "reject", "reply": { "status": status, "body": body } })
        };
        assert_eq!(differing(run("a", 422), &run("b", 422)), [""; 0]);
        assert_eq!(differing(run("a", 422), &run("b", 400)), ["reply/body", "reply/status"]);
        let written = agreed(&run("a", 422), &run("b", 422));
        assert!(written["reply"]["body"].as_str().is_some_and(|body| !body.contains("request")), "{written}");
        assert_eq!(differing(written, &run("c", 422)), [""; 0]);
        let others = json!({ "reply": { "body": r#"{"type":"other","request":"a"}"# } });
        assert_eq!(differing(others, &json!({ "reply": { "body": "{}" } })), ["reply/body"]);
    }

    #[test]
    fn what_two_runs_differ_in_is_not_expected_of_a_third() {
        let run = |signature: &str, micros: u32| json!({ "outcome": "answer", "reply": { "status": 200, "body": signature }, "used": { "micros": micros } });
        assert_eq!(agreed(&run("a", 1), &run("b", 2)), json!({ "outcome": "answer", "reply": { "status": 200 } }));
    }
}
