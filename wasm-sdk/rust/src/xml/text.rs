//! Character data: what may stand in a document, references, line ends, and escaping what is written.

use std::borrow::Cow;

use memchr::{memchr, memchr3};

/// Whether a document has a character that XML 1.0 has not.
pub(super) fn has_forbidden_character(document: &str) -> bool {
    // One pass without branches: the compiler makes vector instructions of it.
    let (control, three_byte) = document.bytes().fold((false, false), |(control, three_byte), byte| {
        (control | ((byte < b' ') & (byte != b'\t') & (byte != b'\n') & (byte != b'\r')), three_byte | (byte == 0xef))
    });
    control || (three_byte && document.contains(['\u{fffe}', '\u{ffff}']))
}

/// How far texts are looked at byte by byte; most end sooner, and calling for more costs more than that.
const SHORT: usize = 32;

/// The length of a text that needs no reference resolved, and what ends it: `<`, `&`, or `]]>`, which no text may have.
pub(super) fn plain_run(bytes: &[u8]) -> (usize, Option<u8>) {
    let mut from = 0;
    loop {
        let rest = bytes.get(from..).unwrap_or_default();
        let near = rest.iter().take(SHORT).position(|byte| matches!(byte, b'<' | b'&' | b']'));
        let found = near.or_else(|| {
            let far = rest.get(SHORT..)?;
            memchr3(b'<', b'&', b']', far).map(|at| at + SHORT)
        });
        let Some(at) = found.map(|at| from + at) else { return (bytes.len(), None) };
        if bytes[at] != b']' || bytes[at..].starts_with(b"]]>") {
            return (at, Some(bytes[at]));
        }
        from = at + 1;
    }
}

/// Reads the reference that a text begins with: its character and its length.
pub(super) fn reference(text: &str) -> Result<(char, usize), &'static str> {
    let end = memchr(b';', &text.as_bytes()[..text.len().min(12)]).ok_or("a `&` that begins no reference")?;
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
    let piece = if memchr(b'\r', piece.as_bytes()).is_some() {
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
