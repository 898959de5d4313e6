//! The promise of a store of sums, whichever server or file keeps it.
//!
//! - Rows are absolute and written whole. Of two writes of one row the one with the higher offset MUST win, whatever the
//!   order in which they arrive; equal offsets carry equal rows. So writing is idempotent, and a late write of a stopped
//!   process does no harm.
//! - A row whose `upsert` returned `Ok` is visible to every later `read`, and durable as far as the store's own settings
//!   go. A failed `upsert` MAY have written any part of the rows.
//! - A generation's number is taken once, by one writer.
//! - Rows are written, and compared with what was written; nobody folds on what is read here.
//! - A notice replaces the one of the same name, and is no more than a word to readers: it MAY be lost.
//! - Every call ends within a bounded time, also while the server is away.

use std::collections::BTreeSet;

use async_trait::async_trait;
use tallygate_core::notice::Notice;
use tallygate_core::{Aggregate, Day, Generation, Row};

/// A store of daily sums.
#[async_trait]
pub trait Sums: Notices {
    /// Every generation there has been, by number; none in a store that is new or was emptied.
    ///
    /// # Errors
    /// When the store does not answer in time. Asking is a sign of life of the store's own data.
    async fn generations(&self) -> Result<Vec<Generation>, SumsError>;

    /// Adds a generation; `false` when its number is taken, by whichever writer.
    ///
    /// # Errors
    /// When the store does not answer in time.
    async fn add_generation(&self, generation: &Generation) -> Result<bool, SumsError>;

    /// The rows of one aggregate, day and log partition; those of one key when it is given.
    ///
    /// # Errors
    /// When the store does not answer in time, or holds what does not read.
    async fn read(
        &self,
        aggregate: Aggregate,
        day: Day,
        partition: u32,
        key: Option<&str>,
    ) -> Result<Vec<Row>, SumsError>;

    /// Writes rows whole, each fenced by its offset.
    ///
    /// # Errors
    /// When any row may not have been written; write all of them again.
    async fn upsert(&self, rows: &[Row]) -> Result<(), SumsError>;

    /// The days of which there is any row of this log partition. It looks at all days: for rare questions.
    ///
    /// # Errors
    /// When the store does not answer in time.
    async fn days(&self, partition: u32) -> Result<BTreeSet<Day>, SumsError>;
}

/// What running processes tell those who read the sums.
#[async_trait]
pub trait Notices: Send + Sync {
    /// Leaves a notice in the place of the last one of its name.
    ///
    /// # Errors
    /// When the store does not answer in time.
    async fn tell(&self, notice: &Notice) -> Result<(), SumsError>;

    /// All notices.
    ///
    /// # Errors
    /// When the store does not answer in time.
    async fn notices(&self) -> Result<Vec<Notice>, SumsError>;
}

/// Why a store did not do what was asked.
#[derive(Clone, Debug, thiserror::Error)]
pub enum SumsError {
    /// It cannot answer now; trying again later may help.
    #[error("sums store is away: {0}")]
    Away(String),
    /// It will not work until somebody changes something.
    #[error("sums store cannot be used: {0}")]
    Refused(String),
}

impl SumsError {
    /// Whether trying again later may help.
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Away(_))
    }
}
