//! The stock policy `ubl-cii`: invoices and credit notes of EN 16931 and its kin, in UBL 2 (Peppol, XRechnung) or as Cross
//! Industry Invoices (Factur-X, ZUGFeRD, XRechnung).
//!
//! A document becomes one transaction: under the seller's VAT identifier, on the day it was issued, its total with VAT. What
//! it states about its own sums is checked.

mod amounts;
mod cii;
mod claim;
mod document;
mod invoice;
mod namespaces;
mod origin;
mod totals;
mod types;
mod ubl;

use tallygate_policy::config::Config;
use tallygate_policy::currency::Currencies;
use tallygate_policy::{About, ConfigFault, Decision, Message, Policy, Refusal, Reply, export, scan, xml};

use crate::document::Documents;
use crate::origin::Origin;

struct UblCii {
    documents: Documents,
    currencies: Currencies,
    /// Codes of types that are credit notes too, as the operator says.
    credit_notes: Vec<String>,
}

impl Policy for UblCii {
    const LOGS_PANICS: bool = false;

    fn configure(config: &str) -> Result<Self, ConfigFault> {
        let mut config = Config::parse(config)?;
        let currencies = Currencies::configure(&mut config)?;
        let credit_notes = config.strings("credit_notes")?.unwrap_or_default();
        config.finish()?;
        if let Some(wrong) = credit_notes.iter().position(|code| code.is_empty() || scan::trimmed(code) != code) {
            let detail = format!("`{}` is no code of a type, such as 381", credit_notes[wrong]);
            return Err(ConfigFault::at(format!("/credit_notes/{wrong}"), detail));
        }
        Ok(Self { documents: Documents::new()?, currencies, credit_notes })
    }

    fn about(&self, about: About) -> About {
        About { config_schema: Some(include_str!("config-schema.json").to_owned()), ..about }
    }

    fn handle(&self, message: Message) -> Decision {
        self.accept(&message).unwrap_or_else(Decision::from)
    }

    /// What the gateway refuses of the transaction is told by its place in the document, as what is refused here is.
    fn fault(&self, message: Message, refusal: Refusal) -> Option<Reply> {
        let place = Origin::of_context(&message.context)?.place(refusal.field.as_deref()?)?;
        Some(refusal.at(place).document(&message.id))
    }
}

export!(UblCii);

impl UblCii {
    fn accept(&self, message: &Message) -> Result<Decision, Refusal> {
        let body = xml::decode(&message.body)?;
        let invoice = self.documents.read(&body)?;
        let (transaction, origin) = invoice.transaction(&self.currencies, &self.credit_notes)?;
        let reply = Reply::json(202, "{\"accepted\":1}");
        Ok(Decision::accept(vec![transaction], reply).with_context(origin.context()))
    }
}

#[cfg(test)]
mod tests;
