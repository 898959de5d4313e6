//! What the gateways' journals say, as reconciling reads them.

use tallygate_core::fold::Horizon;
use tallygate_core::{Currency, Day, MessageNumber, Run, Sum};

/// The journals of all gateways. They are read twice, for they may grow meanwhile.
pub trait Journals: Send + Sync {
    /// Every line of every journal, from the beginning.
    ///
    /// # Errors
    /// When a journal cannot be opened, naming it.
    fn lines(&self) -> Result<Box<dyn Iterator<Item = Line> + '_>, String>;

    /// Every gateway run that has a journal, be there a line in it or none.
    ///
    /// # Errors
    /// When the journals cannot be listed.
    fn runs(&self) -> Result<Vec<Run>, String>;

    /// How late and how far ahead a transaction's day may lie: what lies outside, the fold files under the log's day.
    fn horizon(&self) -> Horizon;
}

/// A line of a journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    /// A message.
    Accepted(Accepted),
    /// What cannot be read, as a sentence for the operator that names file and place.
    Damage(String),
}

/// A message that was accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// Its number.
    pub number: MessageNumber,
    /// The partner.
    pub partner: String,
    /// All that it holds, by day and currency.
    pub sums: Vec<AcceptedSum>,
}

/// What a message holds of one day and currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AcceptedSum {
    /// The business day.
    pub day: Day,
    /// The currency.
    pub currency: Currency,
    /// Its transactions of this day and currency.
    pub count: u64,
    /// What they add up to.
    pub sum: Sum,
}

impl Accepted {
    /// Its transactions.
    pub(super) fn records(&self) -> u64 {
        self.sums.iter().fold(0, |records, sum| records.saturating_add(sum.count))
    }
}
