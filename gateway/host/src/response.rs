//! An upstream's response, and what a policy decides about it.

use bytes::Bytes;

use crate::edit::HeaderEdit;
use crate::message::Header;
use crate::outcome::Transaction;

/// What an upstream answered. A policy sees the body only if [`About::needs_response_body`](crate::About).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// The status.
    pub status: u16,
    /// Its header fields, in order.
    pub headers: Vec<Header>,
    /// Its body, as far as it was read.
    pub body: Bytes,
}

/// What is to become of an upstream's response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ResponseOutcome {
    /// It goes on as it came.
    Pass,
    /// It goes on, changed.
    Change(Changed),
    /// Queue the transactions; when they are durable, the response goes on.
    Accept(AcceptedResponse),
}

/// Transactions to queue as one because of what an upstream answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AcceptedResponse {
    /// The transactions, not yet checked.
    pub transactions: Vec<Transaction>,
    /// What is changed of the response.
    pub change: Changed,
}

/// What is changed of a response; the rest stays as it came.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changed {
    /// Another status, 200 to 599.
    pub status: Option<u16>,
    /// Other header fields.
    pub headers: HeaderEdit,
    /// Another body.
    pub body: Option<Vec<u8>>,
}

impl Changed {
    /// Makes the changes, and says whether the body is another one.
    pub fn apply(self, response: &mut Response) -> bool {
        let Self { status, headers, body } = self;
        headers.apply(&mut response.headers);
        if let Some(status) = status {
            response.status = status;
        }
        let replaced = body.is_some();
        if let Some(body) = body {
            response.body = body.into();
        }
        replaced
    }
}
