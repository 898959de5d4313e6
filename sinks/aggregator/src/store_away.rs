//! Whether the store of sums is away: it may not answer, or answer and take no rows, as on a disk that is full.

use std::sync::{Arc, Mutex, PoisonError};

use prometheus_client::metrics::gauge::Gauge;

/// Clones are of the same store.
#[derive(Clone, Debug, Default)]
pub(crate) struct StoreAway {
    /// 1 while it is away, else 0.
    pub(crate) gauge: Gauge,
    trouble: Arc<Mutex<Trouble>>,
}

#[derive(Debug, Default)]
struct Trouble {
    does_not_answer: bool,
    /// Writes that failed and are tried again.
    failing_writes: u32,
}

/// A write that failed and is tried again, until this is dropped.
#[derive(Debug)]
pub(crate) struct FailingWrite(StoreAway);

impl StoreAway {
    /// It answered a question, or did not.
    pub(crate) fn answers(&self, answers: bool) {
        self.change(|trouble| trouble.does_not_answer = !answers);
    }

    /// It did not take rows.
    pub(crate) fn takes_no_rows(&self) -> FailingWrite {
        self.change(|trouble| trouble.failing_writes += 1);
        FailingWrite(self.clone())
    }

    fn change(&self, change: impl FnOnce(&mut Trouble)) {
        let mut trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut trouble);
        self.gauge.set((trouble.does_not_answer || trouble.failing_writes > 0).into());
    }
}

impl Drop for FailingWrite {
    fn drop(&mut self) {
        self.0.change(|trouble| trouble.failing_writes -= 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_away_until_it_answers_and_takes_what_it_did_not_take() {
        let store = StoreAway::default();
        let one = store.takes_no_rows();
        let other = store.clone().takes_no_rows();
        store.answers(true);
        assert_eq!(store.gauge.get(), 1);
        drop(one);
        assert_eq!(store.gauge.get(), 1);
        drop(other);
        assert_eq!(store.gauge.get(), 0);
        store.answers(false);
        drop(store.takes_no_rows());
        assert_eq!(store.gauge.get(), 1);
        store.answers(true);
        assert_eq!(store.gauge.get(), 0);
    }
}
