//! The stock policy `iso20022`: payments and account statements as banks and their customers exchange them.
//!
//! What of which message becomes which field of a transaction stands in [`mapping`]; it holds for all versions of a kind,
//! which differ in little else than their namespaces.

mod cursor;
mod document;
mod errors;
mod fields;
mod header;
mod mapping;
mod payments;
mod places;
mod reading;
mod reply;
mod settings;
mod settlements;
mod statements;
mod summary;

use tallygate_policy::{About, ConfigFault, Decision, Message, Policy, Refusal, Reply, export};

use crate::settings::Settings;

struct Iso20022 {
    settings: Settings,
}

impl Policy for Iso20022 {
    const LOGS_PANICS: bool = false;

    fn configure(config: &str) -> Result<Self, ConfigFault> {
        Ok(Self { settings: Settings::read(config)? })
    }

    fn about(&self, about: About) -> About {
        About { config_schema: Some(include_str!("config-schema.json").to_owned()), ..about }
    }

    fn handle(&self, message: Message) -> Decision {
        match reading::transactions(&message.body, &self.settings, message.partner.as_deref()) {
            Ok(transactions) => {
                let reply = reply::accepted(&message, &self.settings, transactions.len());
                Decision::accept(transactions, reply)
            }
            Err(refusal) => refusal.into(),
        }
    }

    /// What the gateway refuses of a transaction is told by its place in the message, as what is refused here is.
    fn fault(&self, message: Message, refusal: Refusal) -> Option<Reply> {
        let place = refusal.field.as_deref().and_then(|field| places::in_message(field, &message.body, &self.settings));
        let is_placed = place.is_some();
        let refusal = match place {
            Some(place) => refusal.at(place),
            None => refusal,
        };
        let report = reply::refused(&message, &self.settings, &refusal);
        report.or_else(|| is_placed.then(|| refusal.document(&message.id)))
    }
}

export!(Iso20022);

#[cfg(test)]
mod tests;
