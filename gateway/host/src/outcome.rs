//! Checks of what a policy returned, so that nobody behind has to expect a status 0 or a header with a line break.

use crate::failure::PolicyFailure;
use crate::world::{Header, Outcome, Refusal, Reply};

pub(crate) fn check(outcome: Outcome) -> Result<Outcome, PolicyFailure> {
    match &outcome {
        Outcome::Accept(accepted) => reply(&accepted.reply)?,
        Outcome::Answer(answer) => reply(answer)?,
        Outcome::Forward(forwarded) => check_headers(&forwarded.set_headers)?,
        Outcome::Reject(refusal) => check_refusal(refusal)?,
    }
    Ok(outcome)
}

pub(crate) fn check_reply(given: Reply) -> Result<Reply, PolicyFailure> {
    reply(&given)?;
    Ok(given)
}

fn reply(reply: &Reply) -> Result<(), PolicyFailure> {
    if !(200..600).contains(&reply.status) {
        return Err(bad(&format!("a reply with status {}, which would be 200 to 599", reply.status)));
    }
    check_headers(&reply.headers)
}

fn check_refusal(refusal: &Refusal) -> Result<(), PolicyFailure> {
    if !(400..600).contains(&refusal.status) {
        return Err(bad(&format!("a refusal with status {}, which would be 400 to 599", refusal.status)));
    }
    Ok(())
}

fn check_headers(headers: &[Header]) -> Result<(), PolicyFailure> {
    for header in headers {
        if header.name.is_empty() || !header.name.bytes().all(is_name_byte) {
            return Err(bad(&format!(
                "a header named {:?}, which would be in lower case, such as `content-type`",
                header.name
            )));
        }
        if header.value.iter().any(|&byte| (byte < b' ' && byte != b'\t') || byte == 0x7f) {
            return Err(bad(&format!("a header `{}` with a control character in its value", header.name)));
        }
    }
    Ok(())
}

/// The characters of a token (RFC 9110, 5.6.2) without the capital letters, which HTTP/2 has not.
fn is_name_byte(byte: u8) -> bool {
    matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'!' | b'#' | b'$' | b'%' | b'&' | b'\'' | b'*' | b'+' | b'-' | b'.' | b'^' | b'_' | b'`' | b'|' | b'~')
}

fn bad(what: &str) -> PolicyFailure {
    PolicyFailure::BadOutcome(what.to_owned())
}
