//! A normalised transaction: what a policy drafted, checked against every limit of queue, stream and store.

use std::collections::HashSet;
use std::fmt;

use serde::Serialize;

use crate::day::{Day, Zone};
use crate::limits::{NAME_BYTES, TRANSACTION_BYTES};
use crate::moment::Moment;
use crate::money::{Amount, Currency};

/// What a policy says a transaction is; nothing of it is checked yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Draft {
    /// The same again when the partner sends the transaction again.
    pub id: String,
    /// RFC 3339 with offset.
    pub time: String,
    /// `YYYY-MM-DD`; without it the day comes from the time, in the gateway's zone.
    pub day: Option<String>,
    /// What the sums are kept by.
    pub key: String,
    /// Plain decimal text.
    pub amount: String,
    /// Three capital letters.
    pub currency: String,
    /// The kind of transaction: words with dots between, such as `hr.racun`.
    pub kind: String,
    /// Anything else worth keeping, by name.
    pub attributes: Vec<(String, String)>,
}

/// A transaction that keeps every rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transaction {
    /// The partner's id of it.
    pub id: String,
    /// The business day it counts on.
    pub day: Day,
    /// The key it counts under.
    pub key: String,
    /// What it counts.
    pub amount: Amount,
    /// The currency of the amount.
    pub currency: Currency,
    /// Its JSON as it stands on the stream, on one line.
    pub json: String,
}

/// What is wrong with a draft: the field, and what would be right.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {problem}")]
pub struct Violation {
    /// The field, as `transactions/3/amount`.
    pub field: String,
    /// What it must be.
    pub problem: String,
}

/// The JSON of a transaction, on queue and stream. Field order is part of the format.
#[derive(Serialize)]
struct Wire<'a> {
    id: &'a str,
    time: &'a str,
    day: String,
    key: &'a str,
    amount: &'a str,
    currency: &'a str,
    #[serde(rename = "type")]
    kind: &'a str,
    partner: &'a str,
    attributes: Attributes<'a>,
}

struct Attributes<'a>(&'a [(String, String)]);

impl Serialize for Attributes<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

impl Transaction {
    /// Checks all drafts of one message, none of which may share an id.
    ///
    /// # Errors
    /// The first field that breaks a rule; then nothing of the message may be queued.
    pub fn check_all(drafts: Vec<Draft>, partner: &str, zone: &Zone) -> Result<Vec<Self>, Violation> {
        let mut ids = HashSet::with_capacity(drafts.len());
        for (place, draft) in drafts.iter().enumerate() {
            if !ids.insert(draft.id.as_str()) {
                return Err(at(place, "id", format_args!("{:?} stands twice in this message", shortened(&draft.id))));
            }
        }
        drafts.iter().enumerate().map(|(place, draft)| Self::check(draft, place, partner, zone)).collect()
    }

    fn check(draft: &Draft, place: usize, partner: &str, zone: &Zone) -> Result<Self, Violation> {
        for (field, text) in [("id", &draft.id), ("key", &draft.key), ("type", &draft.kind)] {
            name(text).map_err(|problem| at(place, field, problem))?;
        }
        dotted(&draft.kind).map_err(|problem| at(place, "type", problem))?;
        let moment: Moment = draft.time.parse().map_err(|problem| at(place, "time", problem))?;
        let day = match &draft.day {
            Some(day) => day.parse().map_err(|problem| at(place, "day", problem))?,
            None => zone.day(moment),
        };
        let amount: Amount = draft.amount.parse().map_err(|problem| at(place, "amount", problem))?;
        let currency: Currency = draft.currency.parse().map_err(|problem| at(place, "currency", problem))?;
        attributes(&draft.attributes).map_err(|problem| at(place, "attributes", problem))?;
        let wire = Wire {
            id: &draft.id,
            time: &draft.time,
            day: day.to_string(),
            key: &draft.key,
            amount: if amount.units() == 0 { draft.amount.trim_start_matches('-') } else { &draft.amount },
            currency: &draft.currency,
            kind: &draft.kind,
            partner,
            attributes: Attributes(&draft.attributes),
        };
        let json = serde_json::to_string(&wire).map_err(|problem| at(place, "attributes", problem))?;
        if json.len() > TRANSACTION_BYTES {
            let problem = format!("must have at most {TRANSACTION_BYTES} bytes as JSON, has {}", json.len());
            return Err(Violation { field: format!("transactions/{place}"), problem });
        }
        Ok(Self { id: draft.id.clone(), day, key: draft.key.clone(), amount, currency, json })
    }
}

/// Whether the text may be an id, a key or a name: 1 to 256 bytes without control characters.
///
/// # Errors
/// What would be right.
pub fn name(text: &str) -> Result<(), String> {
    if text.is_empty() || text.len() > NAME_BYTES {
        return Err(format!("must have 1 to {NAME_BYTES} bytes, has {}", text.len()));
    }
    if text.chars().any(char::is_control) {
        return Err("must not hold control characters".to_owned());
    }
    Ok(())
}

/// Whether the text is words with dots between them.
fn dotted(kind: &str) -> Result<(), String> {
    let word = |word: &str| !word.is_empty() && word.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_'));
    if kind.split('.').all(word) {
        return Ok(());
    }
    Err(format!(
        "must be words of letters, digits, - and _ with dots between, such as hr.racun, is {:?}",
        shortened(kind)
    ))
}

fn attributes(attributes: &[(String, String)]) -> Result<(), String> {
    let mut names = HashSet::with_capacity(attributes.len());
    for (attribute, _) in attributes {
        name(attribute).map_err(|problem| format!("a name {problem}"))?;
        if !names.insert(attribute) {
            return Err(format!("{attribute:?} stands twice"));
        }
    }
    Ok(())
}

fn at(place: usize, field: &str, problem: impl fmt::Display) -> Violation {
    Violation { field: format!("transactions/{place}/{field}"), problem: problem.to_string() }
}

fn shortened(text: &str) -> String {
    text.chars().take(64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft() -> Draft {
        Draft {
            id: "a-1".into(),
            time: "2026-11-22T23:30:00Z".into(),
            key: "HR1".into(),
            amount: "12.50".into(),
            currency: "EUR".into(),
            kind: "sale".into(),
            attributes: vec![("till".into(), "7\"\n".into())],
            ..Draft::default()
        }
    }

    fn check(draft: Draft) -> Result<Transaction, Violation> {
        let zone = "Europe/Zagreb".parse().unwrap();
        Transaction::check_all(vec![draft], "shop-1", &zone).map(|mut all| all.remove(0))
    }

    #[test]
    fn the_json_on_the_stream_has_this_form() {
        assert_eq!(
            check(draft()).unwrap().json,
            r#"{"id":"a-1","time":"2026-11-22T23:30:00Z","day":"2026-11-23","key":"HR1","amount":"12.50","currency":"EUR","type":"sale","partner":"shop-1","attributes":{"till":"7\"\n"}}"#
        );
    }

    #[test]
    fn names_the_field_that_breaks_a_rule() {
        type Break = fn(&mut Draft);
        let cases: [(&str, Break); 10] = [
            ("id", |d| d.id.clear()),
            ("id", |d| d.id = "x".repeat(257)),
            ("key", |d| d.key = "a\u{85}b".into()),
            ("type", |d| d.kind.clear()),
            ("type", |d| d.kind = "Hr Racun".into()),
            ("time", |d| d.time = "yesterday".into()),
            ("day", |d| d.day = Some("2026-02-30".into())),
            ("amount", |d| d.amount = "1e3".into()),
            ("currency", |d| d.currency = "eur".into()),
            ("attributes", |d| d.attributes.push(("till".into(), String::new()))),
        ];
        for (field, breaks) in cases {
            let mut draft = draft();
            breaks(&mut draft);
            assert_eq!(check(draft).unwrap_err().field, format!("transactions/0/{field}"));
        }
    }

    #[test]
    fn a_kind_is_words_with_dots_between() {
        for kind in ["sale", "hr.racun", "iso20022.pain-001.v3", "račun", "A_b"] {
            assert!(check(Draft { kind: kind.into(), ..draft() }).is_ok(), "{kind}");
        }
        for kind in ["hr racun", ".sale", "sale.", "a..b", "a/b", "urn:a"] {
            let violation = check(Draft { kind: kind.into(), ..draft() }).unwrap_err();
            assert!(violation.problem.ends_with(&format!("such as hr.racun, is {kind:?}")), "{violation}");
        }
    }

    #[test]
    fn refuses_a_transaction_larger_than_the_stream_takes() {
        let mut draft = draft();
        draft.attributes.push(("note".into(), "x".repeat(TRANSACTION_BYTES)));
        assert_eq!(check(draft).unwrap_err().field, "transactions/0");
    }

    #[test]
    fn rule_1_refuses_a_batch_that_repeats_an_id() {
        let zone = "UTC".parse().unwrap();
        let twice = Transaction::check_all(vec![draft(), draft()], "shop-1", &zone);
        assert_eq!(twice.unwrap_err().field, "transactions/1/id");
    }

    #[test]
    fn rule_3_a_negative_zero_is_zero() {
        let mut draft = draft();
        draft.amount = "-0.00".into();
        assert!(check(draft).unwrap().json.contains(r#""amount":"0.00""#));
    }
}
