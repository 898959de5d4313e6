//! How far a flush has come, and whether it can still be called back.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// The stage of one flush, between the task that flushes and the one that may want it back.
///
/// A flush that is writing can still be called back; one that commits has to be waited for: begun under one assignment, it
/// must not slip into the next.
#[derive(Debug)]
pub(crate) struct Stage(Mutex<At>);

#[derive(Debug, PartialEq, Eq)]
enum At {
    Writing,
    Committing,
    CalledBack,
}

impl Stage {
    pub(crate) fn writing() -> Self {
        Self(Mutex::new(At::Writing))
    }

    /// Whether the flush may commit.
    pub(crate) fn commit(&self) -> bool {
        self.leave_writing(At::Committing)
    }

    /// Whether the flush will not commit any more.
    pub(crate) fn call_back(&self) -> bool {
        self.leave_writing(At::CalledBack)
    }

    fn leave_writing(&self, next: At) -> bool {
        let mut at = self.lock();
        let was_writing = *at == At::Writing;
        if was_writing {
            *at = next;
        }
        was_writing
    }

    fn lock(&self) -> MutexGuard<'_, At> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rule_11_a_flush_commits_or_is_called_back_and_never_both() {
        let (committing, called_back) = (Stage::writing(), Stage::writing());
        assert!(committing.commit() && !committing.call_back());
        assert!(called_back.call_back() && !called_back.commit());
    }
}
