//! What figures are kept by.

use serde::Serialize;
use tallygate_core::{Currency, Day};

use crate::text::as_text;

/// What figures are kept by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Group {
    /// The business day.
    #[serde(serialize_with = "as_text")]
    pub day: Day,
    /// The partner.
    pub partner: String,
    /// The currency.
    #[serde(serialize_with = "as_text")]
    pub currency: Currency,
}
