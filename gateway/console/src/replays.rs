//! What puts dead letters back into the queue, as the administration API sees it.

use async_trait::async_trait;
use serde::Serialize;
use utoipa::ToSchema;

/// Replays dead letters.
#[async_trait]
pub trait Replayer: Send + Sync {
    /// Checks each line of an export, mended or not, and puts what is good back into the queue, durably and journalled before
    /// it returns. The identity of each transaction stays, so that it counts at most once.
    ///
    /// # Errors
    /// When nothing could be looked at, and so nothing was replayed.
    async fn replay(&self, request: Replay, by: &str) -> Result<Replayed, ReplayError>;
}

/// What shall be replayed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replay {
    /// Lines of an export, each with its number from 1.
    pub lines: Vec<(u64, String)>,
    /// Whether those that still lie outside the horizon are counted and left, rather than refused one by one.
    pub as_is: bool,
    /// Whether nothing is replayed, only said what would be.
    pub dry_run: bool,
}

/// What became of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Replayed {
    /// How many were replayed, or would be.
    pub replayed: u64,
    /// How many were left since they still lie outside the horizon.
    pub outside: u64,
    /// Those that were not replayed, in order.
    pub refused: Vec<RefusedLine>,
    /// Whether nothing was replayed in truth.
    pub dry_run: bool,
}

/// A line that was not replayed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct RefusedLine {
    /// The line, from 1.
    pub line: u64,
    /// The letter's place among the dead letters, as far as it reads.
    pub at: Option<String>,
    /// The field.
    pub field: String,
    /// What is wrong with it, and what would be right.
    pub problem: String,
}

/// Why nothing was replayed. The text goes to the operator.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// It cannot be done now; trying again later may help.
    #[error("{0}")]
    Away(String),
}
