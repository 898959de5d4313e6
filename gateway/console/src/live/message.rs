//! What a browser is told.

use serde::Serialize;
use tallygate_core::Day;
use tallygate_reading::ledger::{KeySum, Total};
use tallygate_reading::text::as_text;
use utoipa::ToSchema;

use super::series::Point;

/// How far the page can be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct State {
    /// Whether the stream is followed.
    pub(super) following: bool,
    /// Whether the store answers.
    pub(super) store: bool,
    /// Whether the day's rows are all in.
    pub(super) loaded: bool,
    /// Whether the top keys are those of the busiest keys alone, for there are too many.
    pub(super) pruned: bool,
}

/// What a browser is told. What is left out has not changed.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Message {
    /// The server's clock, Unix milliseconds.
    pub(crate) now: i64,
    /// The day that is shown.
    #[serde(serialize_with = "as_text")]
    #[schema(value_type = String, format = Date)]
    pub(crate) day: Day,
    /// The day that it is.
    #[serde(serialize_with = "as_text")]
    #[schema(value_type = String, format = Date)]
    pub(crate) today: Day,
    /// Whether this is the whole state, not a change.
    pub(crate) whole: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) state: Option<State>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) totals: Option<Vec<Total>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) top: Option<Vec<KeySum>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) found: Option<Vec<KeySum>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) plot: Option<Vec<Point>>,
}
