//! The XML declaration, exactly as XML 1.0 has it: productions 23 to 26, 32, 80 and 81.

use std::ops::Range;

use crate::scan;

/// What a declaration says, and where it ends.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Declaration {
    /// Where the encoding's name stands, if one is declared; it is ASCII.
    pub(super) encoding: Option<Range<usize>>,
    /// The first byte behind `?>`.
    pub(super) end: usize,
}

/// What is wrong, and at which byte.
pub(super) type Wrong = (usize, &'static str);

const ORDER: &str = "an XML declaration with something else than version, encoding and standalone, in this order";

/// Reads the declaration that stands at a place; none when none does.
pub(super) fn read(document: &[u8], start: usize) -> Result<Option<Declaration>, Wrong> {
    let begins = document.get(start..).is_some_and(begins);
    if !begins {
        return Ok(None);
    }
    let mut parts = Parts { document, at: start + "<?xml".len() };
    let version = parts.part("version")?.ok_or((start, "an XML declaration that does not begin with a version"))?;
    let digits = document[version.clone()].strip_prefix(b"1.").unwrap_or_default();
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return Err((version.start, "a version of XML that is not `1.` and digits"));
    }
    let encoding = parts.part("encoding")?;
    if let Some(name) = &encoding
        && !is_encoding_name(&document[name.clone()])
    {
        return Err((name.start, "the name of an encoding that is no such name"));
    }
    if let Some(standalone) = parts.part("standalone")?
        && !matches!(&document[standalone.clone()], b"yes" | b"no")
    {
        return Err((standalone.start, "a standalone declaration that is neither `yes` nor `no`"));
    }
    parts.blanks();
    if !parts.rest().starts_with(b"?>") {
        return Err((parts.at, ORDER));
    }
    Ok(Some(Declaration { encoding, end: parts.at + "?>".len() }))
}

/// Whether bytes begin with an XML declaration, good or bad, rather than with an instruction such as `xml-stylesheet`.
pub(super) fn begins(bytes: &[u8]) -> bool {
    let Some([next, ..]) = bytes.strip_prefix(b"<?xml") else { return false };
    !(next.is_ascii_alphanumeric() || matches!(next, b'_' | b'-' | b'.' | b':' | 0x80..))
}

/// Production 81.
fn is_encoding_name(name: &[u8]) -> bool {
    name.first().is_some_and(u8::is_ascii_alphabetic) && scan::word(name) == name.len()
}

struct Parts<'a> {
    document: &'a [u8],
    at: usize,
}

impl<'a> Parts<'a> {
    fn rest(&self) -> &'a [u8] {
        self.document.get(self.at..).unwrap_or_default()
    }

    fn blanks(&mut self) -> bool {
        let blanks = scan::blanks(self.rest());
        self.at += blanks;
        blanks > 0
    }

    /// Passes a part of that name with blanks before it, if it comes next, and says where its value stands.
    fn part(&mut self, name: &str) -> Result<Option<Range<usize>>, Wrong> {
        let before = self.at;
        if !self.blanks() || !self.rest().starts_with(name.as_bytes()) {
            self.at = before;
            return Ok(None);
        }
        self.at += name.len();
        self.blanks();
        if !self.rest().starts_with(b"=") {
            return Err((self.at, ORDER));
        }
        self.at += 1;
        self.blanks();
        let Some(&quote @ (b'"' | b'\'')) = self.rest().first() else {
            return Err((self.at, "a part of an XML declaration without quotes"));
        };
        let start = self.at + 1;
        let length = scan::until(&self.document[start..], [quote, b'>']);
        if self.document.get(start + length) != Some(&quote) {
            return Err((self.at, "a part of an XML declaration without an end"));
        }
        self.at = start + length + 1;
        Ok(Some(start..start + length))
    }
}

#[cfg(test)]
mod tests {
    use super::{ORDER, read};

    #[test]
    fn a_declaration_has_version_encoding_and_standalone_in_this_order() {
        for (document, encoding) in [
            ("<?xml version='1.0'?>", None),
            ("<?xml version=\"1.1\" ?>", None),
            ("<?xml\tversion\n=\r '1.23'\n?>", None),
            ("<?xml version='1.0' encoding=\"utf-8\"?>", Some("utf-8")),
            ("<?xml version='1.0' encoding='x.Y_1-2' standalone='yes'?>", Some("x.Y_1-2")),
            ("<?xml version='1.0' standalone=\"no\" ?>", None),
        ] {
            let read = read(document.as_bytes(), 0).expect(document).expect(document);
            assert_eq!(read.encoding.map(|at| &document[at]), encoding, "{document}");
            assert_eq!(read.end, document.len());
        }
    }

    #[test]
    fn an_instruction_whose_name_only_begins_so_is_no_declaration() {
        for document in ["", "<a/>", "<?xml-stylesheet href='a'?>", "<?xmlx?>", " <?xml version='1.0'?>", "<?XML ?>"] {
            assert_eq!(read(document.as_bytes(), 0), Ok(None), "{document}");
        }
    }

    #[test]
    fn anything_else_is_refused_saying_where() {
        let no_version = "an XML declaration that does not begin with a version";
        let version = "a version of XML that is not `1.` and digits";
        let name = "the name of an encoding that is no such name";
        for (document, at, detail) in [
            ("<?xml?>", 0, no_version),
            ("<?xml ?>", 0, no_version),
            ("<?xml encoding='utf-8'?>", 0, no_version),
            ("<?xml encoding='utf-8' version='1.0'?>", 0, no_version),
            ("<?xml\u{b}version='1.0'?>", 0, no_version),
            ("<?xml version='2.0'?>", 15, version),
            ("<?xml version='1.'?>", 15, version),
            ("<?xml version='1.0a'?>", 15, version),
            ("<?xml version=''?>", 15, version),
            ("<?xml version=1.0?>", 14, "a part of an XML declaration without quotes"),
            ("<?xml version='1.0\"?>", 14, "a part of an XML declaration without an end"),
            ("<?xml version '1.0'?>", 14, ORDER),
            ("<?xml version='1.0'encoding='utf-8'?>", 19, ORDER),
            ("<?xml version='1.0' standalone='yes' encoding='utf-8'?>", 37, ORDER),
            ("<?xml version='1.0' version='1.0'?>", 20, ORDER),
            ("<?xml version='1.0' more='1'?>", 20, ORDER),
            ("<?xml version='1.0' ? >", 20, ORDER),
            ("<?xml version='1.0'", 19, ORDER),
            ("<?xml version='1.0' encoding='1'?>", 30, name),
            ("<?xml version='1.0' encoding=''?>", 30, name),
            ("<?xml version='1.0' encoding='a b'?>", 30, name),
            ("<?xml version='1.0' standalone='YES'?>", 32, "a standalone declaration that is neither `yes` nor `no`"),
        ] {
            assert_eq!(read(document.as_bytes(), 0), Err((at, detail)), "{document}");
        }
    }
}
