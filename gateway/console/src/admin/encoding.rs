//! What of an address is percent-encoded.

use percent_encoding::percent_decode_str;

use super::problem::Problem;

/// Refuses what does not decode; a reader would otherwise put other characters in its place.
pub(super) fn check(text: &str) -> Result<(), Problem> {
    let hexadecimal = |rest: &str| rest.as_bytes().get(..2).is_some_and(|two| two.iter().all(u8::is_ascii_hexdigit));
    let whole = text.split('%').skip(1).all(hexadecimal) && percent_decode_str(text).decode_utf8().is_ok();
    if whole {
        return Ok(());
    }
    Err(Problem::bad("the address holds a % that is not followed by two hexadecimal digits of UTF-8"))
}
