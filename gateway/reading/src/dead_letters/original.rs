//! What a dead letter was made of: whose transaction it is, and the transaction.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;
use tallygate_core::Draft;
use tallygate_stream::Record;

use super::letter::DeadLetter;
use super::position::Position;
use super::transaction;
use crate::scan::header_text;
use crate::text::{as_instant, as_text};

/// A dead letter with all that it takes to replay it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Original {
    /// What the list says of it.
    pub letter: DeadLetter,
    /// The partner, as far as it is known.
    pub partner: Option<String>,
    /// The policy's name for life.
    pub policy: Option<String>,
    /// The policy's version.
    pub version: Option<String>,
    /// The partner's id.
    pub id: Option<String>,
    /// The key.
    pub key: Option<String>,
    /// The trace context that it came with.
    pub traceparent: Option<String>,
    value: Vec<u8>,
}

/// A line of an export. Field order is part of the format.
#[derive(Serialize)]
struct Line<'a> {
    #[serde(serialize_with = "as_text")]
    at: Position,
    origin: Option<&'a str>,
    #[serde(serialize_with = "as_instant")]
    appended: i64,
    reason: &'a str,
    partner: Option<&'a str>,
    policy: Option<&'a str>,
    version: Option<&'a str>,
    number: Option<&'a str>,
    key: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    transaction: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    base64: Option<String>,
}

impl Original {
    pub(super) fn read(record: &Record) -> Self {
        let letter = DeadLetter::read(record);
        let source = header_text(record, "ce_source").unwrap_or_default();
        // The headers know what a value that does not read cannot say.
        let sender = source.strip_prefix('/').and_then(|source| source.rsplit_once('/'));
        let named = letter.policy.as_deref().and_then(|policy| policy.split_once('@'));
        let key = || std::str::from_utf8(record.key()).ok().filter(|key| !key.is_empty()).map(str::to_owned);
        let seen = &letter.transaction;
        Self {
            partner: seen.partner.clone().or_else(|| sender.map(|(partner, _)| partner.to_owned())),
            policy: named.map(|(policy, _)| policy.to_owned()),
            version: named.map(|(_, version)| version.to_owned()),
            id: seen.id.clone().or_else(|| header_text(record, "ce_id")),
            key: seen.key.clone().or_else(key),
            traceparent: header_text(record, "traceparent"),
            value: record.value().to_vec(),
            letter,
        }
    }

    /// The transaction as it is.
    ///
    /// # Errors
    /// Why it does not read as one.
    pub fn draft(&self) -> Result<Draft, String> {
        transaction::read(&self.value).map(|(draft, _)| draft)
    }

    /// As a line of JSON, without its end.
    pub fn to_line(&self) -> String {
        let text = std::str::from_utf8(&self.value).ok();
        let transaction = text.and_then(object);
        let text = text.filter(|_| transaction.is_none());
        let base64 = (text.is_none() && transaction.is_none()).then(|| STANDARD.encode(&self.value));
        let line = Line {
            at: self.letter.at,
            origin: self.letter.origin.as_deref(),
            appended: self.letter.appended,
            reason: &self.letter.reason,
            partner: self.partner.as_deref(),
            policy: self.policy.as_deref(),
            version: self.version.as_deref(),
            number: self.letter.number.as_deref(),
            key: self.key.as_deref(),
            transaction,
            text,
            base64,
        };
        serde_json::to_string(&line).unwrap_or_default()
    }
}

/// A JSON object on one line, in its own words where it stands on one.
fn object(text: &str) -> Option<Box<RawValue>> {
    let value: Value = serde_json::from_str(text).ok()?;
    let one_line = if text.contains(['\n', '\r']) { value.to_string() } else { text.trim().to_owned() };
    value.is_object().then(|| RawValue::from_string(one_line).ok())?
}

#[cfg(test)]
mod tests {
    use tallygate_core::record;

    use super::*;

    const SALE: &str = r#"{"id":"a-1","time":"2026-11-22T23:30:00Z","day":"2026-11-23","key":"HR1","amount":"12.50","currency":"EUR","type":"sale","partner":"shop-1","attributes":{"z":"1","a":"2"}}"#;

    fn letter(value: &[u8]) -> Original {
        let headers: [(&str, &[u8]); 6] = [
            (record::NUMBER, b"00000000000000000000000000000007/42/0"),
            (record::POLICY, b"json@abc"),
            ("ce_id", b"a-1"),
            ("ce_source", b"/shop-1/json"),
            (record::REASON, b"outside the horizon"),
            (record::ORIGIN, b"2/104"),
        ];
        Original::read(&Record::new((2, 17, 1_795_375_181_500), b"HR1", &headers, value))
    }

    #[test]
    fn a_line_of_an_export_has_this_form() {
        let head = r#"{"at":"2/17","origin":"2/104","appended":"2026-11-22T19:19:41.500Z","reason":"outside the horizon","partner":"shop-1","policy":"json","version":"abc","number":"00000000000000000000000000000007/42/0","key":"HR1","#;
        assert_eq!(letter(SALE.as_bytes()).to_line(), format!("{head}\"transaction\":{SALE}}}"));
        assert_eq!(letter(b"{\"id\": \n1}").to_line(), format!("{head}\"transaction\":{{\"id\":1}}}}"));
        assert_eq!(letter(b"no \"json\"").to_line(), format!("{head}\"text\":\"no \\\"json\\\"\"}}"));
        assert_eq!(letter(b"\xff\xfe").to_line(), format!("{head}\"base64\":\"//4=\"}}"));
    }

    #[test]
    fn what_a_value_does_not_say_its_headers_do() {
        let original = letter(b"\xff");
        let known = [original.partner, original.policy, original.version, original.id, original.key];
        assert_eq!(known.map(Option::unwrap), ["shop-1", "json", "abc", "a-1", "HR1"]);
    }

    #[test]
    fn a_transaction_reads_as_it_is_with_its_attributes_in_order() {
        let draft = letter(SALE.as_bytes()).draft().unwrap();
        assert_eq!((&*draft.kind, draft.day.as_deref()), ("sale", Some("2026-11-23")));
        assert_eq!(draft.attributes, [("z".into(), "1".into()), ("a".into(), "2".into())]);
    }
}
