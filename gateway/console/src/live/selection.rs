//! What a browser wants to see.

use tallygate_core::Day;
use tallygate_reading::ledger::Top;

/// What a browser wants to see.
#[derive(Clone, Debug)]
pub(crate) struct Selection {
    /// The day; without it today's, whichever that is.
    pub(crate) day: Option<Day>,
    /// The top keys.
    pub(crate) top: Top,
    /// A key to show whatever its rank.
    pub(crate) key: Option<String>,
}
