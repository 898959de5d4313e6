//! How many messages wait in the queue or are parked, looked at now and then.

use tokio::time::{MissedTickBehavior, interval};

use crate::metrics::ShipperMetrics;
use crate::shipper::Queues;
use crate::timeouts::BACKLOG;

/// Measures it for ever, whether a shipper works meanwhile or not.
pub async fn watch_backlog(queues: Queues, metrics: ShipperMetrics) {
    let mut every = interval(BACKLOG);
    every.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        every.tick().await;
        match queues.parked.depth().await {
            Ok(depth) => drop(metrics.parked.set(figure(depth))),
            // What was seen last is nearer to it than nothing.
            Err(error) => tracing::debug!(%error, "how much is parked is unknown"),
        }
        match queues.transactions.depth().await {
            Ok(depth) => drop(metrics.backlog.set(figure(depth).saturating_add(metrics.parked.get()))),
            Err(error) => tracing::debug!(%error, "the queue's depth is unknown"),
        }
    }
}

fn figure(messages: u64) -> i64 {
    i64::try_from(messages).unwrap_or(i64::MAX)
}
