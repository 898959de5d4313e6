//! Whether it balances.

use serde::Serialize;

/// The verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Every accepted transaction is counted, a duplicate, or dead, once, and every sum says so.
    Balanced,
    /// Something is still under way; ask again.
    NotYet,
    /// Something is lost, or stands where it should not, or a journal is missing.
    NotBalanced,
}
