//! A record of the log: the headers it carries, and how the fold reads it.

use std::borrow::Cow;

use serde::Deserialize;

use crate::day::Day;
use crate::envelope::{Head, Line};
use crate::identity::Identity;
use crate::money::{Amount, Currency};
use crate::number::RecordNumber;
use crate::own_json;

/// The header with the record's number. It stands first, so that the fold finds it at once.
pub const NUMBER: &str = "tallygate-number";
/// The header with the policy and its version, `json@<content hash>`. It stands second.
pub const POLICY: &str = "tallygate-policy";
/// The header with the generation's number.
pub const GENERATION: &str = "tallygate-generation";
/// The header of a dead letter that says why it is one.
pub const REASON: &str = "tallygate-reason";
/// The header of a dead letter that says where in the log it stands: `partition/offset`.
pub const ORIGIN: &str = "tallygate-origin";

/// The header of a part of what does not read and is larger than a record may be: `2/16`, from 1.
pub const PART: &str = "tallygate-part";

/// What the headers of a message's records say, most of it alike in all of them.
#[derive(Clone, Debug)]
pub struct MessageHeaders<'m> {
    head: Head<'m>,
    policy: String,
    generation: String,
    source: String,
}

impl<'m> MessageHeaders<'m> {
    /// Of the records of the message with this head, in this generation of the log.
    pub fn new(head: Head<'m>, generation: u32) -> Self {
        let policy = format!("{}@{}", head.policy, head.version);
        let source = format!("/{}/{}", head.partner, head.policy);
        Self { head, policy, generation: generation.to_string(), source }
    }

    /// Those of one record, in their order: CloudEvents 1.0 in binary mode, and our own.
    pub fn of<'a>(&'a self, line: &'a Line<'_>, ordinal: u32) -> [(&'static str, Cow<'a, str>); 10] {
        let number = RecordNumber { message: self.head.number, ordinal };
        [
            (NUMBER, number.to_string().into()),
            (POLICY, (&*self.policy).into()),
            (GENERATION, (&*self.generation).into()),
            ("ce_specversion", "1.0".into()),
            ("ce_id", (&*line.id).into()),
            ("ce_source", (&*self.source).into()),
            ("ce_type", (&*line.kind).into()),
            ("ce_time", (&*line.time).into()),
            ("content-type", "application/json".into()),
            ("traceparent", (&*self.head.traceparent).into()),
        ]
    }

    /// Where the records come from.
    pub fn head(&self) -> &Head<'m> {
        &self.head
    }
}

/// What the fold reads of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry<'a> {
    /// The record's number.
    pub number: RecordNumber,
    /// The transaction's identity.
    pub identity: Identity,
    /// The partner that sent it.
    pub partner: Cow<'a, str>,
    /// The business day.
    pub day: Day,
    /// The key.
    pub key: Cow<'a, str>,
    /// The amount.
    pub amount: Amount,
    /// Its currency.
    pub currency: Currency,
}

/// A record that does not read as one of ours.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {problem}")]
pub struct Unreadable {
    /// The header or field.
    pub field: &'static str,
    /// What is wrong with it.
    pub problem: String,
    /// The record's number, where that reads.
    pub number: Option<RecordNumber>,
}

#[derive(Debug, Deserialize, PartialEq, Eq)]
struct Wire<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
    day: &'a str,
    #[serde(borrow)]
    key: Cow<'a, str>,
    amount: &'a str,
    currency: &'a str,
    #[serde(borrow)]
    partner: Cow<'a, str>,
}

impl<'a> Wire<'a> {
    /// Nearly always it is as we write it.
    fn read(value: &'a [u8]) -> Result<Self, Unreadable> {
        match own_json::read(value) {
            Some(own_json::Fields { id, day, key, amount, currency, partner }) => {
                Ok(Self { id: id.into(), day, key: key.into(), amount, currency, partner: partner.into() })
            }
            None => Self::of_any_json(value),
        }
    }

    fn of_any_json(value: &'a [u8]) -> Result<Self, Unreadable> {
        serde_json::from_slice(value).map_err(|e| unreadable("value", e))
    }
}

impl<'a> Entry<'a> {
    /// Reads a record from its number header, its policy header and its value.
    ///
    /// # Errors
    /// The first header or field that does not read.
    pub fn read(number: Option<&[u8]>, policy: Option<&[u8]>, value: &'a [u8]) -> Result<Self, Unreadable> {
        let number = header(NUMBER, number)?.parse().map_err(|e| unreadable(NUMBER, e))?;
        Self::read_numbered(number, policy, value).map_err(|problem| Unreadable { number: Some(number), ..problem })
    }

    fn read_numbered(number: RecordNumber, policy: Option<&[u8]>, value: &'a [u8]) -> Result<Self, Unreadable> {
        let policy = header(POLICY, policy)?;
        let (policy, _) = policy.split_once('@').ok_or_else(|| unreadable(POLICY, "must be name@version"))?;
        let wire = Wire::read(value)?;
        Ok(Self {
            number,
            identity: Identity::of(&wire.partner, policy, &wire.id),
            partner: wire.partner,
            day: wire.day.parse().map_err(|e| unreadable("day", e))?,
            key: wire.key,
            amount: wire.amount.parse().map_err(|e| unreadable("amount", e))?,
            currency: wire.currency.parse().map_err(|e| unreadable("currency", e))?,
        })
    }
}

fn header<'h>(name: &'static str, value: Option<&'h [u8]>) -> Result<&'h str, Unreadable> {
    let value = value.ok_or_else(|| unreadable(name, "is missing"))?;
    std::str::from_utf8(value).map_err(|e| unreadable(name, e))
}

fn unreadable(field: &'static str, problem: impl std::fmt::Display) -> Unreadable {
    Unreadable { field, problem: problem.to_string(), number: None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const VALUE: &[u8] = br#"{"id":"a-1","time":"2026-11-22T23:30:00Z","day":"2026-11-23","key":"HR\"1","amount":"12.50","currency":"EUR","type":"sale","partner":"shop-1","attributes":{"till":"7"}}"#;
    const NUMBER_TEXT: &[u8] = b"0192f0c1a2b37c4d8e5f60718293a4b5/42/7";

    #[test]
    fn a_record_has_these_headers_in_this_order() {
        let head = Head {
            number: "0192f0c1a2b37c4d8e5f60718293a4b5/42".parse().unwrap(),
            partner: "shop-1".into(),
            policy: "json".into(),
            version: "abc".into(),
            traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".into(),
        };
        let line =
            Line { id: "a-1".into(), time: "2026-11-22T23:30:00Z".into(), key: "HR1".into(), kind: "sale".into() };
        let headers = MessageHeaders::new(head, 3);
        let written = headers.of(&line, 7).map(|(name, value)| format!("{name}: {value}"));
        assert_eq!(
            written,
            [
                "tallygate-number: 0192f0c1a2b37c4d8e5f60718293a4b5/42/7",
                "tallygate-policy: json@abc",
                "tallygate-generation: 3",
                "ce_specversion: 1.0",
                "ce_id: a-1",
                "ce_source: /shop-1/json",
                "ce_type: sale",
                "ce_time: 2026-11-22T23:30:00Z",
                "content-type: application/json",
                "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            ]
        );
    }

    #[test]
    fn reads_a_record_as_it_was_shipped() {
        let entry = Entry::read(Some(NUMBER_TEXT), Some(b"json@abc"), VALUE).unwrap();
        assert_eq!(entry.identity, Identity::of("shop-1", "json", "a-1"));
        assert_eq!((entry.number.ordinal, &*entry.key, entry.day.to_string()), (7, "HR\"1", "2026-11-23".into()));
        assert_eq!(entry.amount.units(), 12_500_000_000);
    }

    #[test]
    fn names_what_does_not_read() {
        let field = |number, policy, value| Entry::read(number, policy, value).unwrap_err().field;
        assert_eq!(field(None, Some(b"json@a"), VALUE), NUMBER);
        assert_eq!(field(Some(NUMBER_TEXT), Some(b"json"), VALUE), POLICY);
        assert_eq!(field(Some(NUMBER_TEXT), Some(b"json@a"), b"{}"), "value");
        let number = |number| Entry::read(number, Some(b"json@a"), b"{}").unwrap_err().number;
        assert_eq!(number(Some(NUMBER_TEXT)).map(|number| number.ordinal), Some(7));
        assert_eq!(number(Some(b"x")), None);
    }

    /// What we write, and what somebody may have made of it.
    fn changed() -> impl Strategy<Value = Vec<u8>> {
        let plain = r#"{"id":"a-1","time":"2026-11-22T23:30:00Z","day":"2026-11-23","key":"HR 1č","amount":"12.50","currency":"EUR","type":"sale","partner":"shop-1","attributes":{"till":"7","note":""}}"#;
        let pieces = ["", "\"", "\\", "\\\"", "\n", "}", "{}", ",", ",\"key\":\"x\"", " ", "č", "\u{7f}", "null"];
        let bytes = prop_oneof![
            proptest::sample::select(pieces.map(|piece| piece.as_bytes().to_vec()).to_vec()),
            proptest::collection::vec(any::<u8>(), 0..3),
        ];
        (0..=plain.len(), 0..12_usize, bytes, any::<bool>()).prop_map(move |(at, gone, put, is_changed)| {
            let mut value = plain.as_bytes().to_vec();
            if is_changed {
                value.splice(at..(at + gone).min(plain.len()), put);
            }
            value
        })
    }

    #[test]
    fn what_we_write_is_read_by_the_order_of_its_fields() {
        let drafts = [vec![], vec![("till", "7")], vec![("till", "7"), ("note", "{\u{7f}č}")]];
        for attributes in drafts {
            let draft = crate::Draft {
                id: "a-1".into(),
                time: "2026-11-22T23:30:00Z".into(),
                key: "HR1".into(),
                amount: "12.50".into(),
                currency: "EUR".into(),
                kind: "sale".into(),
                attributes: attributes.into_iter().map(|(name, value)| (name.into(), value.into())).collect(),
                ..crate::Draft::default()
            };
            let json = &crate::Transaction::check_all(vec![draft], "shop-1", &"UTC".parse().unwrap()).unwrap()[0].json;
            assert!(own_json::read(json.as_bytes()).is_some(), "{json}");
            assert_eq!(Wire::read(json.as_bytes()), Wire::of_any_json(json.as_bytes()));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_000))]

        #[test]
        fn what_is_read_by_the_order_of_its_fields_is_what_any_reader_of_json_reads(value in changed()) {
            if own_json::read(&value).is_some() {
                prop_assert_eq!(Wire::read(&value), Wire::of_any_json(&value));
            }
        }
    }

    proptest! {
        #[test]
        fn reading_never_panics(value in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = Entry::read(Some(NUMBER_TEXT), Some(b"json@abc"), &value);
        }
    }
}
