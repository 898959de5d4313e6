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
    fates: Vec<Fate>,
    /// How many are not known.
    left: usize,
}

#[derive(Clone)]
enum Fate {
    Unknown,
    Durable,
    Unsent,
    Failed(KafkaError),
}

/// One of the records, as it goes with it through the client.
pub(super) struct Place {
    pub(super) fates: Arc<Fates>,
    pub(super) place: usize,
}

impl Fates {
    pub(super) fn of(records: usize) -> Self {
        let state = State { fates: vec![Fate::Unknown; records], left: records };
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

    /// Those that may not be durable, with the reason where there is one: of the others nothing was heard.
    pub(super) fn failed(&self) -> Vec<(usize, Option<KafkaError>)> {
        let state = self.state();
        let failed = state.fates.iter().enumerate().filter_map(|(place, fate)| match fate {
            Fate::Durable | Fate::Unsent => None,
            Fate::Unknown => Some((place, None)),
            Fate::Failed(error) => Some((place, Some(error.clone()))),
        });
        failed.collect()
    }

    /// Whether all are known now.
    fn set(&self, place: usize, new: Fate) -> bool {
        let mut state = self.state();
        if let Some(fate @ Fate::Unknown) = state.fates.get_mut(place) {
            *fate = new;
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
    pub(super) fn delivered(&self, outcome: Result<(), KafkaError>) -> bool {
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
        place(1).delivered(Err(KafkaError::Canceled));
        place(1).delivered(Ok(()));
        fates.unsent(2);
        let failed = |fates: &Fates| fates.failed().iter().map(|(at, why)| (*at, why.is_some())).collect::<Vec<_>>();
        assert_eq!(failed(&fates), [(1, true), (3, false)], "of the last nothing is known");
        place(3).delivered(Ok(()));
        fates.known().await;
        assert_eq!(failed(&fates), [(1, true)]);
    }
}
