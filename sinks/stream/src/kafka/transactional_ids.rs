//! The transactional ids of this process's producers: who opens one anew ends what was left open under it.

use std::sync::{Arc, Mutex, PoisonError};

/// Ids that no other process has; those that nobody uses now are given out again.
pub(super) struct TransactionalIds {
    stem: String,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    free: Vec<String>,
    made: u32,
}

/// An id in use; free again when dropped.
pub(super) struct TransactionalId {
    text: String,
    ids: Arc<TransactionalIds>,
}

impl TransactionalIds {
    /// Of an instance: whoever works under its name later ends what it left open, also when the process was killed, and
    /// whatever the broker's clock says.
    pub(super) fn new(group: &str, instance: &str) -> Self {
        Self { stem: format!("{group}-{instance}"), state: Mutex::default() }
    }

    /// An id that nobody in this process uses: one used before, if there is any, so that what it left open ends at once
    /// and not when the broker's patience does.
    pub(super) fn lease(self: &Arc<Self>) -> TransactionalId {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let text = state.free.pop().unwrap_or_else(|| {
            state.made += 1;
            format!("{}-{}", self.stem, state.made)
        });
        TransactionalId { text, ids: Arc::clone(self) }
    }
}

impl TransactionalId {
    pub(super) fn as_str(&self) -> &str {
        &self.text
    }
}

impl Drop for TransactionalId {
    fn drop(&mut self) {
        let text = std::mem::take(&mut self.text);
        self.ids.state.lock().unwrap_or_else(PoisonError::into_inner).free.push(text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_one_user_at_a_time_and_is_used_again() {
        let ids = Arc::new(TransactionalIds::new("group", "instance"));
        let (first, second) = (ids.lease(), ids.lease());
        assert!(first.as_str() == "group-instance-1" && first.as_str() != second.as_str());
        let text = first.as_str().to_owned();
        drop(first);
        assert_eq!(ids.lease().as_str(), text);
    }
}
