//! What a policy of a format does with a message and with a refusal.

use tallygate_policy::batch::check_size;
use tallygate_policy::{Decision, Message, Refusal, Reply};

use crate::Format;

/// Decides about a message.
pub fn handle(format: &impl Format, message: &Message) -> Decision {
    let made = format.read(&message.body, false).and_then(|made| {
        check_size(&made.transactions, message.partner.as_deref())?;
        Ok(made)
    });
    match made {
        Ok(made) => {
            let id = made.transactions.first().map(|first| &*first.id).unwrap_or_default();
            let reply = format.description().replies.accepted(made.transactions.len(), id, &message.id);
            Decision::accept(made.transactions, reply)
        }
        Err(wrong) => {
            let (refusal, id) = wrong.refusal(format);
            let id = id.filter(|id| id.len() <= LONGEST_ID).unwrap_or_default();
            Decision::from(refusal).with_context(id)
        }
    }
}

/// The longest id that a refusal repeats, in bytes; the gateway takes none that is longer.
const LONGEST_ID: usize = 256;

/// Puts a refusal into the partner's words: the place that the gateway means is named as partners know it, and the body is
/// the one that was configured.
pub fn fault(format: &impl Format, message: &Message, refusal: Refusal) -> Option<Reply> {
    let place = refusal.field.as_deref().and_then(|field| Place::read(field)?.named(format, &message.body));
    let (refusal, id, known) = match place {
        Some((name, id)) => (refusal.at(name), Some(id), true),
        None => (refusal, None, false),
    };
    let id = id.or_else(|| String::from_utf8(message.context.clone()).ok()).unwrap_or_default();
    let reply = format.description().replies.refused(&refusal, &id, &message.id);
    reply.or_else(|| known.then(|| refusal.document(&message.id)))
}

/// A place as the gateway tells it: `transactions/3/amount`.
struct Place<'f> {
    transaction: usize,
    field: Option<&'f str>,
}

impl<'f> Place<'f> {
    fn read(field: &'f str) -> Option<Self> {
        let place = field.strip_prefix("transactions/")?;
        let (transaction, field) = match place.split_once('/') {
            Some((transaction, field)) => (transaction, Some(field)),
            None => (place, None),
        };
        Some(Self { transaction: transaction.parse().ok()?, field })
    }

    /// The name that partners know it by, and the transaction's id.
    fn named(&self, format: &impl Format, body: &[u8]) -> Option<(String, String)> {
        let made = format.read(body, true).ok()?;
        let transaction = made.transactions.get(self.transaction)?;
        let origin = made.origins.get(self.transaction)?;
        let fields = &format.description().fields;
        let name = match self.field {
            None => format.name(None, origin),
            Some(field) => {
                let (cell, of_it) = fields.named(field, transaction.day.is_some())?;
                let name = format.name(Some(cell), origin);
                match of_it {
                    Some(of_it) => [&*name, "/", &of_it.replace('~', "~0").replace('/', "~1")].concat(),
                    None => name,
                }
            }
        };
        Some((name, transaction.id.clone()))
    }
}
