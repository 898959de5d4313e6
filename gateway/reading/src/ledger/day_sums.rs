//! A day's totals and top keys.

use serde::Serialize;
use tallygate_core::Day;
use utoipa::ToSchema;

use super::key_sums::{KeySum, key_table};
use super::total::Total;
use crate::text::{self, Side, as_text};

/// A day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct DaySums {
    /// The business day.
    #[serde(serialize_with = "as_text")]
    #[schema(value_type = String, format = Date)]
    pub day: Day,
    /// One for each currency, by its name.
    pub totals: Vec<Total>,
    /// The top keys, first the first.
    pub top: Vec<KeySum>,
    /// What to know beside them, one sentence each; none when all is well.
    pub warnings: Vec<String>,
}

impl DaySums {
    /// As two tables for a terminal, under the warnings.
    pub fn to_text(&self) -> String {
        let warnings = text::warnings(&self.warnings);
        if self.totals.is_empty() {
            return format!("{warnings}{}: no transactions\n", self.day);
        }
        let totals: Vec<Vec<String>> = self
            .totals
            .iter()
            .map(|t| vec![t.currency.to_string(), t.sum.to_string(), t.count.to_string(), t.keys.to_string()])
            .collect();
        let columns = [("CURRENCY", Side::Left), ("SUM", Side::Right), ("COUNT", Side::Right), ("KEYS", Side::Right)];
        let mut text = format!("{warnings}{}\n\n{}", self.day, text::table(&columns, &totals));
        if !self.top.is_empty() {
            text.push('\n');
            text.push_str(&key_table(&self.top));
        }
        text
    }

    /// As JSON.
    pub fn to_json(&self) -> String {
        text::pretty(self)
    }
}
