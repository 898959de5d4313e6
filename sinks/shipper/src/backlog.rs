//! How many messages wait in the queue, looked at now and then.

use std::sync::Arc;

use tallygate_queue::Queue;
use tokio::time::{MissedTickBehavior, interval};

use crate::metrics::ShipperMetrics;
use crate::timeouts::BACKLOG;

/// Measures it for ever, whether a shipper works meanwhile or not.
pub async fn watch_backlog(queue: Arc<dyn Queue>, metrics: ShipperMetrics) {
    let mut every = interval(BACKLOG);
    every.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        every.tick().await;
        match queue.depth().await {
            Ok(depth) => {
                metrics.backlog.set(i64::try_from(depth).unwrap_or(i64::MAX));
            }
            Err(error) => tracing::debug!(%error, "the queue's depth is unknown"),
        }
    }
}
