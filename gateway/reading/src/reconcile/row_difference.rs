//! A row that the topic of sums and the store do not have alike.

use std::fmt;

use serde::Serialize;
use tallygate_core::{Aggregate, Currency, Day, Row, RowKey, Sum};

use crate::text::{as_instant, as_text, harmless};

/// A row that the topic of sums and the store do not have alike.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RowDifference {
    /// What it adds up.
    #[serde(serialize_with = "as_text")]
    pub aggregate: Aggregate,
    /// The business day.
    #[serde(serialize_with = "as_text")]
    pub day: Day,
    /// The transaction's key, or the partner.
    pub key: String,
    /// The currency.
    #[serde(serialize_with = "as_text")]
    pub currency: Currency,
    /// The log partition's number.
    pub partition: u32,
    /// As the topic has it.
    pub topic: Option<RowFigures>,
    /// As the store has it.
    pub store: Option<RowFigures>,
}

/// What a row says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct RowFigures {
    /// Transactions.
    pub count: u64,
    /// What they add up to.
    #[serde(serialize_with = "as_text")]
    pub sum: Sum,
    /// The offset of the last record it took.
    pub offset: u64,
    /// When the log took that record, Unix milliseconds.
    #[serde(serialize_with = "as_instant")]
    pub updated_at: i64,
}

impl RowDifference {
    pub(super) fn new(at: RowKey, topic: Option<RowFigures>, store: Option<RowFigures>) -> Self {
        let RowKey { aggregate, day, partition, key, currency } = at;
        Self { aggregate, day, key, currency, partition, topic, store }
    }
}

impl From<&Row> for RowFigures {
    fn from(row: &Row) -> Self {
        Self { count: row.count, sum: row.sum, offset: row.offset, updated_at: row.updated_at }
    }
}

impl fmt::Display for RowDifference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { aggregate, day, currency, partition, .. } = self;
        write!(f, "{aggregate}  {day}  {}  {currency}  log partition {partition}: ", harmless(&self.key))?;
        let has = |row: Option<RowFigures>| row.map_or_else(|| "nothing".to_owned(), |row| row.to_string());
        write!(f, "the topic has {}, the store {}", has(self.topic), has(self.store))
    }
}

impl fmt::Display for RowFigures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = tallygate_core::row::instant(self.updated_at);
        write!(f, "{}: {} (offset {}, {at})", self.count, self.sum, self.offset)
    }
}
