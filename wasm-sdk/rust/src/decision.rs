//! Short ways to decide what becomes of a message, and of an upstream's response.

use crate::world::tallygate::policy::types::{
    Accepted, AcceptedResponse, Changed, Continuation, Decision, Forwarded, Header, Outcome, Refusal, Reply,
    ResponseOutcome, Transaction,
};

impl Decision {
    /// Queue the transactions; when they are durable, send the reply.
    #[must_use]
    pub fn accept(transactions: Vec<Transaction>, reply: Reply) -> Self {
        Accepted { transactions, then: Continuation::Reply(reply), extras: Vec::new() }.into()
    }

    /// Queue the transactions once the route's further policies have let the message pass; when they are durable, ask the
    /// upstream.
    #[must_use]
    pub fn accept_and_forward(transactions: Vec<Transaction>, forwarded: Forwarded) -> Self {
        Accepted { transactions, then: Continuation::Forward(forwarded), extras: Vec::new() }.into()
    }

    /// The decision, with what `respond`, `fault` and the route's next policy find as `message.context`: at most 64 KiB.
    #[must_use]
    pub fn with_context(mut self, context: impl Into<Vec<u8>>) -> Self {
        self.context = context.into();
        self
    }
}

impl From<Outcome> for Decision {
    fn from(outcome: Outcome) -> Self {
        Self { outcome, context: Vec::new() }
    }
}

impl From<Accepted> for Decision {
    fn from(accepted: Accepted) -> Self {
        Outcome::Accept(accepted).into()
    }
}

impl From<Reply> for Decision {
    fn from(reply: Reply) -> Self {
        Outcome::Answer(reply).into()
    }
}

impl From<Forwarded> for Decision {
    fn from(forwarded: Forwarded) -> Self {
        Outcome::Forward(forwarded).into()
    }
}

impl From<Refusal> for Decision {
    fn from(refusal: Refusal) -> Self {
        Outcome::Reject(refusal).into()
    }
}

impl Forwarded {
    /// The message goes on as it came.
    #[must_use]
    pub fn unchanged() -> Self {
        Self {
            method: None,
            target: None,
            remove_headers: Vec::new(),
            set_headers: Vec::new(),
            add_headers: Vec::new(),
            body: None,
            extras: Vec::new(),
        }
    }

    /// The message goes on with this header in place of all of its name, which is in lower case.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: impl Into<Vec<u8>>) -> Self {
        self.set_headers.push(Header::new(name, value));
        self
    }

    /// The message goes on with another body.
    #[must_use]
    pub fn with_body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = Some(body.into());
        self
    }
}

impl Changed {
    /// The response goes on as it came.
    #[must_use]
    pub fn unchanged() -> Self {
        Self {
            status: None,
            remove_headers: Vec::new(),
            set_headers: Vec::new(),
            add_headers: Vec::new(),
            body: None,
            extras: Vec::new(),
        }
    }

    /// The response goes on with another status, 200 to 599.
    #[must_use]
    pub fn with_status(mut self, status: u16) -> Self {
        self.status = Some(status);
        self
    }

    /// The response goes on with this header in place of all of its name, which is in lower case.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: impl Into<Vec<u8>>) -> Self {
        self.set_headers.push(Header::new(name, value));
        self
    }

    /// The response goes on with another body.
    #[must_use]
    pub fn with_body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = Some(body.into());
        self
    }
}

impl ResponseOutcome {
    /// Queue the transactions; when they are durable, the response goes on, changed so.
    #[must_use]
    pub fn accept(transactions: Vec<Transaction>, change: Changed) -> Self {
        Self::Accept(AcceptedResponse { transactions, change, extras: Vec::new() })
    }
}

impl From<Changed> for ResponseOutcome {
    fn from(changed: Changed) -> Self {
        Self::Change(changed)
    }
}
