//! A queue message: one request's transactions, as lines of JSON behind a line that says where they come from.
//!
//! The first line is the head, every further line one transaction exactly as it will stand on the stream.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::limits::{MESSAGE_BYTES, TRANSACTION_BYTES};
use crate::number::{MessageNumber, NotANumber};
use crate::own_json::Rest;
use crate::transaction::Transaction;

const FORMAT: u32 = 1;
/// What a head of this format begins with.
const OPENING: &str = "{\"tallygate\":1,\"number\":\"";
/// As much of another format is told.
const FORMAT_CHARS: usize = 32;

/// Where the transactions of a message come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head<'a> {
    /// The message's number.
    pub number: MessageNumber,
    /// The partner that sent it.
    pub partner: Cow<'a, str>,
    /// The policy that read it: its name for life.
    pub policy: Cow<'a, str>,
    /// The content hash of the policy's version.
    pub version: Cow<'a, str>,
    /// The W3C trace context it came with or was given.
    pub traceparent: Cow<'a, str>,
}

/// A message taken apart.
#[derive(Debug)]
pub struct Envelope<'a> {
    /// Where it comes from.
    pub head: Head<'a>,
    lines: &'a str,
}

/// What a line of an envelope says of its transaction, as far as shipping it needs.
#[derive(Debug, Deserialize)]
pub struct Line<'a> {
    /// The partner's id.
    #[serde(borrow)]
    pub id: Cow<'a, str>,
    /// RFC 3339 with offset.
    #[serde(borrow)]
    pub time: Cow<'a, str>,
    /// The key.
    #[serde(borrow)]
    pub key: Cow<'a, str>,
    /// The kind.
    #[serde(borrow, rename = "type")]
    pub kind: Cow<'a, str>,
}

/// The bytes are no envelope, or too many.
#[derive(Debug, thiserror::Error)]
pub enum BadEnvelope {
    /// The first line does not read as a head.
    #[error("queue message: the first line is no head: {0}")]
    Head(String),
    /// There is nothing behind the head, and nobody sends nothing.
    #[error("queue message: it holds no transaction")]
    Empty,
    /// The format is of another release; the message is sound, and that release reads it.
    #[error("queue message: format {0} is unknown here, {FORMAT} would be right")]
    Format(String),
    /// More than the queue takes.
    #[error("must have at most {MESSAGE_BYTES} bytes in all once normalised, has {0}")]
    TooLarge(usize),
}

/// What the heads of all formats have; another release may write it as a number or as a text.
#[derive(Deserialize)]
struct WireFormat {
    tallygate: serde_json::Value,
}

#[derive(Serialize, Deserialize)]
struct WireHead<'a> {
    tallygate: u32,
    #[serde(borrow)]
    number: Cow<'a, str>,
    #[serde(borrow)]
    partner: Cow<'a, str>,
    #[serde(borrow)]
    policy: Cow<'a, str>,
    #[serde(borrow)]
    version: Cow<'a, str>,
    #[serde(borrow)]
    traceparent: Cow<'a, str>,
}

impl<'a> WireHead<'a> {
    /// As [`encode`] writes it.
    fn own(json: &'a str) -> Option<Self> {
        let mut json = Rest::new(json);
        let mut text = |opening| json.plain_string(opening).map(Cow::Borrowed);
        let number = text(OPENING)?;
        let (partner, policy) = (text(",\"partner\":\"")?, text(",\"policy\":\"")?);
        let (version, traceparent) = (text(",\"version\":\"")?, text(",\"traceparent\":\"")?);
        let head = Self { tallygate: FORMAT, number, partner, policy, version, traceparent };
        json.is("}").then_some(head)
    }
}

/// Writes a message.
///
/// # Errors
/// [`BadEnvelope::TooLarge`] above [`MESSAGE_BYTES`].
pub fn encode(head: &Head<'_>, transactions: &[Transaction]) -> Result<Vec<u8>, BadEnvelope> {
    let wire = WireHead {
        tallygate: FORMAT,
        number: head.number.to_string().into(),
        partner: Cow::Borrowed(&head.partner),
        policy: Cow::Borrowed(&head.policy),
        version: Cow::Borrowed(&head.version),
        traceparent: Cow::Borrowed(&head.traceparent),
    };
    let mut bytes = serde_json::to_vec(&wire).map_err(|e| BadEnvelope::Head(e.to_string()))?;
    bytes.reserve(transactions.iter().map(|t| t.json.len() + 1).sum());
    for transaction in transactions {
        bytes.push(b'\n');
        bytes.extend_from_slice(transaction.json.as_bytes());
    }
    if bytes.len() > MESSAGE_BYTES {
        return Err(BadEnvelope::TooLarge(bytes.len()));
    }
    Ok(bytes)
}

/// Takes a message apart without copying it.
///
/// # Errors
/// [`BadEnvelope::Format`] when it is of another format, whatever else is in it; else why its head does not read.
pub fn decode(bytes: &[u8]) -> Result<Envelope<'_>, BadEnvelope> {
    decode_ours(bytes).map_err(|bad| other_format(bytes).map_or(bad, BadEnvelope::Format))
}

fn other_format(bytes: &[u8]) -> Option<String> {
    let first = bytes.split(|byte| *byte == b'\n').next()?;
    let WireFormat { tallygate } = serde_json::from_slice(first).ok()?;
    let format = match tallygate {
        serde_json::Value::Number(number) => number.to_string(),
        serde_json::Value::String(text) => text.chars().take(FORMAT_CHARS).collect(),
        _ => return None,
    };
    (!format.is_empty() && format != FORMAT.to_string()).then_some(format)
}

fn decode_ours(bytes: &[u8]) -> Result<Envelope<'_>, BadEnvelope> {
    let text = std::str::from_utf8(bytes).map_err(|e| BadEnvelope::Head(e.to_string()))?;
    let (first, lines) = text.split_once('\n').unwrap_or((text, ""));
    let wire = match WireHead::own(first) {
        Some(wire) => wire,
        None => serde_json::from_str(first).map_err(|e| BadEnvelope::Head(e.to_string()))?,
    };
    if wire.tallygate != FORMAT {
        return Err(BadEnvelope::Format(wire.tallygate.to_string()));
    }
    if lines.is_empty() {
        return Err(BadEnvelope::Empty);
    }
    let number = wire.number.parse().map_err(|e: NotANumber| BadEnvelope::Head(e.to_string()))?;
    let WireHead { partner, policy, version, traceparent, .. } = wire;
    Ok(Envelope { head: Head { number, partner, policy, version, traceparent }, lines })
}

impl<'a> Envelope<'a> {
    /// The transactions' JSON, in the order of their ordinals.
    pub fn lines(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        self.lines.split_terminator('\n')
    }
}

impl<'a> Line<'a> {
    /// Reads what shipping needs of a transaction's JSON. Of one as we write them, attributes are not looked at.
    ///
    /// # Errors
    /// Why it does not read.
    pub fn read(json: &'a str) -> Result<Self, serde_json::Error> {
        match Self::own(json) {
            Some(line) => Ok(line),
            None => serde_json::from_str(json),
        }
    }

    /// As [`Transaction`] writes it.
    fn own(json: &'a str) -> Option<Self> {
        if json.len() > TRANSACTION_BYTES || !json.ends_with("}}") {
            return None;
        }
        let mut json = Rest::new(json);
        let mut text = |opening| json.plain_string(opening).map(Cow::Borrowed);
        let (id, time) = (text("{\"id\":\"")?, text(",\"time\":\"")?);
        text(",\"day\":\"")?;
        let key = text(",\"key\":\"")?;
        text(",\"amount\":\"")?;
        text(",\"currency\":\"")?;
        Some(Self { id, time, key, kind: text(",\"type\":\"")? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::number::Run;
    use crate::transaction::Draft;

    fn message() -> Vec<u8> {
        let draft = |id: &str| Draft {
            id: id.into(),
            time: "2026-11-22T23:30:00Z".into(),
            key: "a\nb\"".replace('\n', " "),
            amount: "1".into(),
            currency: "EUR".into(),
            kind: "sale".into(),
            ..Draft::default()
        };
        let zone = "UTC".parse().unwrap();
        let transactions = Transaction::check_all(vec![draft("1"), draft("2")], "shop-1", &zone).unwrap();
        let head = Head {
            number: MessageNumber { run: Run(7), sequence: 42 },
            partner: "shop-1".into(),
            policy: "json".into(),
            version: "abc".into(),
            traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".into(),
        };
        encode(&head, &transactions).unwrap()
    }

    #[test]
    fn a_message_has_this_form() {
        let text = String::from_utf8(message()).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 3);
        assert_eq!(
            lines[0],
            r#"{"tallygate":1,"number":"00000000000000000000000000000007/42","partner":"shop-1","policy":"json","version":"abc","traceparent":"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}"#
        );
    }

    #[test]
    fn reads_back_what_it_wrote() {
        let bytes = message();
        let envelope = decode(&bytes).unwrap();
        assert_eq!(envelope.head.number.sequence, 42);
        let ids: Vec<String> = envelope.lines().map(|l| Line::read(l).unwrap().id.into_owned()).collect();
        assert_eq!(ids, ["1", "2"]);
    }

    #[test]
    fn what_we_write_is_read_without_looking_at_the_rest() {
        let bytes = message();
        let text = std::str::from_utf8(&bytes).unwrap();
        let (head, lines) = text.split_once('\n').unwrap();
        assert!(WireHead::own(head).is_some(), "{head}");
        let line = lines.lines().next().unwrap().replace("a b\\\"", "žut");
        let own = Line::own(&line).unwrap();
        let read: Line<'_> = serde_json::from_str(&line).unwrap();
        assert_eq!((own.id, own.time, own.key, own.kind), (read.id, read.time, read.key, read.kind), "{line}");
    }

    #[test]
    fn what_others_write_is_read_as_any_json() {
        let line = Line::read(r#"{"type":"sale", "key":"\u0061", "time":"t", "id":"1"}"#).unwrap();
        assert_eq!((&*line.id, &*line.key), ("1", "a"));
        let whole = r#"{"id":"1","time":"t","day":"d","key":"k","amount":"1","currency":"EUR","type":"sale","partner":"p","attributes":{}}"#;
        assert!(Line::read(whole).is_ok());
        assert!(Line::read(&whole[..whole.len() - 1]).is_err(), "it was cut off");
        let head = r#"{"partner":"p", "policy":"json","version":"v","traceparent":"t","number":"00000000000000000000000000000007/42","tallygate":1}"#;
        assert_eq!(decode(format!("{head}\n{whole}").as_bytes()).unwrap().head.number.sequence, 42);
    }

    #[test]
    fn refuses_another_format_and_garbage() {
        let other = String::from_utf8(message()).unwrap().replacen(":1,", ":2,", 1);
        let format = |bytes: &[u8]| match decode(bytes) {
            Err(BadEnvelope::Format(format)) => Some(format),
            _ => None,
        };
        assert_eq!(format(other.as_bytes()).as_deref(), Some("2"));
        assert_eq!(format(b"{\"tallygate\":3,\"packed\":\"zstd\"}\n\xff\xfe").as_deref(), Some("3"));
        assert_eq!(format(b"{\"tallygate\":\"2\"}\n\xff\xfe").as_deref(), Some("2"), "as a text, too");
        assert_eq!(format(b"{\"tallygate\":18446744073709551615}").as_deref(), Some("18446744073709551615"));
        for garbage in ["{\"tallygate\":null}", "{\"tallygate\":\"\"}", "{\"tallygate\":[2]}"] {
            assert_eq!(format(garbage.as_bytes()), None, "{garbage}");
        }
        assert!(decode(b"\xff\xfe").is_err());
        assert!(decode(b"{}").is_err());
        let whole = message();
        let head = whole.split(|byte| *byte == b'\n').next().unwrap();
        assert!(matches!(decode(head), Err(BadEnvelope::Empty)), "what holds nothing vanishes in no silence");
        assert!(matches!(decode(&[head, b"\n"].concat()), Err(BadEnvelope::Empty)));
    }
}
