//! The stock policy `json`: one transaction, an array of them, or one a line.
//!
//! Its configuration can say where the fields are: `{"fields":{"amount":"/payment/total"}}`, each a JSON Pointer into a
//! transaction's object.

mod fields;
mod names;
mod pointers;
mod scanner;
mod transactions;

use std::fmt::Write;

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
        let mut accepted = String::with_capacity(24);
        // Writing to a String cannot fail.
        let _ = write!(accepted, "{{\"accepted\":{}}}", transactions.len());
        Ok(Decision::accept(transactions, Reply::json(202, accepted)))
    }
}

#[cfg(test)]
mod tests;
