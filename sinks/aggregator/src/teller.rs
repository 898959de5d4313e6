//! Tells those who read the sums how the partitions are, through the store that they read.

use std::collections::BTreeMap;
use std::sync::Arc;

use tallygate_core::notice::PartitionNotice;
use tallygate_sums::Sums;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use crate::clock::WallClock;
use crate::timeouts::{BACKOFF, TELL_EVERY};

/// How the partitions are that we own, by their number in the topic.
pub(crate) type Statuses = BTreeMap<u32, PartitionNotice>;

/// Tells every change, and all of it now and then; ends when nobody changes anything any more.
pub(crate) async fn tell(sums: Arc<dyn Sums>, wall: WallClock, mut statuses: watch::Receiver<Statuses>) {
    loop {
        let now = statuses.borrow_and_update().clone();
        // One who was emptied meanwhile is told again with the rest.
        let mut told = Statuses::new();
        if !tell_changes(&*sums, &wall, &now, &mut told).await {
            sleep(BACKOFF.1).await;
            if statuses.has_changed().is_err() {
                return;
            }
            continue;
        }
        loop {
            match timeout(TELL_EVERY, statuses.changed()).await {
                Ok(Ok(())) => {
                    let now = statuses.borrow_and_update().clone();
                    if !tell_changes(&*sums, &wall, &now, &mut told).await {
                        break;
                    }
                }
                Ok(Err(_)) => return,
                Err(_) => break,
            }
        }
    }
}

/// Whether all of them were told.
async fn tell_changes(sums: &dyn Sums, wall: &WallClock, now: &Statuses, told: &mut Statuses) -> bool {
    told.retain(|partition, _| now.contains_key(partition));
    for (partition, status) in now {
        if told.get(partition) == Some(status) {
            continue;
        }
        if let Err(error) = sums.tell(&status.notice(wall.now())).await {
            tracing::debug!(%error, "readers cannot be told how the sums are");
            return false;
        }
        told.insert(*partition, status.clone());
    }
    true
}
