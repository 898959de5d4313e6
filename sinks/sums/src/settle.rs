//! Finds the generation that a configured plan belongs to, and refuses a plan that changed, or another log's store (rule 7).

use tallygate_core::generation::{Changed, Plan};
use tallygate_core::{Generation, LogId};

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
    /// Store and log do not belong together.
    #[error(transparent)]
    Foreign(#[from] Foreign),
}

/// Store and log do not belong together.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the store of sums belongs to log {store}, and the log is {log}: one of them is another deployment's, or was put in \
     the place of the right one; look at [sums] and [stream], nothing is written until they fit"
)]
pub struct Foreign {
    /// The number in the store.
    pub store: LogId,
    /// The number in the log.
    pub log: LogId,
}

impl Foreign {
    /// Whether any generation that the store has is of another log.
    pub fn find(stored: &[Generation], log: LogId) -> Option<Self> {
        let other = stored.iter().find(|stored| stored.log != log)?;
        Some(Self { store: other.log, log })
    }
}

impl SettleError {
    /// Whether trying again later may help.
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_retryable())
    }
}

/// The last generation, when `plan` is still its plan. `known` is what the log's own positions say, where it has any: a
/// store that is empty takes that on. Where nothing is known yet the plan makes the first generation, of the log `fresh`; of
/// several processes that start at once one adds it, and the others are held to it.
///
/// # Errors
/// [`SettleError::Changed`] naming the first difference, [`SettleError::Foreign`] when the store is another log's, or why
/// the store did not answer.
pub async fn settle(
    sums: &dyn Sums,
    plan: Plan,
    known: Option<&Generation>,
    fresh: LogId,
) -> Result<Generation, SettleError> {
    let last = match last(sums).await? {
        Some(last) => last,
        None => {
            let first = known.cloned().unwrap_or_else(|| Generation::first(plan.clone(), fresh));
            first.check(&plan)?;
            if sums.add_generation(&first).await? {
                return Ok(first);
            }
            last(sums)
                .await?
                .ok_or_else(|| SumsError::Away("another process is adding the first generation".to_owned()))?
        }
    };
    if let Some(known) = known.filter(|known| known.log != last.log) {
        return Err(Foreign { store: last.log, log: known.log }.into());
    }
    last.check(&plan)?;
    Ok(last)
}

async fn last(sums: &dyn Sums) -> Result<Option<Generation>, SumsError> {
    let generations = sums.generations().await?;
    Ok(generations.into_iter().max_by_key(|g| g.number))
}
