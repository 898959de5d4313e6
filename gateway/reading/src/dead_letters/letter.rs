//! A dead letter, as far as it can be read.

use serde::{Deserialize, Serialize};
use tallygate_core::record;
use tallygate_stream::Record;
use utoipa::ToSchema;

use super::position::Position;
use crate::scan::header_text;
use crate::text::{as_instant, as_text};

/// What an allocation takes beyond what it holds.
const ALLOCATION_BYTES: usize = 16;

/// A dead letter, without its value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct DeadLetter {
    /// Where it stands among the dead letters.
    #[serde(serialize_with = "as_text")]
    #[schema(value_type = String)]
    pub at: Position,
    /// Where it stands in the log, as `partition/offset`.
    pub origin: Option<String>,
    /// When it became a dead letter, Unix milliseconds.
    #[serde(serialize_with = "as_instant")]
    #[schema(value_type = String, format = DateTime)]
    pub appended: i64,
    /// Why.
    pub reason: String,
    /// The record's number.
    pub number: Option<String>,
    /// The policy and its version.
    pub policy: Option<String>,
    /// What of the transaction could be read.
    #[serde(flatten)]
    pub transaction: Glimpse,
    /// The bytes of its value.
    pub bytes: usize,
}

/// What can be read of a transaction that may be no transaction.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct Glimpse {
    /// The partner.
    pub partner: Option<String>,
    /// The partner's id of it.
    pub id: Option<String>,
    /// The business day.
    pub day: Option<String>,
    /// The key.
    pub key: Option<String>,
    /// The amount.
    pub amount: Option<String>,
    /// Its currency.
    pub currency: Option<String>,
}

impl DeadLetter {
    pub(super) fn read(record: &Record) -> Self {
        Self {
            at: Position { partition: record.partition, offset: record.offset },
            origin: header_text(record, record::ORIGIN),
            appended: record.appended,
            reason: header_text(record, record::REASON).unwrap_or_default(),
            number: header_text(record, record::NUMBER),
            policy: header_text(record, record::POLICY),
            transaction: serde_json::from_slice(record.value()).unwrap_or_default(),
            bytes: record.value().len(),
        }
    }

    /// About how many bytes of memory it takes.
    pub(super) fn held_bytes(&self) -> usize {
        let Glimpse { partner, id, day, key, amount, currency } = &self.transaction;
        let texts = [&self.origin, &self.number, &self.policy, partner, id, day, key, amount, currency];
        let texts: usize = texts.into_iter().flatten().map(|text| text.len() + ALLOCATION_BYTES).sum();
        // In a tree, whose nodes are not full.
        2 * size_of::<Self>() + self.reason.len() + ALLOCATION_BYTES + texts
    }
}
