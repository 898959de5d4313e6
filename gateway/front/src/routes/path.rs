//! Paths: as they are compared, and as they go on.
//!
//! Servers differ in what they take for the same path. One decodes before it looks for segments, another after; one cuts
//! off parameters (`/a;v=1`), one takes several slashes as one. So a request's path has several keys, all without
//! parameters: by the `strict` one an encoded slash or semicolon is a part of its segment, by the `loose` ones it is none,
//! and both leave out empty segments; those `with_empty_segments` are the loose ones of what goes on, empty segments left
//! in. A path that has a dot segment by any of them is refused, and so is one whose keys lead to different routes.

use std::borrow::Cow;

/// What stands for an encoded slash in a strict key, and so in no route's: a path cannot contain it otherwise.
const ENCODED_SLASH: u8 = 0;

/// A request's path.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct RequestPath<'p> {
    /// As it goes on: unreserved characters plain, all that is no path's encoded, digits of encodings in upper case (RFC
    /// 3986, 6.2.2).
    pub(crate) text: Cow<'p, str>,
    /// What routes are compared with.
    pub(crate) strict: Cow<'p, [u8]>,
    /// The same, as servers may read it that decode first; none where that is no different.
    pub(crate) loose: Vec<Vec<u8>>,
    /// Where there are empty segments, the strict key with them, and the text without.
    pub(crate) doubled: Option<(Vec<u8>, String)>,
}

impl<'p> RequestPath<'p> {
    /// None where it is no path, climbs, or hides a separator that cannot be told from another one.
    pub(crate) fn read(path: &'p str) -> Option<Self> {
        if is_plain(path) {
            let (text, strict) = (path.into(), path.as_bytes().into());
            return Some(Self { text, strict, loose: Vec::new(), doubled: None });
        }
        let text = canonical(path)?;
        let strict = key(segments(&text), false)?;
        let mut loose = if text.contains('%') { decoded_first(&text, false)? } else { Vec::new() };
        loose.retain(|loose| *loose != strict);
        let with_empty = key(segments(&text), true)?;
        // A slash at the end is nobody's second one.
        let doubled = (with_empty.strip_suffix(b"/").unwrap_or(&with_empty) != strict).then(|| {
            let mut single: String = text.split('/').filter(|segment| !bare(segment).is_empty()).fold(
                String::with_capacity(text.len()),
                |mut single, segment| {
                    single.push('/');
                    single.push_str(segment);
                    single
                },
            );
            if single.is_empty() || text.ends_with('/') {
                single.push('/');
            }
            (with_empty, single)
        });
        Some(Self { text: text.into(), strict: strict.into(), loose, doubled })
    }
}

/// What a route's path is compared by: without a slash at its end, so that the root is empty. The error says what would
/// be right.
pub(crate) fn of_route(path: &str) -> Result<Vec<u8>, String> {
    if !path.starts_with('/') {
        return Err(format!("{path:?} must begin with \"/\""));
    }
    if path.contains(['?', '#']) {
        return Err(format!("{path:?} must be a path alone, such as \"/invoices\": queries are not looked at"));
    }
    if path.contains(['*', '{', '}']) {
        return Err(format!(
            "{path:?} must be a path, such as \"/invoices\", which is taken with all below it: there are no patterns"
        ));
    }
    let read = RequestPath::read(path).filter(|read| read.loose.is_empty() && read.doubled.is_none());
    let Some(RequestPath { text, strict, .. }) = read else {
        return Err(format!(
            "{path:?} must be plain, such as \"/invoices\": no dot segments, double slashes, or encoded slashes and semicolons"
        ));
    };
    if path.contains(';') {
        return Err(format!("{path:?} must be without parameters (\";…\"), which are not looked at"));
    }
    if text != path {
        return Err(format!("{path:?} must be written as it is compared, {text:?}"));
    }
    Ok(strict.strip_suffix(b"/").unwrap_or(&strict).to_vec())
}

/// Whether a route's key covers a request's, on whole segments.
pub(crate) fn covers(route: &[u8], path: &[u8]) -> bool {
    path.strip_prefix(route).is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/"))
}

/// Whether a path is its own key: most are.
fn is_plain(path: &str) -> bool {
    let mut before = None;
    path.starts_with('/')
        && path.bytes().all(|b| {
            let starts = before == Some(b'/');
            before = Some(b);
            match b {
                b'/' | b'.' => !starts,
                b';' => false,
                _ => is_in_path(b),
            }
        })
}

/// The characters that stand for themselves in a path (RFC 3986, 3.3).
fn is_in_path(b: u8) -> bool {
    is_unreserved(b) || b"/:@!$&'()*+,;=".contains(&b)
}

fn is_unreserved(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~')
}

fn canonical(path: &str) -> Option<String> {
    if !path.starts_with('/') {
        return None;
    }
    let mut text = String::with_capacity(path.len());
    let mut rest = path.bytes();
    while let Some(b) = rest.next() {
        let (byte, encoded) =
            if b == b'%' { (digit(rest.next()?)? << 4 | digit(rest.next()?)?, true) } else { (b, false) };
        match byte {
            // To some servers a backslash is a slash; zero ends what comes before it.
            0 | b'\\' => return None,
            byte if is_unreserved(byte) || (!encoded && is_in_path(byte)) => text.push(char::from(byte)),
            byte => text.push_str(&format!("%{byte:02X}")),
        }
    }
    Some(text)
}

fn digit(b: u8) -> Option<u8> {
    char::from(b).to_digit(16).map(|digit| digit as u8)
}

/// The segments of a canonical path, decoded, without their parameters.
fn segments(text: &str) -> impl Iterator<Item = Vec<u8>> {
    text.split('/').skip(1).map(|segment| {
        let mut segment = decoded(bare(segment));
        segment.iter_mut().filter(|b| **b == b'/').for_each(|b| *b = ENCODED_SLASH);
        segment
    })
}

/// A segment without its parameters.
fn bare(segment: &str) -> &str {
    segment.split(';').next().unwrap_or_default()
}

/// The keys of a path that goes on, as servers read it that decode first and to which an empty segment, such as of an encoded
/// slash beside a plain one, is one; none where it has no encoding.
pub(crate) fn with_empty_segments(text: &str) -> Vec<Vec<u8>> {
    if text.contains('%') { decoded_first(text, true).unwrap_or_default() } else { Vec::new() }
}

/// The keys of a path as servers read it that decode before they look for anything, a query or a fragment perhaps.
fn decoded_first(text: &str, with_empty: bool) -> Option<Vec<Vec<u8>>> {
    let decoded = decoded(text);
    let before = |end: u8| decoded.split(|&b| b == end).next().unwrap_or_default();
    let key_of = |path: &[u8]| {
        let segments = path.split(|&b| b == b'/').skip(1);
        key(segments.map(|segment| segment.split(|&b| b == b';').next().unwrap_or_default()), with_empty)
    };
    Some(vec![key_of(&decoded)?, key_of(before(b'?'))?, key_of(before(b'#'))?])
}

fn decoded(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(b) = rest.next() {
        let digits = if b == b'%' { rest.next().and_then(digit).zip(rest.next().and_then(digit)) } else { None };
        bytes.push(digits.map_or(b, |(high, low)| high << 4 | low));
    }
    bytes
}

/// The key of these segments; none where one of them climbs.
fn key(segments: impl Iterator<Item = impl AsRef<[u8]>>, with_empty: bool) -> Option<Vec<u8>> {
    let mut key = Vec::new();
    for segment in segments {
        let segment = segment.as_ref();
        if matches!(segment, b"." | b"..") {
            return None;
        }
        if with_empty || !segment.is_empty() {
            key.push(b'/');
            key.extend_from_slice(segment);
        }
    }
    Some(key)
}
