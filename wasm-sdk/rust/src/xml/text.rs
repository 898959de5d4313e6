//! Character data: what may stand in a document, references, line ends, and escaping what is written.

use std::borrow::Cow;

use crate::scan;

/// The document as text, if it is UTF-8 and has only characters that XML 1.0 has.
pub(super) fn checked(document: &[u8]) -> Result<&str, (usize, &'static str)> {
    let forbidden = "a character that XML does not have";
    let (kinds, text) = scan::kinds_and_text(document);
    if kinds.control {
        let at = document.iter().position(|&byte| byte < b' ' && !b"\t\n\r".contains(&byte));
        return Err((at.unwrap_or_default(), forbidden));
    }
    let text = text.map_err(|error| (error.valid_up_to(), "a byte that is not UTF-8"))?;
    // The two that are no control characters begin with a byte that few texts have.
    if kinds.beyond_ascii
        && scan::until(document, [0xef]) < document.len()
        && let Some(at) = text.find(['\u{fffe}', '\u{ffff}'])
    {
        return Err((at, forbidden));
    }
    Ok(text)
}

/// The length of a text that needs no reference resolved, and what ends it: `<`, `&`, or `]]>`, which no text may have.
pub(super) fn plain_run(bytes: &[u8]) -> (usize, Option<u8>) {
    let mut at = 0;
    loop {
        at += scan::until(&bytes[at..], [b'<', b'&', b']']);
        match bytes.get(at) {
            Some(b']') if !bytes[at..].starts_with(b"]]>") => at += 1,
            end => return (at, end.copied()),
        }
    }
}

/// Reads the reference that a text begins with: its character and its length.
pub(super) fn reference(text: &str) -> Result<(char, usize), &'static str> {
    let start = &text.as_bytes()[..text.len().min(12)];
    let end = start.iter().position(|&byte| byte == b';').ok_or("a `&` that begins no reference")?;
    let character = match &text[1..end] {
        "lt" => '<',
        "gt" => '>',
        "amp" => '&',
        "apos" => '\'',
        "quot" => '"',
        name => numeric(name).ok_or("a reference to what XML does not have")?,
    };
    Ok((character, end + 1))
}

fn numeric(name: &str) -> Option<char> {
    let digits = name.strip_prefix('#')?;
    let (digits, radix) = digits.strip_prefix('x').map_or((digits, 10), |digits| (digits, 16));
    // from_str_radix takes a sign, XML does not.
    if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let character = char::from_u32(u32::from_str_radix(digits, radix).ok()?)?;
    let allowed = matches!(character, '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'..);
    allowed.then_some(character)
}

/// Adds a piece to a text, with the line ends of other systems made `\n`.
pub(super) fn push<'a>(text: &mut Cow<'a, str>, piece: &'a str) {
    let piece = if scan::until(piece.as_bytes(), [b'\r']) < piece.len() {
        Cow::Owned(piece.replace("\r\n", "\n").replace('\r', "\n"))
    } else {
        Cow::Borrowed(piece)
    };
    if text.is_empty() {
        *text = piece;
    } else {
        text.to_mut().push_str(&piece);
    }
}

/// The value of an attribute as XML means it: references resolved, tabs and line ends blanks.
pub(super) fn attribute_value(raw: &str) -> Result<String, &'static str> {
    let mut value = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(character) = rest.chars().next() {
        let length = match character {
            '&' => {
                let (character, length) = reference(rest)?;
                value.push(character);
                length
            }
            '\r' if rest[1..].starts_with('\n') => 1,
            '\t' | '\n' | '\r' => {
                value.push(' ');
                1
            }
            other => {
                value.push(other);
                other.len_utf8()
            }
        };
        rest = &rest[length..];
    }
    Ok(value)
}

/// Writes a text so that it can stand between tags or in a quoted attribute. What XML does not have becomes `?`.
pub fn escape(text: &str, into: &mut String) {
    for character in text.chars() {
        match character {
            '&' => into.push_str("&amp;"),
            '<' => into.push_str("&lt;"),
            '>' => into.push_str("&gt;"),
            '"' => into.push_str("&quot;"),
            '\r' => into.push_str("&#13;"),
            '\t' | '\n' => into.push(character),
            '\0'..='\x1f' | '\u{fffe}' | '\u{ffff}' => into.push('?'),
            other => into.push(other),
        }
    }
}
