//! Finds the generation that a configured plan belongs to, and refuses a plan that changed (rule 7).

use tallygate_core::Generation;
use tallygate_core::generation::{Changed, Plan};

use crate::port::{Sums, SumsError};

/// Why a plan cannot be put to work.
#[derive(Debug, thiserror::Error)]
pub enum SettleError {
    /// The store did not answer, or cannot be used.
    #[error(transparent)]
    Store(#[from] SumsError),
    /// The plan is not the one that the log was made for.
    #[error(transparent)]
    Changed(#[from] Changed),
}

impl SettleError {
    /// Whether trying again later may help.
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_retryable())
    }
}

/// The last generation, when `plan` is still its plan. The very first plan makes the first generation; of several
/// processes that start at once one adds it, and the others are held to it.
///
/// # Errors
/// [`SettleError::Changed`] naming the first difference, or why the store did not answer.
pub async fn settle(sums: &dyn Sums, plan: Plan) -> Result<Generation, SettleError> {
    let last = match last(sums).await? {
        Some(last) => last,
        None => {
            let first = Generation::first(plan.clone());
            if sums.add_generation(&first).await? {
                return Ok(first);
            }
            last(sums)
                .await?
                .ok_or_else(|| SumsError::Away("another process is adding the first generation".to_owned()))?
        }
    };
    last.check(&plan)?;
    Ok(last)
}

async fn last(sums: &dyn Sums) -> Result<Option<Generation>, SumsError> {
    let generations = sums.generations().await?;
    Ok(generations.into_iter().max_by_key(|g| g.number))
}
