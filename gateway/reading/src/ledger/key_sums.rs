//! One key's sums.

use serde::Serialize;
use tallygate_core::{Currency, Day, Sum};
use utoipa::ToSchema;

use crate::text::{self, Side, as_instant, as_text};

/// What one key adds up to in one currency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct KeySum {
    /// The key.
    pub key: String,
    /// The currency.
    #[serde(serialize_with = "as_text")]
    #[schema(value_type = String)]
    pub currency: Currency,
    /// The exact sum.
    #[serde(serialize_with = "as_text")]
    #[schema(value_type = String)]
    pub sum: Sum,
    /// The transactions.
    pub count: u64,
    /// When the log took the last of them, Unix milliseconds.
    #[serde(serialize_with = "as_instant")]
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: i64,
}

/// One key on one day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct KeySums {
    /// The business day.
    #[serde(serialize_with = "as_text")]
    #[schema(value_type = String, format = Date)]
    pub day: Day,
    /// The key.
    pub key: String,
    /// One for each currency, by its name; none when the key has no transaction on the day.
    pub sums: Vec<KeySum>,
    /// What to know beside them, one sentence each; none when all is well.
    pub warnings: Vec<String>,
}

impl KeySums {
    /// As a table for a terminal, under the warnings.
    pub fn to_text(&self) -> String {
        let warnings = text::warnings(&self.warnings);
        if self.sums.is_empty() {
            return format!("{warnings}{}: no transactions of {}\n", self.day, text::harmless(&self.key));
        }
        format!("{warnings}{}\n\n{}", self.day, key_table(&self.sums))
    }

    /// As JSON.
    pub fn to_json(&self) -> String {
        text::pretty(self)
    }
}

/// Keys as a table for a terminal.
pub(super) fn key_table(sums: &[KeySum]) -> String {
    let rows: Vec<Vec<String>> = sums
        .iter()
        .map(|s| {
            let updated = tallygate_core::row::instant(s.updated_at);
            vec![s.key.clone(), s.currency.to_string(), s.sum.to_string(), s.count.to_string(), updated]
        })
        .collect();
    let columns = [
        ("KEY", Side::Left),
        ("CURRENCY", Side::Left),
        ("SUM", Side::Right),
        ("COUNT", Side::Right),
        ("UPDATED", Side::Left),
    ];
    text::table(&columns, &rows)
}
