//! Where a response ends, as its upstream says it: in one way, or it does not go on.

use http::HeaderMap;
use http::header::{CONTENT_LENGTH, HeaderValue, TRANSFER_ENCODING};

/// Puts the length of a response into one field. The error is what leaves open where the response ends: both a length and
/// a coding, of which servers go by different ones, lengths that differ, or a coding that is not taken off here and that
/// nobody asked for (RFC 9110, 8.6; RFC 9112, 6.1 and 6.3).
pub(super) fn settle(headers: &mut HeaderMap) -> Result<(), String> {
    let codings: Vec<&HeaderValue> = headers.get_all(TRANSFER_ENCODING).iter().collect();
    let coded = match &codings[..] {
        [] => false,
        [one] if one.as_bytes().eq_ignore_ascii_case(b"chunked") => true,
        _ => return Err("its transfer-encoding is not \"chunked\", once and alone".to_owned()),
    };
    let mut fields = headers.get_all(CONTENT_LENGTH).iter();
    let Some(first) = fields.next() else { return Ok(()) };
    if coded {
        return Err("it has a content-length and a transfer-encoding".to_owned());
    }
    let listed = |value: &HeaderValue| {
        let lengths = value.to_str().ok()?.split(',').map(|length| digits(length.trim_matches([' ', '\t'])));
        lengths.reduce(|one, other| one.filter(|_| one == other)).flatten()
    };
    let length = listed(first).filter(|length| fields.all(|field| listed(field) == Some(*length)));
    let length = length.ok_or("its content-length is not one number")?;
    headers.insert(CONTENT_LENGTH, length.into());
    Ok(())
}

fn digits(text: &str) -> Option<u64> {
    let all = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    all.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use http::HeaderName;

    use super::*;

    fn settled(fields: &[(HeaderName, &str)]) -> Result<Vec<String>, String> {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(name, value.parse().unwrap());
        }
        settle(&mut headers)?;
        Ok(headers.get_all(CONTENT_LENGTH).iter().map(|value| value.to_str().unwrap().to_owned()).collect())
    }

    #[test]
    fn a_length_stands_once_however_often_it_was_said() {
        assert_eq!(settled(&[]).unwrap(), [""; 0]);
        assert_eq!(settled(&[(TRANSFER_ENCODING, "Chunked")]).unwrap(), [""; 0]);
        for said in [&["2"][..], &["2", "2"], &["2, 2"], &["2,\t2", "02"]] {
            let fields: Vec<_> = said.iter().map(|&value| (CONTENT_LENGTH, value)).collect();
            assert_eq!(settled(&fields).unwrap(), ["2"], "{said:?}");
        }
    }

    #[test]
    fn what_leaves_open_where_a_response_ends_is_told() {
        for said in [&["2", "3"][..], &["2, 3"], &["2,"], &["+2"], &[""], &["99999999999999999999"]] {
            let fields: Vec<_> = said.iter().map(|&value| (CONTENT_LENGTH, value)).collect();
            assert_eq!(settled(&fields).unwrap_err(), "its content-length is not one number", "{said:?}");
        }
        for said in [&["gzip"][..], &["gzip, chunked"], &["gzip", "chunked"], &["chunked", "chunked"], &["identity"]] {
            let fields: Vec<_> = said.iter().map(|&value| (TRANSFER_ENCODING, value)).collect();
            assert!(settled(&fields).unwrap_err().contains("once and alone"), "{said:?}");
        }
        let both = settled(&[(CONTENT_LENGTH, "2"), (TRANSFER_ENCODING, "chunked")]);
        assert_eq!(both.unwrap_err(), "it has a content-length and a transfer-encoding");
    }
}
