//! The stock policy `hr-racun`: invoices of the Croatian fiscalisation, SOAP 1.1 in and signed SOAP 1.1 out.
//!
//! An invoice becomes one transaction, and the reply holds its JIR, which a resend gets again: it is computed from the
//! transaction's identity by the key `jir`. Replies are signed by the key `reply`. The signature of the invoice itself is
//! not checked yet.

mod invoice;
mod namespaces;
mod refusals;
mod reply;
mod request;
mod zagreb;

use tallygate_policy::config::Config;
use tallygate_policy::{About, ConfigFault, Decision, KeyUse, Message, Policy, Refusal, Reply, export, host};

use crate::request::Request;

const JIR_KEY: &str = "jir";
const REPLY_KEY: &str = "reply";
const TIME_ZONE: &str = "Europe/Zagreb";

struct HrRacun {
    /// In order; none: every OIB is taken.
    oibs: Option<Vec<String>>,
    sign_replies: bool,
}

impl Policy for HrRacun {
    fn configure(config: &str) -> Result<Self, ConfigFault> {
        let mut config = Config::parse(config)?;
        let mut oibs = config.strings("oibs")?;
        let sign_replies = config.boolean("sign_replies")?.unwrap_or(true);
        if let Some(zone) = config.string("time_zone")?
            && zone != TIME_ZONE
        {
            let detail = format!("it is `{zone}`, and the invoices' days are those of {TIME_ZONE}");
            return Err(ConfigFault::at("/time_zone", detail));
        }
        config.finish()?;
        if let Some(oibs) = &mut oibs {
            if let Some(wrong) = oibs.iter().position(|oib| !invoice::is_oib(oib)) {
                let detail = format!("`{}` is no OIB, which has 11 digits", oibs[wrong]);
                return Err(ConfigFault::at(format!("/oibs/{wrong}"), detail));
            }
            oibs.sort_unstable();
        }
        Ok(Self { oibs, sign_replies })
    }

    fn about(&self, about: About) -> About {
        let mut keys = vec![KeyUse::hmac_sha256(JIR_KEY)];
        if self.sign_replies {
            keys.push(KeyUse::sign_xml(REPLY_KEY));
        }
        let config_schema = Some(include_str!("config-schema.json").to_owned());
        About { keys, config_schema, ..about }
    }

    fn handle(&self, message: Message) -> Decision {
        self.answer(&message).unwrap_or_else(Decision::from)
    }

    fn fault(&self, message: Message, refusal: Refusal) -> Option<Reply> {
        let envelope = request::Envelope::of_whatever_it_is(&message.body);
        let document = reply::errors(&envelope, &message.received, &refusal);
        // A refusal that cannot be signed is still better than none.
        Some(reply::reply(refusal.status, self.signed(document.clone()).unwrap_or(document)))
    }
}

export!(HrRacun);

impl HrRacun {
    fn answer(&self, message: &Message) -> Result<Decision, Refusal> {
        match request::read(&message.body)? {
            Request::Echo(text) => Ok(reply::reply(200, reply::echo(&text)).into()),
            Request::Invoice(invoice) => {
                self.check_oib(invoice.oib())?;
                let jir = jir(message, invoice.id())?;
                let document = reply::accepted(&invoice, &message.received, &jir);
                let signed = self.signed(document).map_err(|detail| refusals::system(&detail))?;
                Ok(Decision::accept(vec![invoice.transaction()?], reply::reply(200, signed)))
            }
        }
    }

    fn check_oib(&self, oib: &str) -> Result<(), Refusal> {
        let known = self.oibs.as_ref().is_none_or(|oibs| oibs.binary_search_by(|known| (**known).cmp(oib)).is_ok());
        if known {
            return Ok(());
        }
        Err(Refusal::new(500, "s005", format!("the OIB {oib} may not send invoices here")).at("Racun/Oib"))
    }

    fn signed(&self, document: String) -> Result<String, String> {
        if !self.sign_replies {
            return Ok(document);
        }
        let signed = host::sign_xml(REPLY_KEY, document.as_bytes(), reply::ELEMENT_ID)?;
        String::from_utf8(signed).map_err(|_| "the signed reply is not UTF-8".to_owned())
    }
}

/// The JIR: a UUID of the kind that is its maker's own (version 8), computed from the identity, whose parts are each led
/// by their length so that no two identities look the same.
fn jir(message: &Message, id: &str) -> Result<String, Refusal> {
    let partner = message.partner.as_deref().ok_or_else(|| refusals::system("nobody knows which partner sent this"))?;
    let mut identity = Vec::with_capacity(partner.len() + message.policy.len() + id.len() + 12);
    for part in [partner, &message.policy, id] {
        // Lengths of names and ids are far below 4 GiB; a longer one would only be cut in its length.
        identity.extend((part.len() as u32).to_be_bytes());
        identity.extend(part.as_bytes());
    }
    let mac = host::hmac_sha256(JIR_KEY, &identity).map_err(|detail| refusals::system(&detail))?;
    reply::uuid(&mac).ok_or_else(|| refusals::system("the host's HMAC is too short"))
}

#[cfg(test)]
mod tests;
