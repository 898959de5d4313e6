//! From the host's types to those of this world: borrowed, so that no body is copied before it is in the guest.

use super::bindings::{HeaderParam, Message as MessageParam, RefusalParam, Response as ResponseParam};
use crate::about::About;
use crate::message::{Header, Message};
use crate::reply::Refusal;
use crate::response::Response;

/// What of a message its policy gets to see.
pub(crate) struct Seen<'m> {
    policy: &'m str,
    message: &'m Message,
    context: &'m [u8],
    headers: Vec<HeaderParam<'m>>,
    body: &'m [u8],
}

impl<'m> Seen<'m> {
    pub(crate) fn new(policy: &'m str, about: &About, message: &'m Message, context: &'m [u8]) -> Self {
        let needed = message.headers.iter().filter(|header| about.needs_header(&header.name));
        let body = if about.needs_body { &*message.body } else { &[] };
        Self { policy, message, context, headers: needed.map(header).collect(), body }
    }

    pub(crate) fn param(&self) -> MessageParam<'_> {
        let Message { id, received, received_millis, route, caller: _, partner, method, target, headers: _, body: _ } =
            self.message;
        MessageParam {
            id,
            received,
            received_millis: *received_millis,
            route,
            policy: self.policy,
            partner: partner.as_deref(),
            method,
            target,
            headers: &self.headers,
            body: self.body,
            context: self.context,
            facts: &[],
        }
    }
}

/// What of a response a policy gets to see.
pub(crate) struct SeenResponse<'r> {
    status: u16,
    headers: Vec<HeaderParam<'r>>,
    body: &'r [u8],
}

impl<'r> SeenResponse<'r> {
    pub(crate) fn new(about: &About, response: &'r Response) -> Self {
        let body = if about.needs_response_body { &*response.body } else { &[] };
        Self { status: response.status, headers: response.headers.iter().map(header).collect(), body }
    }

    pub(crate) fn param(&self) -> ResponseParam<'_> {
        ResponseParam { status: self.status, headers: &self.headers, body: self.body }
    }
}

pub(crate) fn refusal(refusal: &Refusal) -> RefusalParam<'_> {
    let Refusal { status, code, detail, field, retry_after } = refusal;
    RefusalParam { status: *status, code, detail, field: field.as_deref(), retry_after: *retry_after, extras: &[] }
}

fn header(header: &Header) -> HeaderParam<'_> {
    HeaderParam { name: &header.name, value: &header.value }
}
