//! Encodings that a configuration names, for formats whose messages do not declare their own, such as CSV.

use std::borrow::Cow;

use crate::first_bytes;
use crate::scan;
use crate::xml::code_pages::CodePage;

/// An encoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Encoding(Kind);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Utf8,
    /// With a byte order mark.
    Utf16,
    OneByte(CodePage),
}

/// What an encoding does not have, and how many bytes stand before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EncodingError {
    /// How many bytes stand before it.
    pub at: usize,
    /// What is wrong.
    pub detail: String,
}

const MARK: &[u8] = "\u{feff}".as_bytes();

impl Encoding {
    /// What [`named`](Encoding::named) takes.
    pub const TAKEN: &str =
        "UTF-8, UTF-16, US-ASCII, ISO-8859-1, ISO-8859-2, ISO-8859-15, windows-1250 and windows-1252";
    /// UTF-8.
    pub const UTF_8: Self = Self(Kind::Utf8);

    /// The encoding of that name, in whatever case; none of other names than [`TAKEN`](Encoding::TAKEN).
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Some(Self(match &*name.to_ascii_lowercase() {
            "utf-8" | "utf8" => Kind::Utf8,
            "utf-16" => Kind::Utf16,
            _ => Kind::OneByte(CodePage::named(name)?),
        }))
    }

    /// The text that bytes are in the encoding, without a byte order mark. UTF-16 has to have one.
    ///
    /// # Errors
    /// A byte that the encoding does not have, or first bytes that are of another.
    pub fn decode(self, bytes: &[u8]) -> Result<Cow<'_, str>, EncodingError> {
        let unmarked = match self.0 {
            Kind::Utf8 => bytes.strip_prefix(MARK).unwrap_or(bytes),
            Kind::Utf16 => return utf_16(bytes),
            Kind::OneByte(_) => bytes,
        };
        if let Some(told) = first_bytes::told(unmarked) {
            return Err(EncodingError { at: 0, detail: format!("it is {told}") });
        }
        match self.0 {
            Kind::OneByte(page) => one_byte_each(bytes, page),
            _ => scan::text(unmarked).map(Cow::Borrowed).map_err(|error| EncodingError {
                at: bytes.len() - unmarked.len() + error.valid_up_to(),
                detail: "a byte that is not UTF-8".to_owned(),
            }),
        }
    }
}

fn one_byte_each(bytes: &[u8], page: CodePage) -> Result<Cow<'_, str>, EncodingError> {
    let beyond_ascii = page.beyond_ascii();
    if !scan::kinds(bytes).beyond_ascii
        && let Ok(text) = scan::text(bytes)
    {
        return Ok(Cow::Borrowed(text));
    }
    let mut text = String::with_capacity(bytes.len() + bytes.len() / 8);
    for (at, &byte) in bytes.iter().enumerate() {
        let character = match usize::from(byte).checked_sub(0x80) {
            None => char::from(byte),
            Some(index) => beyond_ascii[index],
        };
        if character == '\0' && byte >= 0x80 {
            let detail = format!("the byte 0x{byte:02X}, which is no character in the encoding");
            return Err(EncodingError { at, detail });
        }
        text.push(character);
    }
    Ok(Cow::Owned(text))
}

fn utf_16(bytes: &[u8]) -> Result<Cow<'_, str>, EncodingError> {
    let (little, rest) = match bytes {
        [0xff, 0xfe, rest @ ..] => (true, rest),
        [0xfe, 0xff, rest @ ..] => (false, rest),
        _ => return Err(EncodingError { at: 0, detail: "UTF-16 without a byte order mark".to_owned() }),
    };
    let unit = |pair| if little { u16::from_le_bytes(pair) } else { u16::from_be_bytes(pair) };
    let (pairs, half) = rest.as_chunks();
    let mut text = String::with_capacity(rest.len() / 2 + rest.len() / 8);
    let mut at = 2;
    for character in char::decode_utf16(pairs.iter().map(|&pair| unit(pair))) {
        let Ok(character) = character else {
            return Err(EncodingError { at, detail: "half a character of UTF-16".to_owned() });
        };
        text.push(character);
        at += 2 * character.len_utf16();
    }
    if !half.is_empty() {
        return Err(EncodingError { at, detail: "half a character of UTF-16".to_owned() });
    }
    Ok(Cow::Owned(text))
}

#[cfg(test)]
mod tests {
    use super::Encoding;

    fn decoded(name: &str, bytes: &[u8]) -> Result<String, (usize, String)> {
        let encoding = Encoding::named(name).expect(name);
        encoding.decode(bytes).map(Into::into).map_err(|error| (error.at, error.detail))
    }

    #[test]
    fn what_is_named_is_decoded() {
        for (name, bytes, text) in [
            ("UTF-8", "Währung".as_bytes(), "Währung"),
            ("utf-8", b"\xef\xbb\xbfa", "a"),
            ("windows-1252", b"W\xe4hrung \x80", "Währung €"),
            ("ISO-8859-15", b"\xa4", "€"),
            ("latin1", b"plain", "plain"),
            ("UTF-16", b"\xff\xfea\0\x3d\xd8\x00\xde", "a😀"),
            ("UTF-16", b"\xfe\xff\0a", "a"),
        ] {
            assert_eq!(decoded(name, bytes).as_deref(), Ok(text), "{name}");
        }
        assert_eq!(Encoding::named("utf-7"), None);
    }

    #[test]
    fn what_the_encoding_does_not_have_is_refused_by_its_place() {
        for (name, bytes, at, detail) in [
            ("UTF-8", &b"\xef\xbb\xbfW\xe4"[..], 4, "a byte that is not UTF-8"),
            ("windows-1252", b"a\x81", 1, "the byte 0x81, which is no character in the encoding"),
            ("ISO-8859-1", b"a\x80", 1, "the byte 0x80, which is no character in the encoding"),
            ("windows-1252", b"\xef\xbb\xbfa", 0, "it is in UTF-8 behind a byte order mark"),
            ("UTF-8", b"\xff\xfea\0", 0, "it is in UTF-16"),
            ("UTF-16", b"a\0", 0, "UTF-16 without a byte order mark"),
            ("UTF-16", b"\xff\xfea\0\x3d\xd8", 4, "half a character of UTF-16"),
            ("UTF-16", b"\xff\xfea\0b", 4, "half a character of UTF-16"),
        ] {
            assert_eq!(decoded(name, bytes), Err((at, detail.to_owned())), "{name}");
        }
    }
}
