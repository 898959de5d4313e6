//! A line of an export, perhaps mended, as it comes back.

use serde::Deserialize;
use serde::de::IgnoredAny;
use tallygate_core::Draft;

use super::original::Original;
use super::position::Position;
use super::transaction::Wire;

/// A line that says which letter is replayed, and perhaps how it was mended.
#[derive(Debug)]
pub struct Mended {
    /// The letter.
    pub at: Position,
    line: Line,
}

/// A field that is not as it must be, and what would be right.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {problem}")]
pub struct Refused {
    /// The field, as `transaction.day`.
    pub field: String,
    /// What is wrong, and what would be right.
    pub problem: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    at: String,
    #[serde(rename = "origin")]
    _origin: Option<IgnoredAny>,
    #[serde(rename = "appended")]
    _appended: Option<IgnoredAny>,
    #[serde(rename = "reason")]
    _reason: Option<IgnoredAny>,
    partner: Option<String>,
    policy: Option<String>,
    version: Option<String>,
    #[serde(rename = "number")]
    _number: Option<IgnoredAny>,
    key: Option<String>,
    transaction: Option<Wire>,
    #[serde(rename = "text")]
    _text: Option<IgnoredAny>,
    #[serde(rename = "base64")]
    _base64: Option<IgnoredAny>,
}

impl Mended {
    /// Reads a line.
    ///
    /// # Errors
    /// What of it does not read.
    pub fn read(line: &str) -> Result<Self, Refused> {
        let read = serde_json::from_str(line).map_err(|error| refused("line", format!("does not read: {error}")));
        let line: Line = read?;
        let at = line.at.parse().map_err(|problem: String| refused("at", problem))?;
        Ok(Self { at, line })
    }

    /// The transaction to replay, which is still the letter's own: its partner, its policy and its id.
    ///
    /// # Errors
    /// What was changed that must not be, or does not read.
    pub fn draft(&self, original: &Original) -> Result<Draft, Refused> {
        let line = &self.line;
        for (field, said, own) in [
            ("partner", &line.partner, &original.partner),
            ("policy", &line.policy, &original.policy),
            ("version", &line.version, &original.version),
        ] {
            unchanged(field, said.as_deref(), own.as_deref())?;
        }
        if line.key.is_some() && line.key != original.key {
            return Err(refused("key", "is changed here, where nobody reads it; change transaction.key"));
        }
        let (draft, partner) = match &line.transaction {
            Some(wire) => wire.clone().split(),
            None => (original.draft().map_err(|problem| refused("transaction", problem))?, None),
        };
        unchanged("transaction.partner", partner.as_deref(), original.partner.as_deref())?;
        unchanged("transaction.id", Some(&draft.id), original.id.as_deref())?;
        Ok(draft)
    }
}

/// What makes the transaction the same one may not be changed, or it would count beside the letter's own.
fn unchanged(field: &str, said: Option<&str>, own: Option<&str>) -> Result<(), Refused> {
    match (said, own) {
        (Some(said), Some(own)) if said != own => Err(refused(
            field,
            format!("must stay {own:?}, is {said:?}: it is another transaction then, to be sent by its partner"),
        )),
        (Some(_), None) => {
            Err(refused(field, "is not known of the letter, so it cannot be replayed; its partner can send it again"))
        }
        _ => Ok(()),
    }
}

fn refused(field: &str, problem: impl Into<String>) -> Refused {
    Refused { field: field.to_owned(), problem: problem.into() }
}

#[cfg(test)]
mod tests {
    use tallygate_core::record;
    use tallygate_stream::Record;

    use super::*;

    const SALE: &str = r#"{"id":"a-1","time":"2026-11-22T23:30:00Z","day":"2026-11-23","key":"HR1","amount":"12.50","currency":"EUR","type":"sale","partner":"shop-1","attributes":{}}"#;

    fn original() -> Original {
        let headers: [(&str, &[u8]); 1] = [(record::POLICY, b"json@abc")];
        Original::read(&Record::new((2, 17, 0), b"HR1", &headers, SALE.as_bytes()))
    }

    fn draft(line: &str) -> Result<Draft, Refused> {
        Mended::read(line)?.draft(&original())
    }

    #[test]
    fn an_export_comes_back_as_it_is_and_mended() {
        let line = original().to_line();
        assert_eq!(draft(&line), original().draft().map_err(|_| unreachable!()));
        assert_eq!(draft(r#"{"at":"2/17"}"#), draft(&line), "a place alone is the letter as it is");
        let mended = draft(&line.replace("2026-11-23", "2026-11-24").replace("12.50", "13.50")).unwrap();
        assert_eq!((mended.day.as_deref(), &*mended.amount), (Some("2026-11-24"), "13.50"));
    }

    #[test]
    fn a_line_that_changes_whose_it_is_is_refused_by_field() {
        let line = original().to_line();
        let (head, transaction) = line.split_once("\"transaction\"").unwrap();
        let both = |head: &str, transaction: &str| format!("{head}\"transaction\"{transaction}");
        for (field, changed) in [
            ("partner", both(&head.replace("shop-1", "shop-2"), transaction)),
            ("policy", both(&head.replace("json", "xml"), transaction)),
            ("version", both(&head.replace("abc", "abd"), transaction)),
            ("key", both(&head.replace("HR1", "HR2"), transaction)),
            ("transaction.partner", both(head, &transaction.replace("shop-1", "shop-2"))),
            ("transaction.id", both(head, &transaction.replace("a-1", "a-2"))),
            ("at", line.replace("2/17", "2")),
            ("line", line.replace("\"transaction\"", "\"transacton\"")),
            ("line", line.replace("\"12.50\"", "12.50")),
            ("line", "no json".into()),
        ] {
            assert_ne!(changed, line, "{field}");
            assert_eq!(draft(&changed).unwrap_err().field, field, "{changed}");
        }
    }

    #[test]
    fn what_never_read_needs_a_transaction_and_a_known_owner() {
        let headers: [(&str, &[u8]); 3] =
            [(record::POLICY, b"json@abc"), ("ce_source", b"/shop-1/json"), ("ce_id", b"a-1")];
        let broken = Original::read(&Record::new((2, 17, 0), b"", &headers, b"{"));
        let as_is = Mended::read(&broken.to_line()).unwrap().draft(&broken).unwrap_err();
        assert_eq!(as_is.field, "transaction");
        let mended = format!(r#"{{"at":"2/17","transaction":{SALE}}}"#);
        assert_eq!(Mended::read(&mended).unwrap().draft(&broken).unwrap().id, "a-1");
        let foreign = Original::read(&Record::new((2, 17, 0), b"", &[], b"{"));
        let refused = Mended::read(&mended).unwrap().draft(&foreign).unwrap_err();
        assert_eq!(refused.field, "transaction.partner");
    }
}
