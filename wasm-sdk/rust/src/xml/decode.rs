//! Makes UTF-8 of a document in the encoding that it declares.

use std::borrow::Cow;
use std::ops::Range;

use super::code_pages::CodePage;
use super::declaration;
use super::error::{XmlError, shown};

const TAKEN: &str =
    "taken are UTF-8, UTF-16, US-ASCII, ISO-8859-1, ISO-8859-2, ISO-8859-15, windows-1250 and windows-1252";

/// The document in UTF-8, for [`Reader::new`](super::Reader::new). One that is in UTF-8 comes back as it is, unread; of
/// another encoding the declaration says UTF-8 afterwards, and lines and columns are the same.
///
/// The encoding is told by the byte order mark and the XML declaration alone (appendix F of XML 1.0), never guessed; the
/// `charset` of a header field is not looked at. Taken are UTF-8, UTF-16 (with a byte order mark, or declared UTF-16LE or
/// UTF-16BE without), US-ASCII, ISO-8859-1, -2 and -15, windows-1250 and -1252. In ISO-8859 the bytes 0x80 to 0x9F are
/// refused: they are control characters by the standard, and letters to the many programs that take ISO-8859-1 for
/// windows-1252. A policy that does not call this has none of it; one that does grows by some 12 KB.
///
/// # Errors
/// An encoding that is not taken, a mark and a declaration that differ, or a byte that the encoding does not have.
///
/// ```
/// use tallygate_policy::xml::{Reader, decode};
///
/// let message = b"<?xml version='1.0' encoding='ISO-8859-1'?><name>Citt\xe0</name>";
/// let document = decode(message)?;
/// let mut reader = Reader::new(&document)?;
/// reader.root()?;
/// assert_eq!(reader.text()?, "Città");
/// # Ok::<(), tallygate_policy::xml::XmlError>(())
/// ```
pub fn decode(document: &[u8]) -> Result<Cow<'_, [u8]>, XmlError> {
    match document {
        [0xff, 0xfe, 0, 0, ..] | [0, 0, 0xfe, 0xff, ..] | [b'<', 0, 0, 0, ..] | [0, 0, 0, b'<', ..] => {
            Err(XmlError::not_taken(document, 0, format!("the document is in UTF-32, and {TAKEN}")))
        }
        [0xff, 0xfe, rest @ ..] => utf_16(rest, Order::Little, true),
        [0xfe, 0xff, rest @ ..] => utf_16(rest, Order::Big, true),
        [b'<', 0, ..] => utf_16(document, Order::Little, false),
        [0, b'<', ..] => utf_16(document, Order::Big, false),
        _ => declared(document),
    }
}

/// A document in which the declaration, if there is one, stands in ASCII.
fn declared(document: &[u8]) -> Result<Cow<'_, [u8]>, XmlError> {
    const MARK: &[u8] = "\u{feff}".as_bytes();
    let start = if document.starts_with(MARK) { MARK.len() } else { 0 };
    let declaration = declaration::read(document, start).map_err(|(at, detail)| XmlError::new(document, at, detail))?;
    let Some(place) = declaration.and_then(|declaration| declaration.encoding) else {
        return Ok(Cow::Borrowed(document));
    };
    let name = String::from_utf8_lossy(&document[place.clone()]);
    if name.eq_ignore_ascii_case("utf-8") {
        return Ok(Cow::Borrowed(document));
    }
    let name = shown(&name);
    let not_taken = |detail: String| Err(XmlError::not_taken(document, place.start, detail));
    if start > 0 {
        return not_taken(format!("the encoding `{name}` is declared behind a byte order mark of UTF-8"));
    }
    if Order::declared(name).is_some() || name.eq_ignore_ascii_case("utf-16") {
        return not_taken(format!("the encoding `{name}` is declared, and the declaration itself is not in it"));
    }
    match CodePage::named(name) {
        Some(page) => one_byte_each(document, page, place.clone(), name).map(Cow::Owned),
        None => not_taken(format!("the encoding `{name}` is declared, and {TAKEN}")),
    }
}

fn one_byte_each(document: &[u8], page: CodePage, place: Range<usize>, name: &str) -> Result<Vec<u8>, XmlError> {
    let beyond_ascii = page.beyond_ascii();
    // Most of such documents is ASCII all the same.
    let mut text = String::with_capacity(document.len() + document.len() / 8);
    for (at, &byte) in document.iter().enumerate() {
        let character = match usize::from(byte).checked_sub(0x80) {
            None => char::from(byte),
            Some(index) => beyond_ascii[index],
        };
        if character == '\0' && byte >= 0x80 {
            let detail = format!("the byte 0x{byte:02X}, which is no character in the declared encoding `{name}`");
            return Err(XmlError::new(document, at, detail));
        }
        text.push(character);
    }
    Ok(declaring_utf_8(text, place))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    Little,
    Big,
}

impl Order {
    fn declared(name: &str) -> Option<Self> {
        match name {
            _ if name.eq_ignore_ascii_case("utf-16le") => Some(Self::Little),
            _ if name.eq_ignore_ascii_case("utf-16be") => Some(Self::Big),
            _ => None,
        }
    }

    fn unit(self, bytes: [u8; 2]) -> u16 {
        match self {
            Self::Little => u16::from_le_bytes(bytes),
            Self::Big => u16::from_be_bytes(bytes),
        }
    }
}

/// A document whose first bytes are a mark of UTF-16, which is left out here, or a `<` in it.
fn utf_16(bytes: &[u8], order: Order, marked: bool) -> Result<Cow<'_, [u8]>, XmlError> {
    let (pairs, rest) = bytes.as_chunks();
    let mut text = String::with_capacity(bytes.len() / 2 + bytes.len() / 8);
    for character in char::decode_utf16(pairs.iter().map(|&pair| order.unit(pair))) {
        let Ok(character) = character else {
            return Err(XmlError::new(text.as_bytes(), text.len(), "half a character of UTF-16"));
        };
        text.push(character);
    }
    if !rest.is_empty() {
        return Err(XmlError::new(text.as_bytes(), text.len(), "half a character of UTF-16"));
    }
    let declaration =
        declaration::read(text.as_bytes(), 0).map_err(|(at, detail)| XmlError::new(text.as_bytes(), at, detail))?;
    let place = declaration.and_then(|declaration| declaration.encoding);
    let name = place.clone().map(|place| &text[place]);
    let right = match name {
        None => marked,
        Some(name) => Order::declared(name) == Some(order) || (marked && name.eq_ignore_ascii_case("utf-16")),
    };
    if !right {
        let at = place.map_or(0, |place| place.start);
        let detail = match name {
            None => "UTF-16 without a byte order mark or a declaration that says UTF-16LE or UTF-16BE".to_owned(),
            Some(name) if name.eq_ignore_ascii_case("utf-16") => {
                format!("the encoding `{name}` is declared, and no byte order mark stands before it")
            }
            Some(name) => {
                let order = if order == Order::Little { "UTF-16LE" } else { "UTF-16BE" };
                format!("the encoding `{}` is declared, and the document is in {order}", shown(name))
            }
        };
        return Err(XmlError::not_taken(text.as_bytes(), at, detail));
    }
    Ok(Cow::Owned(match place {
        Some(place) => declaring_utf_8(text, place),
        None => text.into_bytes(),
    }))
}

/// The text with UTF-8 for the name of its encoding, filled up with blanks behind the quote.
fn declaring_utf_8(mut text: String, place: Range<usize>) -> Vec<u8> {
    const NAME: &str = "UTF-8";
    let quoted = place.start..place.end + 1;
    let quote = &text[place.end..quoted.end];
    let filled = format!("{NAME}{quote}{:1$}", "", place.len().saturating_sub(NAME.len()));
    text.replace_range(quoted, &filled);
    text.into_bytes()
}

#[cfg(test)]
mod tests;
