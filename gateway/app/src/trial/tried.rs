//! What became of one message on trial.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use tallygate_host::{Limits, Refusal, Used};

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Its transactions count.
    Accept,
    /// It was answered, and nothing counts.
    Answer,
    /// It went on to the upstream.
    Forward,
    /// It was refused, by the policy or by the gateway.
    Reject,
    /// The policy failed over it: it trapped, took too much, or returned what cannot be carried out.
    Failed,
}

/// What became of one message.
#[derive(Clone, Debug)]
pub(crate) struct Tried {
    pub(crate) outcome: Outcome,
    /// All that was queued, each as JSON; what `handle` accepted stands before what `respond` did.
    pub(crate) transactions: Vec<String>,
    /// The message as the upstream got it, where it was asked.
    pub(crate) forwarded: Option<Sent>,
    /// Why it was refused, and what only an operator is told of that.
    pub(crate) refused: Option<(Refusal, Option<String>)>,
    /// What the partner got.
    pub(crate) reply: Reply,
    pub(crate) used: Used,
    pub(crate) limits: Limits,
    /// The component's size, and what it took to compile and configure it.
    pub(crate) component_bytes: usize,
    pub(crate) compiled_in: Duration,
    /// What a real gateway might have made of it that this one did not.
    pub(crate) notes: Vec<String>,
}

/// A request as the upstream got it.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// A reply as the partner got it.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Outcome {
    /// Its word, as it is printed.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::Answer => "answer",
            Self::Forward => "forward",
            Self::Reject => "reject",
            Self::Failed => "failed",
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}
