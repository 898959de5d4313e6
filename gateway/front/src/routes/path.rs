//! Paths as they are compared.

use std::borrow::Cow;

/// A path as it is compared: unreserved characters decoded, several slashes as one. None where it climbs, or hides a
/// separator, since an upstream might read it otherwise than the routes do.
pub(crate) fn plain(path: &str) -> Option<Cow<'_, str>> {
    let odd = path.contains("//") || path.contains('%') || path.contains('\\');
    let plain = if odd { Cow::Owned(decoded(path)?) } else { Cow::Borrowed(path) };
    let climbs = plain.split('/').any(|segment| matches!(segment.split(';').next(), Some("." | "..")));
    (plain.starts_with('/') && !climbs).then_some(plain)
}

fn decoded(path: &str) -> Option<String> {
    let mut plain = String::with_capacity(path.len());
    let mut rest = path.chars();
    while let Some(next) = rest.next() {
        match next {
            '\\' => return None,
            '/' if plain.ends_with('/') => {}
            '%' => {
                let digits = rest.as_str().get(..2)?;
                let byte = u8::from_str_radix(digits, 16).ok()?;
                if matches!(byte, 0 | b'/' | b'\\') {
                    return None;
                }
                let unreserved = byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
                if unreserved {
                    plain.push(char::from(byte));
                } else {
                    plain.push('%');
                    plain.push_str(&digits.to_ascii_uppercase());
                }
                rest.nth(1);
            }
            other => plain.push(other),
        }
    }
    Some(plain)
}

/// Whether a route's path covers a request's, on whole segments.
pub(crate) fn covers(prefix: &str, path: &str) -> bool {
    path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
