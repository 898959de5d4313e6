//! How much memory a request may need: what is reserved before its body is held.

use crate::limits::{BODY_TIMES, REPLY_BYTES, REQUEST_BYTES};

/// What a request with so many bytes of body may need in all, in bytes: head and body, the copy of them in a policy and what
/// that makes of it, and what comes out of it until it is queued.
pub(crate) fn needed(body: usize) -> usize {
    body.saturating_mul(BODY_TIMES).saturating_add(REQUEST_BYTES)
}

/// The largest body whose request needs no more than this, in bytes.
pub(crate) fn largest_body(memory: usize) -> usize {
    memory.saturating_sub(REQUEST_BYTES) / BODY_TIMES
}

/// What a reply with so many bytes of body needs until it was sent, in bytes.
pub(crate) fn needed_by_reply(body: usize) -> usize {
    body.saturating_add(REPLY_BYTES)
}
