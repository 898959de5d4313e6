//! Whether it balances.

use serde::Serialize;

/// The verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Every accepted transaction is counted, a duplicate, or dead, once.
    Balanced,
    /// Something is still under way; ask again.
    NotYet,
    /// Something is lost, or stands where it should not.
    NotBalanced,
}
