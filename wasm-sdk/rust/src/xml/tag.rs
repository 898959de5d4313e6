//! Names and attributes of a start tag.

use std::borrow::Cow;

use super::text;
use crate::scan;

/// An attribute as it stands in the tag; its namespace follows when the whole tag is read.
pub(super) struct Attribute<'a> {
    pub(super) prefix: &'a str,
    pub(super) local: &'a str,
    pub(super) value: Cow<'a, str>,
    /// The number of its namespace; 0: none, or not known yet.
    pub(super) namespace: usize,
}

/// A name as written, and its two parts.
#[derive(Clone, Copy)]
pub(super) struct Name<'a> {
    pub(super) whole: &'a str,
    pub(super) prefix: &'a str,
    pub(super) local: &'a str,
}

/// Reads the name that stands at a place of a document; none when none does that namespaces allow.
#[inline(always)]
pub(super) fn name(document: &str, start: usize) -> Option<Name<'_>> {
    let (end, colon) = match document.as_bytes().get(start..).and_then(scan::short_name) {
        Some((length, colon)) => (start + length, colon.map(|colon| start + colon)),
        None => any_name(document, start)?,
    };
    let whole = slice(document, start, end);
    Some(match colon {
        Some(colon) => Name { whole, prefix: slice(document, start, colon), local: slice(document, colon + 1, end) },
        None => Name { whole, prefix: "", local: whole },
    })
}

/// Where a name of any form ends, and where its colon is.
#[inline(never)]
fn any_name(document: &str, start: usize) -> Option<(usize, Option<usize>)> {
    let bytes = document.as_bytes();
    let first = part(document, start)?;
    if bytes.get(first) != Some(&b':') {
        return Some((first, None));
    }
    let second = part(document, first + 1)?;
    (bytes.get(second) != Some(&b':')).then_some((second, Some(first)))
}

/// A piece of a document between two places where a character begins, as before and behind names and quotes.
#[inline(always)]
pub(super) fn slice(document: &str, start: usize, end: usize) -> &str {
    debug_assert!(document.get(start..end).is_some());
    // A piece that is none is an error of this reader; to check it in every turn would cost more than reading does.
    document.get(start..end).unwrap_or_default()
}

/// Where the part of a name that begins at a place ends.
fn part(document: &str, start: usize) -> Option<usize> {
    let bytes = document.as_bytes();
    if !matches!(bytes.get(start)?, b'a'..=b'z' | b'A'..=b'Z' | b'_' | 0x80..) {
        return None;
    }
    let mut end = start + scan::word(&bytes[start..]);
    while bytes.get(end).is_some_and(|&byte| byte >= 0x80) {
        let Some(length) = longer(document, end, end == start) else { break };
        end += length;
        end += scan::word(&bytes[end..]);
    }
    (end > start).then_some(end)
}

/// The length of a character beyond ASCII, if it may stand in a name.
#[cold]
fn longer(document: &str, at: usize, first: bool) -> Option<usize> {
    let character = document.get(at..)?.chars().next()?;
    let allowed = (!first || begins_name(character)) && is_name_character(character);
    allowed.then_some(character.len_utf8())
}

/// Reads `name = "value"` at a place of a document, and goes behind it.
pub(super) fn attribute<'a>(document: &'a str, at: &mut usize) -> Result<Attribute<'a>, &'static str> {
    let name = name(document, *at).ok_or("a tag with something else than attributes")?;
    let bytes = document.as_bytes();
    *at += name.whole.len();
    *at += scan::blanks(&bytes[*at..]);
    if bytes.get(*at) != Some(&b'=') {
        return Err("an attribute without a value");
    }
    *at += 1;
    *at += scan::blanks(&bytes[*at..]);
    let quote = *bytes.get(*at).filter(|byte| matches!(byte, b'"' | b'\'')).ok_or("an attribute without quotes")?;
    let start = *at + 1;
    let mut plain = true;
    let mut end = start;
    loop {
        end += scan::until_or_control(&bytes[end..], [quote, b'<', b'&']);
        match bytes.get(end) {
            Some(&byte) if byte == quote => break,
            Some(b'<') => return Err("an attribute with a `<` in it"),
            Some(_) => plain = false,
            None => return Err("an attribute without an end"),
        }
        end += 1;
    }
    *at = end + 1;
    let raw = &document[start..end];
    let value = if plain { Cow::Borrowed(raw) } else { Cow::Owned(text::attribute_value(raw)?) };
    Ok(Attribute { prefix: name.prefix, local: name.local, value, namespace: 0 })
}

/// NameStartChar of XML 1.0, fifth edition, beyond ASCII: what may stand in a name, but for these.
fn begins_name(character: char) -> bool {
    !matches!(character, '\u{b7}' | '\u{300}'..='\u{36f}' | '\u{203f}' | '\u{2040}')
}

/// NameChar of XML 1.0, fifth edition, beyond ASCII.
fn is_name_character(character: char) -> bool {
    matches!(
        character,
        '\u{b7}' | '\u{c0}'..='\u{d6}' | '\u{d8}'..='\u{f6}' | '\u{f8}'..='\u{37d}' | '\u{37f}'..='\u{1fff}'
            | '\u{200c}'..='\u{200d}' | '\u{203f}'..='\u{2040}' | '\u{2070}'..='\u{218f}' | '\u{2c00}'..='\u{2fef}'
            | '\u{3001}'..='\u{d7ff}' | '\u{f900}'..='\u{fdcf}' | '\u{fdf0}'..='\u{fffd}' | '\u{10000}'..='\u{effff}'
    )
}
