//! Names and attributes of a start tag.

use std::borrow::Cow;

use super::text;

/// An attribute as it stands in the tag; its namespace once the whole tag is read.
pub(super) struct Attribute<'a> {
    pub(super) prefix: &'a str,
    pub(super) local: &'a str,
    pub(super) value: Cow<'a, str>,
}

/// A name as written, and its two parts.
#[derive(Clone, Copy)]
pub(super) struct Name<'a> {
    pub(super) whole: &'a str,
    pub(super) prefix: &'a str,
    pub(super) local: &'a str,
}

/// Reads the name that a text begins with; none when it begins with none that namespaces allow.
pub(super) fn name(text: &str) -> Option<Name<'_>> {
    let bytes = text.as_bytes();
    let mut colon = None;
    let mut end = 0;
    // Where a part of the name begins, fewer characters are allowed.
    let mut begins = true;
    while let Some(&byte) = bytes.get(end) {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'_' => begins = false,
            b'0'..=b'9' | b'-' | b'.' if !begins => {}
            b':' if !begins && colon.is_none() => {
                colon = Some(end);
                begins = true;
            }
            0x80.. => {
                let character = text.get(end..)?.chars().next()?;
                if !is_name_character(character) {
                    break;
                }
                if begins && !begins_name(character) {
                    return None;
                }
                begins = false;
                end += character.len_utf8() - 1;
            }
            _ => break,
        }
        end += 1;
    }
    let ends = !bytes.get(end).is_some_and(|byte| matches!(byte, b'0'..=b'9' | b'-' | b'.' | b':'));
    if begins || !ends {
        return None;
    }
    let whole = &text[..end];
    Some(match colon {
        Some(colon) => Name { whole, prefix: &text[..colon], local: &text[colon + 1..end] },
        None => Name { whole, prefix: "", local: whole },
    })
}

/// Reads `name = "value"` at the front of a text, and how long that is.
pub(super) fn attribute(tag: &str) -> Result<(Attribute<'_>, usize), &'static str> {
    let name = name(tag).ok_or("a tag with something else than attributes")?;
    let bytes = tag.as_bytes();
    let mut at = name.whole.len();
    at += blanks(&tag[at..]);
    if bytes.get(at) != Some(&b'=') {
        return Err("an attribute without a value");
    }
    at += 1;
    at += blanks(&tag[at..]);
    let quote = *bytes.get(at).filter(|byte| matches!(byte, b'"' | b'\'')).ok_or("an attribute without quotes")?;
    let start = at + 1;
    let mut plain = true;
    let mut end = start;
    loop {
        match bytes.get(end) {
            Some(&byte) if byte == quote => break,
            Some(b'<') => return Err("an attribute with a `<` in it"),
            Some(b'&' | b'\t' | b'\n' | b'\r') => plain = false,
            Some(_) => {}
            None => return Err("an attribute without an end"),
        }
        end += 1;
    }
    let raw = &tag[start..end];
    let value = if plain { Cow::Borrowed(raw) } else { Cow::Owned(text::attribute_value(raw)?) };
    Ok((Attribute { prefix: name.prefix, local: name.local, value }, end + 1))
}

/// Whether two short texts are the same. For names this is quicker than the general comparison, which is a call.
#[inline]
pub(super) fn same(one: &str, other: &str) -> bool {
    one.len() == other.len() && one.bytes().zip(other.bytes()).all(|(one, other)| one == other)
}

/// How many bytes of blank space a text begins with.
#[inline]
pub(super) fn blanks(text: &str) -> usize {
    let bytes = text.as_bytes();
    let mut count = 0;
    while bytes.get(count).copied().is_some_and(is_blank) {
        count += 1;
    }
    count
}

pub(super) fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

/// NameStartChar of XML 1.0, fifth edition, beyond ASCII: what may stand in a name, but for these.
fn begins_name(character: char) -> bool {
    !matches!(character, '\u{b7}' | '\u{300}'..='\u{36f}' | '\u{203f}' | '\u{2040}')
}

/// NameChar of XML 1.0, fifth edition, beyond ASCII.
fn is_name_character(character: char) -> bool {
    match character {
        '\u{b7}' | '\u{c0}'..='\u{d6}' | '\u{d8}'..='\u{f6}' | '\u{f8}'..='\u{37d}' | '\u{37f}'..='\u{1fff}' => true,
        '\u{200c}'..='\u{200d}' | '\u{203f}'..='\u{2040}' | '\u{2070}'..='\u{218f}' | '\u{2c00}'..='\u{2fef}' => true,
        '\u{3001}'..='\u{d7ff}' | '\u{f900}'..='\u{fdcf}' | '\u{fdf0}'..='\u{fffd}' | '\u{10000}'..='\u{effff}' => true,
        _ => false,
    }
}
