//! From the host's types to those of this world: borrowed, so that no body is copied before it is in the guest.

use super::bindings::{HeaderParam, Message as MessageParam, RefusalParam, Response as ResponseParam};
use crate::about::About;
use crate::message::{Header, Message};
use crate::reply::Refusal;
use crate::response::Response;

/// What of a message its policy gets to see.
pub(crate) struct Seen<'m> {
    policy: &'m str,
    about: &'m About,
    message: &'m Message,
    context: &'m [u8],
}

impl<'m> Seen<'m> {
    pub(crate) fn new(policy: &'m str, about: &'m About, message: &'m Message, context: &'m [u8]) -> Self {
        Self { policy, about, message, context }
    }

    pub(super) fn policy(&self) -> &'m str {
        self.policy
    }

    /// The message, of which this policy does not see all.
    pub(super) fn message(&self) -> &'m Message {
        self.message
    }

    pub(super) fn context(&self) -> &'m [u8] {
        self.context
    }

    pub(super) fn headers(&self) -> impl Iterator<Item = &'m Header> + Clone {
        let about = self.about;
        self.message.headers.iter().filter(|header| about.needs_header(&header.name))
    }

    pub(super) fn body(&self) -> &'m [u8] {
        if self.about.needs_body { &self.message.body } else { &[] }
    }

    /// The header fields as [`param`](Self::param) takes them.
    pub(crate) fn fields(&self) -> Vec<HeaderParam<'m>> {
        self.headers().map(header).collect()
    }

    pub(crate) fn param<'f>(&'f self, headers: &'f [HeaderParam<'f>]) -> MessageParam<'f> {
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
            headers,
            body: self.body(),
            context: self.context,
            facts: &[],
        }
    }
}

/// What of a response a policy gets to see.
pub(crate) struct SeenResponse<'r> {
    about: &'r About,
    response: &'r Response,
}

impl<'r> SeenResponse<'r> {
    pub(crate) fn new(about: &'r About, response: &'r Response) -> Self {
        Self { about, response }
    }

    pub(super) fn status(&self) -> u16 {
        self.response.status
    }

    pub(super) fn headers(&self) -> impl Iterator<Item = &'r Header> + Clone {
        self.response.headers.iter()
    }

    pub(super) fn body(&self) -> &'r [u8] {
        if self.about.needs_response_body { &self.response.body } else { &[] }
    }

    /// The header fields as [`param`](Self::param) takes them.
    pub(crate) fn fields(&self) -> Vec<HeaderParam<'r>> {
        self.headers().map(header).collect()
    }

    pub(crate) fn param<'f>(&'f self, headers: &'f [HeaderParam<'f>]) -> ResponseParam<'f> {
        ResponseParam { status: self.status(), headers, body: self.body() }
    }
}

pub(crate) fn refusal(refusal: &Refusal) -> RefusalParam<'_> {
    let Refusal { status, code, detail, field, retry_after } = refusal;
    RefusalParam { status: *status, code, detail, field: field.as_deref(), retry_after: *retry_after, extras: &[] }
}

fn header(header: &Header) -> HeaderParam<'_> {
    HeaderParam { name: &header.name, value: &header.value }
}
