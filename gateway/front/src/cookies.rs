//! Cookies that came in several fields, as HTTP/2 allows, become one field for all who read them.

use http::header::{COOKIE, HeaderMap, HeaderValue};

/// Joins several fields by `"; "`, as RFC 9113 (8.2.3) asks before they go on by HTTP/1.1 or to an application.
pub(crate) fn join(headers: &mut HeaderMap) {
    let mut fields = headers.get_all(COOKIE).iter();
    if fields.next().is_none() || fields.next().is_none() {
        return;
    }
    let fields: Vec<&[u8]> = headers.get_all(COOKIE).iter().map(HeaderValue::as_bytes).collect();
    if let Ok(joined) = HeaderValue::from_bytes(&fields.join(&b"; "[..])) {
        headers.insert(COOKIE, joined);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_fields_become_one_and_one_stays_as_it_is() {
        let mut headers = HeaderMap::new();
        join(&mut headers);
        assert!(headers.is_empty());
        for crumb in ["a=1", "b=caf\u{e9}; c=3", "d=4"] {
            headers.append(COOKIE, HeaderValue::from_bytes(crumb.as_bytes()).unwrap());
        }
        join(&mut headers);
        let joined: Vec<&[u8]> = headers.get_all(COOKIE).iter().map(HeaderValue::as_bytes).collect();
        assert_eq!(joined, ["a=1; b=caf\u{e9}; c=3; d=4".as_bytes()]);
        join(&mut headers);
        assert_eq!(headers[COOKIE].as_bytes(), "a=1; b=caf\u{e9}; c=3; d=4".as_bytes());
    }
}
