//! What a day adds up to.

use serde::Serialize;
use tallygate_core::{Currency, Sum};
use utoipa::ToSchema;

use crate::text::as_text;

/// What a day adds up to in one currency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Total {
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
    /// The keys they have.
    pub keys: u64,
}
