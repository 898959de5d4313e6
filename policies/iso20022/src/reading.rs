//! What is read of a message: its transactions, and where each of them stands.

use std::borrow::Cow;

use tallygate_policy::xml::{FieldError, Reader, decode};
use tallygate_policy::{Refusal, Transaction, batch};

use crate::document::{self, Identity};
use crate::fields::{Money, When};
use crate::mapping::{Kind, Shape};
use crate::settings::Settings;
use crate::{payments, settlements, statements};

/// How many bytes of a message a transaction takes at least, so that what a message says of itself gets no more room than
/// it could fill.
const LEAST_BYTES: usize = 200;

/// A message while it is read.
pub(crate) struct Reading<'s> {
    pub(crate) settings: &'s Settings,
    pub(crate) identity: Identity<'s>,
    counts: bool,
    most: usize,
    transactions: Vec<Transaction>,
    wanted: Option<usize>,
    found: Option<Place>,
}

/// Where a transaction stands: in which block, a `PmtInf` or a statement, where the kind has them, and which in it; both
/// from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) block: usize,
    pub(crate) transaction: usize,
}

/// The transactions of a message, if its kind counts.
pub(crate) fn transactions(
    body: &[u8],
    settings: &Settings,
    partner: Option<&str>,
) -> Result<Vec<Transaction>, Refusal> {
    let document = decode(body)?;
    let reading = read(&document, settings, None)?;
    let mut transactions = reading.transactions;
    batch::number_ids(&mut transactions);
    batch::check_size(&transactions, partner)?;
    Ok(transactions)
}

/// Where the transaction with that index stands, and in a message of which kind.
pub(crate) fn place(body: &[u8], settings: &Settings, index: usize) -> Option<(&'static Kind, Place)> {
    let document = decode(body).ok()?;
    let reading = read(&document, settings, Some(index)).ok()?;
    Some((reading.identity.kind, reading.found?))
}

fn read<'s>(document: &'s [u8], settings: &'s Settings, wanted: Option<usize>) -> Result<Reading<'s>, Refusal> {
    let (identity, mut cursor) = document::enter(reader(document)?)?;
    let counts = settings.counts(identity.kind);
    let most = document.len() / LEAST_BYTES;
    let mut reading = Reading { settings, identity, counts, most, transactions: Vec::new(), wanted, found: None };
    match &identity.kind.shape {
        Shape::Initiation(mapping) => payments::read(&mut cursor, mapping, &mut reading)?,
        Shape::Settlements(mapping) => settlements::read(&mut cursor, mapping, &mut reading)?,
        Shape::Statements(mapping) => statements::read(&mut cursor, mapping, &mut reading)?,
    }
    document::finish(cursor)?;
    Ok(reading)
}

/// Comments and instructions may stand between elements, and never within a text.
pub(crate) fn reader(document: &[u8]) -> Result<Reader<'_>, Refusal> {
    Ok(Reader::new(document)?.skipping_comments().skipping_instructions())
}

impl Reading<'_> {
    /// Makes room for so many transactions.
    pub(crate) fn expect(&mut self, count: u64) {
        if self.counts {
            self.transactions.reserve_exact(usize::try_from(count).unwrap_or(usize::MAX).min(self.most));
        }
    }

    /// Takes a transaction, of whose id these are the parts.
    pub(crate) fn push(
        &mut self,
        place: Place,
        id: &[&str],
        key: &str,
        when: &When,
        money: &Money<'_>,
        is_negative: bool,
    ) {
        if !self.counts {
            return;
        }
        if self.wanted == Some(self.transactions.len()) {
            self.found = Some(place);
        }
        self.transactions.push(Transaction {
            id: joined(id),
            time: when.time.clone(),
            day: Some(when.day.clone()),
            key: key.to_owned(),
            amount: money.signed(is_negative),
            currency: money.currency.code().to_owned(),
            kind: self.identity.kind.transaction_type.to_owned(),
            attributes: Vec::new(),
        });
    }
}

/// The parts of an id, with a `/` between them; where a part has one, it is written `~1`, so that no two ids look the same.
fn joined(parts: &[&str]) -> String {
    const NUMBER: usize = "/12345".len();
    let mut id = String::with_capacity(parts.iter().map(|part| part.len() + 1).sum::<usize>() + NUMBER);
    for (index, part) in parts.iter().enumerate() {
        if index > 0 {
            id.push('/');
        }
        if part.contains(['/', '~']) {
            id.push_str(&part.replace('~', "~0").replace('/', "~1"));
        } else {
            id.push_str(part);
        }
    }
    id
}

/// The error, as one of the message's fields.
pub(crate) type Read<T> = Result<T, FieldError>;

/// A text of the message.
pub(crate) type Text<'a> = Cow<'a, str>;
