//! How the appliance does, as the administration API and the page show it.

use async_trait::async_trait;
use serde::Serialize;
use utoipa::ToSchema;

/// Knows how the appliance does.
#[async_trait]
pub trait StatusSource: Send + Sync {
    /// How it does now; ends within a bounded time. What is not known is none.
    async fn status(&self) -> Status;
}

/// How the appliance does.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Status {
    /// The release.
    pub version: String,
    /// The roles of this process.
    pub roles: Vec<String>,
    /// Messages in the queue, waiting or leased.
    pub queue_depth: Option<u64>,
    /// Records of the log that are not folded yet.
    pub fold_lag: Option<u64>,
    /// Dead letters there are.
    pub dead_letters: Option<u64>,
    /// What to know beside the sums, one sentence each, as the store and the processes that fill it tell.
    pub warnings: Vec<String>,
    /// How long the oldest of them has been one, in words.
    pub dead_letters_age: Option<String>,
    /// What is wrong, one sentence each.
    pub troubles: Vec<String>,
}
