//! What of the table has been handed out.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::file::Found;

/// What all consumers of the file share.
#[derive(Default)]
pub(super) struct Leases {
    handed_out: Mutex<HandedOut>,
    /// There may be more to receive, or more room for it.
    pub(super) changed: Notify,
}

/// Everything up to `last`, without what came back.
#[derive(Default)]
struct HandedOut {
    last: i64,
    returned: BTreeSet<i64>,
}

impl Leases {
    /// Where to look for the next messages: these ids, and those behind the last one.
    pub(super) fn next(&self, most: usize) -> (Vec<i64>, i64) {
        let handed_out = self.lock();
        (handed_out.returned.iter().take(most).copied().collect(), handed_out.last)
    }

    /// These are handed out now. What came back and has been deleted since is forgotten.
    pub(super) fn take(&self, found: &Found) {
        let mut handed_out = self.lock();
        for id in &found.gone {
            handed_out.returned.remove(id);
        }
        for (id, _) in &found.messages {
            if !handed_out.returned.remove(id) {
                handed_out.last = handed_out.last.max(*id);
            }
        }
    }

    pub(super) fn take_back(&self, ids: impl IntoIterator<Item = i64>) {
        self.lock().returned.extend(ids);
        self.changed.notify_waiters();
    }

    fn lock(&self) -> MutexGuard<'_, HandedOut> {
        self.handed_out.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
