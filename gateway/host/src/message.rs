//! A message as the host hands it to policies.

use bytes::Bytes;

use crate::caller::Caller;

/// One header field of HTTP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// The name, in lower case.
    pub name: String,
    /// The value as sent, without surrounding blanks. It need not be UTF-8.
    pub value: Vec<u8>,
}

/// One message of a partner. A policy sees of it what its [`About`](crate::About) asks for, and beside it the policy's own
/// name and context.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The gateway's id of the request.
    pub id: String,
    /// When it arrived: RFC 3339 in UTC.
    pub received: String,
    /// The same in Unix milliseconds.
    pub received_millis: u64,
    /// The route's name.
    pub route: String,
    /// Who sent it, whatever it counts as; whose turns it takes. No policy sees it.
    pub caller: Caller,
    /// The partner's name, where it is known.
    pub partner: Option<String>,
    /// The method, in upper case.
    pub method: String,
    /// Path and query.
    pub target: String,
    /// Its header fields, in order.
    pub headers: Vec<Header>,
    /// Its body, as far as it was read.
    pub body: Bytes,
}
