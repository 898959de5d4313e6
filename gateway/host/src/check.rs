//! Checks of what a policy returned, so that nobody behind has to expect a status 0 or a header with a line break.

use crate::about::About;
use crate::edit::HeaderEdit;
use crate::failure::PolicyFailure;
use crate::limits::CONTEXT_BYTES;
use crate::message::Header;
use crate::outcome::{Continuation, Decision, Forwarded, Outcome};
use crate::reply::{Refusal, Reply};
use crate::response::{Changed, ResponseOutcome};

pub(crate) fn decision(about: &About, decision: &Decision) -> Result<(), PolicyFailure> {
    if decision.context.len() > CONTEXT_BYTES {
        let bytes = decision.context.len();
        return Err(bad(&format!("a context of {bytes} bytes, and {CONTEXT_BYTES} is the most")));
    }
    match &decision.outcome {
        Outcome::Accept(accepted) => {
            may_accept(about)?;
            match &accepted.then {
                Continuation::Reply(answer) => reply(answer),
                Continuation::Forward(forward) => forwarded(forward),
            }
        }
        Outcome::Answer(answer) => reply(answer),
        Outcome::Forward(forward) => forwarded(forward),
        Outcome::Reject(reason) => refusal(reason),
    }
}

pub(crate) fn response(about: &About, outcome: &ResponseOutcome) -> Result<(), PolicyFailure> {
    match outcome {
        ResponseOutcome::Pass => Ok(()),
        ResponseOutcome::Change(change) => changed(change),
        ResponseOutcome::Accept(accepted) => {
            may_accept(about)?;
            changed(&accepted.change)
        }
    }
}

pub(crate) fn reply(reply: &Reply) -> Result<(), PolicyFailure> {
    status("reply", reply.status, 200)?;
    fields(&reply.headers)
}

fn may_accept(about: &About) -> Result<(), PolicyFailure> {
    if about.may_accept {
        return Ok(());
    }
    Err(bad("accept, and its `about.may-accept` says that it does not"))
}

fn forwarded(forwarded: &Forwarded) -> Result<(), PolicyFailure> {
    edit(&forwarded.headers)
}

fn changed(changed: &Changed) -> Result<(), PolicyFailure> {
    if let Some(given) = changed.status {
        status("response", given, 200)?;
    }
    edit(&changed.headers)
}

fn refusal(refusal: &Refusal) -> Result<(), PolicyFailure> {
    status("refusal", refusal.status, 400)
}

fn status(what: &str, status: u16, least: u16) -> Result<(), PolicyFailure> {
    if (least..600).contains(&status) {
        return Ok(());
    }
    Err(bad(&format!("a {what} with status {status}, which would be {least} to 599")))
}

fn edit(edit: &HeaderEdit) -> Result<(), PolicyFailure> {
    fields(&edit.set)?;
    fields(&edit.add)
}

fn fields(headers: &[Header]) -> Result<(), PolicyFailure> {
    for header in headers {
        if !is_name(&header.name) {
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

/// Whether this is a header field's name as policies and HTTP/2 write it.
pub(crate) fn is_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(is_name_byte)
}

/// The characters of a token (RFC 9110, 5.6.2) without the capital letters, which HTTP/2 has not.
fn is_name_byte(byte: u8) -> bool {
    matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'!' | b'#' | b'$' | b'%' | b'&' | b'\'' | b'*' | b'+' | b'-' | b'.' | b'^' | b'_' | b'`' | b'|' | b'~')
}

fn bad(what: &str) -> PolicyFailure {
    PolicyFailure::BadOutcome(what.to_owned())
}
