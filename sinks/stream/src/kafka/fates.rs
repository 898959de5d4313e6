//! What became of the records of one append, each told when it is known.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rdkafka::error::KafkaError;
use tokio::sync::Notify;

/// The fates of the records that were sent together.
pub(super) struct Fates {
    state: Mutex<State>,
    known: Notify,
}

struct State {
    /// None while it is not known.
    fates: Vec<Option<Fate>>,
    /// How many are not.
    left: usize,
}

#[derive(Clone)]
enum Fate {
    Durable,
    Unsent,
    Failed(Why),
}

/// Why a record may not be durable.
#[derive(Clone, Debug)]
pub(super) enum Why {
    /// Nothing was heard of it.
    Silence,
    /// The client takes it for written, and no broker has said where it stands.
    NoPlace,
    Error(KafkaError),
}

/// One of the records, as it goes with it through the client.
pub(super) struct Place {
    pub(super) fates: Arc<Fates>,
    pub(super) place: usize,
}

impl Fates {
    pub(super) fn of(records: usize) -> Self {
        let state = State { fates: vec![None; records], left: records };
        Self { state: Mutex::new(state), known: Notify::new() }
    }

    /// Waits until all are known.
    pub(super) async fn known(&self) {
        if self.state().left > 0 {
            self.known.notified().await;
        }
    }

    /// It was not taken by the client; whoever sent it knows why.
    pub(super) fn unsent(&self, place: usize) {
        self.set(place, Fate::Unsent);
    }

    /// Those that may not be durable, with the reason.
    pub(super) fn failed(&self) -> Vec<(usize, Why)> {
        let state = self.state();
        let failed = state.fates.iter().enumerate().filter_map(|(place, fate)| match fate {
            None => Some((place, Why::Silence)),
            Some(Fate::Durable | Fate::Unsent) => None,
            Some(Fate::Failed(why)) => Some((place, why.clone())),
        });
        failed.collect()
    }

    /// Whether all are known now.
    fn set(&self, place: usize, new: Fate) -> bool {
        let mut state = self.state();
        if let Some(fate @ None) = state.fates.get_mut(place) {
            *fate = Some(new);
            state.left -= 1;
        }
        let is_last = state.left == 0;
        drop(state);
        if is_last {
            self.known.notify_one();
        }
        is_last
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// Whether it was the last of those that were sent together.
    pub(super) fn delivered(&self, outcome: Result<(), Why>) -> bool {
        self.fates.set(self.place, outcome.map_or_else(Fate::Failed, |()| Fate::Durable))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn each_record_has_a_fate_of_its_own_and_keeps_the_first_that_was_told() {
        let fates = Arc::new(Fates::of(4));
        let place = |place| Place { fates: Arc::clone(&fates), place };
        place(0).delivered(Ok(()));
        place(1).delivered(Err(Why::NoPlace));
        place(1).delivered(Ok(()));
        fates.unsent(2);
        assert!(matches!(fates.failed()[..], [(1, Why::NoPlace), (3, Why::Silence)]), "{:?}", fates.failed());
        place(3).delivered(Ok(()));
        fates.known().await;
        assert!(matches!(fates.failed()[..], [(1, Why::NoPlace)]), "{:?}", fates.failed());
    }
}
