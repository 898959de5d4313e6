//! A message by its number, with what it stands for.

use serde::Serialize;
use tallygate_core::MessageNumber;

use super::figures::Figures;
use super::group::Group;
use crate::text::as_text;

/// A message, or what one has of a day and currency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Named {
    /// Its number.
    #[serde(serialize_with = "as_text")]
    pub number: MessageNumber,
    /// Whose it is.
    #[serde(flatten)]
    pub group: Group,
    /// How much.
    #[serde(flatten)]
    pub figures: Figures,
}
