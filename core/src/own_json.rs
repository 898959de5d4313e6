//! The JSON of a transaction as we write it ourselves, read by the order of its fields, which is part of the format. What is
//! written in another way, good JSON or not, is left to a reader of JSON.

use memchr::memchr;

/// What the fold reads of a transaction, as it stands there.
pub(crate) struct Fields<'a> {
    pub(crate) id: &'a str,
    pub(crate) day: &'a str,
    pub(crate) key: &'a str,
    pub(crate) amount: &'a str,
    pub(crate) currency: &'a str,
    pub(crate) partner: &'a str,
}

/// What was not read yet.
struct Rest<'a>(&'a str);

/// The fields of a transaction whose strings have no escapes; none where anything is not as we write it.
pub(crate) fn read(value: &[u8]) -> Option<Fields<'_>> {
    let least = value.iter().fold(u8::MAX, |least, byte| least.min(*byte));
    // With neither control characters nor escapes each string ends at the next quote.
    if least < b' ' || memchr(b'\\', value).is_some() {
        return None;
    }
    let mut rest = Rest(std::str::from_utf8(value).ok()?);
    let id = rest.string(r#"{"id":""#)?;
    rest.string(r#","time":""#)?;
    let fields = Fields {
        id,
        day: rest.string(r#","day":""#)?,
        key: rest.string(r#","key":""#)?,
        amount: rest.string(r#","amount":""#)?,
        currency: rest.string(r#","currency":""#)?,
        partner: {
            rest.string(r#","type":""#)?;
            rest.string(r#","partner":""#)?
        },
    };
    let attributes = rest.0.strip_prefix(r#","attributes":{"#)?.strip_suffix("}}")?;
    are_attributes(attributes).then_some(fields)
}

/// Whether these are strings by name, or nothing.
fn are_attributes(text: &str) -> bool {
    let mut rest = Rest(text);
    let mut before = "\"";
    while !rest.0.is_empty() {
        if rest.string(before).is_none() || rest.string(":\"").is_none() {
            return false;
        }
        before = ",\"";
    }
    true
}

impl<'a> Rest<'a> {
    /// What stands between `before`, which must be next, and the quote behind it.
    fn string(&mut self, before: &str) -> Option<&'a str> {
        let text = self.0.strip_prefix(before)?;
        let end = memchr(b'"', text.as_bytes())?;
        self.0 = text.get(end + 1..)?;
        text.get(..end)
    }
}
