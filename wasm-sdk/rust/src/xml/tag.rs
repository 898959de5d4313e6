//! Names and attributes of a start tag.

use std::borrow::Cow;

use super::text;

/// An attribute as it stands in the tag; its namespace once the whole tag is read.
pub(super) struct Attribute<'a> {
    pub(super) prefix: &'a str,
    pub(super) local: &'a str,
    pub(super) value: Cow<'a, str>,
}

/// The length of the name that a text begins with; 0 when it begins with none. A colon counts as any name character.
pub(super) fn name_length(text: &str) -> usize {
    let bytes = text.as_bytes();
    let ascii = bytes.iter().position(|&byte| !is_name_byte(byte)).unwrap_or(bytes.len());
    if ascii == bytes.len() || bytes[ascii] < 0x80 {
        return ascii;
    }
    text.char_indices().find(|&(_, character)| !is_name_character(character)).map_or(text.len(), |(at, _)| at)
}

/// Splits a name into prefix and local part; `None` when it is none that namespaces allow.
pub(super) fn split(name: &str) -> Option<(&str, &str)> {
    let (prefix, local) = name.split_once(':').unwrap_or(("", name));
    let valid = begins_name(local) && !local.contains(':') && (prefix.is_empty() != name.contains(':'));
    (valid && (prefix.is_empty() || begins_name(prefix))).then_some((prefix, local))
}

/// Reads `name = "value"` at the front of a text, and how long that is.
pub(super) fn attribute(tag: &str) -> Result<(Attribute<'_>, usize), &'static str> {
    let length = name_length(tag);
    let (prefix, local) = split(&tag[..length]).ok_or("a tag with something else than attributes")?;
    let mut at = length + blanks(&tag[length..]);
    if !tag[at..].starts_with('=') {
        return Err("an attribute without a value");
    }
    at += 1;
    at += blanks(&tag[at..]);
    let quote = *tag.as_bytes().get(at).filter(|byte| matches!(byte, b'"' | b'\'')).ok_or("an attribute without quotes")?;
    let start = at + 1;
    let end = memchr::memchr(quote, &tag.as_bytes()[start..]).ok_or("an attribute without an end")? + start;
    let raw = &tag[start..end];
    if memchr::memchr(b'<', raw.as_bytes()).is_some() {
        return Err("an attribute with a `<` in it");
    }
    Ok((Attribute { prefix, local, value: text::attribute_value(raw)? }, end + 1))
}

/// How many bytes of blank space a text begins with.
pub(super) fn blanks(text: &str) -> usize {
    text.bytes().position(|byte| !is_blank(byte)).unwrap_or(text.len())
}

pub(super) fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

fn begins_name(name: &str) -> bool {
    name.chars().next().is_some_and(|first| is_name_character(first) && !matches!(first, '-' | '.' | '0'..='9' | ':' | '\u{b7}' | '\u{300}'..='\u{36f}' | '\u{203f}' | '\u{2040}'))
}

fn is_name_byte(byte: u8) -> bool {
    matches!(byte, b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b':')
}

/// NameChar of XML 1.0, fifth edition.
fn is_name_character(character: char) -> bool {
    match character {
        '\0'..='\x7f' => is_name_byte(character as u8),
        '\u{b7}' | '\u{c0}'..='\u{d6}' | '\u{d8}'..='\u{f6}' | '\u{f8}'..='\u{37d}' | '\u{37f}'..='\u{1fff}' => true,
        '\u{200c}'..='\u{200d}' | '\u{203f}'..='\u{2040}' | '\u{2070}'..='\u{218f}' | '\u{2c00}'..='\u{2fef}' => true,
        '\u{3001}'..='\u{d7ff}' | '\u{f900}'..='\u{fdcf}' | '\u{fdf0}'..='\u{fffd}' | '\u{10000}'..='\u{effff}' => true,
        _ => false,
    }
}
