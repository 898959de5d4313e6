//! How many messages the shipper holds and what keeps them, and telling it to those who read the sums: what is leased from a server's queue is
//! seen in neither queue nor log.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use prometheus_client::metrics::gauge::Gauge;
use tallygate_core::notice::ShipperNotice;
use tallygate_sums::Notices;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::metrics::ShipperMetrics;
use crate::timeouts::{TELL, TELL_AGAIN, TELL_PAUSE};

/// Messages that were received and neither acknowledged nor given back, and what keeps them; and those that are parked.
pub(crate) struct Held {
    now: watch::Sender<ShipperNotice>,
    state: Mutex<State>,
    /// Refused messages, held or parked.
    refused: Gauge,
}

#[derive(Default)]
struct State {
    /// What keeps those that are held.
    troubles: Vec<String>,
    /// Those of them that are refused.
    refused: usize,
    parked: usize,
    /// Why one of the latter was refused last.
    why_parked: Option<String>,
    /// Why what is parked cannot be tried at all.
    no_parking: Option<String>,
}

/// Tells under one name what is held.
pub(crate) struct Teller {
    pub(crate) notices: Arc<dyn Notices>,
    /// Of this shipper alone.
    pub(crate) name: String,
}

impl Held {
    /// None yet, with what tells of changes.
    pub(crate) fn none(metrics: &ShipperMetrics) -> (Self, watch::Receiver<ShipperNotice>) {
        let (now, changes) = watch::channel(ShipperNotice::default());
        (Self { now, state: Mutex::default(), refused: metrics.refused.clone() }, changes)
    }

    pub(crate) fn add(&self, messages: usize) {
        self.now.send_modify(|now| now.held += messages as u64);
    }

    pub(crate) fn remove(&self, messages: usize) {
        self.now.send_modify(|now| now.held = now.held.saturating_sub(messages as u64));
    }

    /// The consumer is gone, and all that it held with it.
    pub(crate) fn remove_all(&self) {
        self.now.send_modify(|now| now.held = 0);
    }

    /// These are the troubles of what is held now, and so many of it are refused.
    pub(crate) fn is_troubled_by(&self, troubles: Vec<String>, refused: usize) {
        self.change(|state| (state.troubles, state.refused) = (troubles, refused));
    }

    /// So many messages are parked, by whichever shipper.
    pub(crate) fn are_parked(&self, messages: usize) {
        self.change(|state| state.parked = messages);
    }

    /// So many more were parked.
    pub(crate) fn were_parked(&self, messages: usize) {
        self.change(|state| state.parked += messages);
    }

    /// So many were shipped that were parked.
    pub(crate) fn left_parking(&self, messages: usize) {
        self.change(|state| state.parked = state.parked.saturating_sub(messages));
    }

    /// Why one of them was refused last.
    pub(crate) fn are_parked_for(&self, why: String) {
        self.change(|state| state.why_parked = Some(why));
    }

    /// What is parked can be tried now, or cannot for this reason.
    pub(crate) fn parking_answers(&self, error: Option<String>) {
        self.change(|state| state.no_parking = error);
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        let troubles = {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            change(&mut state);
            self.refused.set(i64::try_from(state.refused + state.parked).unwrap_or(i64::MAX));
            let trouble = (state.parked > 0).then(|| {
                let why = state.why_parked.as_ref().map_or(String::new(), |why| format!(": {why}"));
                format!("{} messages are parked, because the stream refuses records of theirs{why}", state.parked)
            });
            let no_parking = state.no_parking.as_ref().map(|why| format!("what is parked cannot be tried: {why}"));
            state.troubles.iter().cloned().chain(trouble).chain(no_parking).collect()
        };
        self.now.send_if_modified(|now| {
            let before = std::mem::replace(&mut now.troubles, troubles);
            before != now.troubles
        });
    }
}

impl Teller {
    /// Tells each change, and again while anything is held or wrong; when it is over, that nothing is any more.
    ///
    /// Nobody waits for it, and what cannot be told is told again: a notice is no more than a word to readers.
    pub(crate) async fn tell_changes(self, mut changes: watch::Receiver<ShipperNotice>, over: CancellationToken) {
        // Whether something else than nothing may stand under this name.
        let mut owed = false;
        let turns = async {
            loop {
                let now = changes.borrow_and_update().clone();
                let is_nothing = now == ShipperNotice::default();
                if !is_nothing || owed {
                    owed = true;
                    let told = self.tell(&now).await;
                    owed = !is_nothing || !told;
                }
                // Not at each message, but how it stands now and then.
                sleep(TELL_PAUSE).await;
                if let Ok(Err(_)) = timeout(TELL_AGAIN, changes.changed()).await {
                    return;
                }
            }
        };
        tokio::select! {
            biased;
            () = over.cancelled() => {}
            () = turns => {}
        }
        if owed {
            self.tell(&ShipperNotice::default()).await;
        }
    }

    async fn tell(&self, now: &ShipperNotice) -> bool {
        let (notice, held) = (now.notice(&self.name, now_millis()), now.held);
        match timeout(TELL, self.notices.tell(&notice)).await {
            Ok(Ok(())) => true,
            Ok(Err(error)) => {
                tracing::debug!(%error, held, "what is held could not be told");
                false
            }
            Err(_) => {
                tracing::debug!(held, "what is held could not be told in time");
                false
            }
        }
    }
}

/// Unix milliseconds, for readers alone: nothing that counts depends on it.
fn now_millis() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
