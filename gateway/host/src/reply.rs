//! What a partner is answered.

use crate::message::Header;

/// A response of HTTP that a policy made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The status, 200 to 599.
    pub status: u16,
    /// Its header fields.
    pub headers: Vec<Header>,
    /// The whole body.
    pub body: Vec<u8>,
}

/// Why a message is not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The status, 400 to 599.
    pub status: u16,
    /// A short, stable name of the reason.
    pub code: String,
    /// What was wrong and what would be right, for people.
    pub detail: String,
    /// Where it was.
    pub field: Option<String>,
    /// In how many seconds sending the same again can help.
    pub retry_after: Option<u32>,
}
