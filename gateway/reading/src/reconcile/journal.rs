//! What the gateways' journals say, as reconciling reads them.

use tallygate_core::{Currency, Day, MessageNumber, Sum};

/// The journals of all gateways. They are read twice, for they may grow meanwhile.
pub trait Journals: Send + Sync {
    /// Every line of every journal, from the beginning.
    ///
    /// # Errors
    /// When a journal cannot be opened, naming it.
    fn lines(&self) -> Result<Box<dyn Iterator<Item = Line> + '_>, String>;

    /// How far ahead a transaction's day may lie, in days; with it the days that the log still holds whole are known.
    fn future_days(&self) -> u16;
}

/// A line of a journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    /// What a message holds of one day and currency. A message with several of them has several lines.
    Accepted(Accepted),
    /// What cannot be read, as a sentence for the operator that names file and place.
    Damage(String),
}

/// What was accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// The message.
    pub number: MessageNumber,
    /// The partner.
    pub partner: String,
    /// The business day.
    pub day: Day,
    /// The currency.
    pub currency: Currency,
    /// Its transactions of this day and currency.
    pub count: u64,
    /// What they add up to.
    pub sum: Sum,
}
