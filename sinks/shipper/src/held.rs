//! How many messages the shipper holds, and telling it to those who read the sums: what is leased from a server's queue is
//! seen in neither queue nor log.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use tallygate_core::notice::ShipperNotice;
use tallygate_sums::Notices;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::timeouts::{TELL, TELL_AGAIN, TELL_PAUSE};

/// Messages that were received and neither acknowledged nor given back.
pub(crate) struct Held {
    count: watch::Sender<u64>,
}

/// Tells under one name what is held.
pub(crate) struct Teller {
    pub(crate) notices: Arc<dyn Notices>,
    /// Of this shipper alone.
    pub(crate) name: String,
}

impl Held {
    /// None yet, with what tells of changes.
    pub(crate) fn none() -> (Self, watch::Receiver<u64>) {
        let (count, changes) = watch::channel(0);
        (Self { count }, changes)
    }

    pub(crate) fn add(&self, messages: usize) {
        self.count.send_modify(|held| *held += messages as u64);
    }

    pub(crate) fn remove(&self, messages: usize) {
        self.count.send_modify(|held| *held = held.saturating_sub(messages as u64));
    }

    /// The consumer is gone, and all that it held with it.
    pub(crate) fn remove_all(&self) {
        self.count.send_replace(0);
    }
}

impl Teller {
    /// Tells each change, and again while anything is held; when it is over, that nothing is held any more.
    ///
    /// Nobody waits for it, and what cannot be told is told again: a notice is no more than a word to readers.
    pub(crate) async fn tell_changes(self, mut changes: watch::Receiver<u64>, over: CancellationToken) {
        // Whether another figure than 0 may stand under this name.
        let mut owed = false;
        let turns = async {
            loop {
                let held = *changes.borrow_and_update();
                if held > 0 || owed {
                    owed = true;
                    let told = self.tell(held).await;
                    owed = held > 0 || !told;
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
            self.tell(0).await;
        }
    }

    async fn tell(&self, held: u64) -> bool {
        let notice = ShipperNotice { held }.notice(&self.name, now_millis());
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
