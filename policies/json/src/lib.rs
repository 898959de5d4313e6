//! The stock policy `json`: one transaction, an array of them, or one a line.
//!
//! Its configuration can say where the fields are: `{"fields":{"amount":"/payment/total"}}`, each a JSON Pointer into a
//! transaction's object.

mod fields;
mod names;
mod places;
mod pointers;
mod scanner;
mod transactions;

use tallygate_policy::config::Config;
use tallygate_policy::{About, ConfigFault, Decision, Message, Policy, Refusal, Reply, export, first_bytes, scan};

use crate::pointers::Node;

struct Json {
    root: Node,
}

impl Policy for Json {
    const LOGS_PANICS: bool = false;

    fn configure(config: &str) -> Result<Self, ConfigFault> {
        let mut config = Config::parse(config)?;
        let root = pointers::configure(config.section("fields")?)?;
        config.finish()?;
        Ok(Self { root })
    }

    fn about(&self, about: About) -> About {
        About { config_schema: Some(include_str!("config-schema.json").to_owned()), ..about }
    }

    fn handle(&self, message: Message) -> Decision {
        match self.accept(&message) {
            Ok(outcome) => outcome,
            Err(refusal) => refusal.into(),
        }
    }

    /// What the gateway refuses of a transaction is told by its place in the partner's body, as what is refused here is.
    fn fault(&self, message: Message, refusal: Refusal) -> Option<Reply> {
        let pointer = places::pointer(refusal.field.as_deref()?, &message.body, &self.root)?;
        Some(refusal.at(pointer).document(&message.id))
    }
}

export!(Json);

impl Json {
    fn accept(&self, message: &Message) -> Result<Decision, Refusal> {
        if let Some(told) = first_bytes::told(&message.body) {
            let detail =
                format!("the body is {told}; JSON in plain UTF-8, as it begins with `{{` or `[`, would be right");
            return Err(Refusal::new(400, "not-json", detail));
        }
        let body = scan::text(&message.body).map_err(|error| {
            Refusal::new(400, "not-json", format!("byte {} is not UTF-8, which JSON is in", error.valid_up_to() + 1))
        })?;
        let transactions = transactions::read(body, &self.root)?;
        let reply = Reply::json(202, accepted(transactions.len()));
        Ok(Decision::accept(transactions, reply))
    }
}

/// How many were accepted, written without the machinery of formatting, which each message would pay for.
fn accepted(count: usize) -> String {
    let mut written = String::with_capacity(40);
    written.push_str("{\"accepted\":");
    let digits = count.checked_ilog10().unwrap_or_default();
    for place in (0..=digits).rev() {
        written.push(char::from(b'0' + (count / 10_usize.pow(place) % 10) as u8));
    }
    written.push('}');
    written
}

#[cfg(test)]
mod tests;
