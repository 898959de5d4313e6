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
pub(crate) struct Rest<'a>(&'a str);

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
    pub(crate) fn new(json: &'a str) -> Self {
        Self(json)
    }

    /// As [`string`](Self::string), where nobody has looked yet whether there are escapes: none where this one has any, or what no
    /// string may have. What is behind it is not looked at.
    pub(crate) fn plain_string(&mut self, before: &str) -> Option<&'a str> {
        let text = self.string(before)?;
        let is_plain = text.bytes().all(|byte| byte >= b' ' && byte != b'\\');
        is_plain.then_some(text)
    }

    /// Whether this is all that is left.
    pub(crate) fn is(&self, ending: &str) -> bool {
        self.0 == ending
    }

    /// What stands between `before`, which must be next, and the quote behind it.
    fn string(&mut self, before: &str) -> Option<&'a str> {
        let text = self.0.strip_prefix(before)?;
        let end = memchr(b'"', text.as_bytes())?;
        self.0 = text.get(end + 1..)?;
        text.get(..end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_read_one_by_one_without_a_look_at_the_rest() {
        let mut rest = Rest::new(r#"{"a":"1","b":"ž{","c":"\n"}"#);
        assert_eq!(rest.plain_string(r#"{"a":""#), Some("1"));
        assert_eq!(rest.plain_string(r#","b":""#), Some("ž{"));
        assert!(rest.is(r#","c":"\n"}"#) && !rest.is("}"));
    }

    #[test]
    fn a_string_that_is_not_plain_or_stands_elsewhere_is_not_read() {
        for json in
            [r#"{ "a":"1"}"#, r#"{"a":"\u0031"}"#, r#"{"a":"1\""}"#, "{\"a\":\"\n\"}", r#"{"a":"1"#, r#"{"a":1}"#, ""]
        {
            assert_eq!(Rest::new(json).plain_string(r#"{"a":""#), None, "{json}");
        }
    }
}
