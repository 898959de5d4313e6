//! What a policy decides about a message.

use crate::edit::HeaderEdit;
use crate::message::Message;
use crate::reply::{Refusal, Reply};

/// An outcome, and what the policy wants to know again later.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// What is to become of the message.
    pub outcome: Outcome,
    /// For this policy's `respond` and `fault` and the next policy's `handle`; at most
    /// [`limits::CONTEXT_BYTES`](crate::limits::CONTEXT_BYTES).
    pub context: Vec<u8>,
}

/// What is to become of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Queue the transactions, and then reply or forward.
    Accept(Accepted),
    /// Send the reply now.
    Answer(Reply),
    /// Hand the message on.
    Forward(Forwarded),
    /// Refuse the message.
    Reject(Refusal),
}

/// Transactions to queue as one, and what happens once they are durable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// The transactions, not yet checked.
    pub transactions: Vec<Transaction>,
    /// What comes after.
    pub then: Continuation,
}

/// What happens once transactions are durable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Continuation {
    /// The partner gets this reply.
    Reply(Reply),
    /// The message goes on, and is queued before the upstream is asked.
    Forward(Forwarded),
}

/// What is changed of a message that goes on; the rest stays as it came.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Forwarded {
    /// Another method.
    pub method: Option<String>,
    /// Another path and query.
    pub target: Option<String>,
    /// Other header fields.
    pub headers: HeaderEdit,
    /// Another body.
    pub body: Option<Vec<u8>>,
}

/// One normalised transaction as a policy made it; nothing of it is checked yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transaction {
    /// What a resend repeats.
    pub id: String,
    /// When it happened: RFC 3339 with an offset.
    pub time: String,
    /// The business day, `YYYY-MM-DD`; none: that of `time`.
    pub day: Option<String>,
    /// Whose sum it counts into.
    pub key: String,
    /// A plain decimal.
    pub amount: String,
    /// Three capital letters.
    pub currency: String,
    /// What kind of transaction it is, dotted.
    pub kind: String,
    /// What else travels along, as name and value.
    pub attributes: Vec<(String, String)>,
}

impl Forwarded {
    /// Makes the changes.
    pub fn apply(self, message: &mut Message) {
        let Self { method, target, headers, body } = self;
        headers.apply(&mut message.headers);
        if let Some(method) = method {
            message.method = method;
        }
        if let Some(target) = target {
            message.target = target;
        }
        if let Some(body) = body {
            message.body = body.into();
        }
    }
}
