//! Asks store and log for signs of life, beside the folding.

use std::sync::Arc;

use tallygate_core::LogId;
use tallygate_stream::{Stream, Topic};
use tallygate_sums::{Foreign, Sums};
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::metrics::AggregatorMetrics;
use crate::news::News;
use crate::timeouts::{LAG_EVERY, PROBE_EVERY};

/// Never returns before nobody listens any more.
pub(crate) async fn probe(
    sums: Arc<dyn Sums>,
    stream: Arc<dyn Stream>,
    log: LogId,
    metrics: AggregatorMetrics,
    news: mpsc::Sender<News>,
) {
    let mut every = interval(PROBE_EVERY);
    every.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut away, mut empty, mut lag_asked) = (false, false, None::<Instant>);
    while !news.is_closed() {
        every.tick().await;
        match sums.generations().await {
            Ok(generations) => {
                if let Some(foreign) = Foreign::find(&generations, log) {
                    let _ = news.send(News::Foreign(foreign)).await;
                }
                if away {
                    tracing::info!("the store of sums is back");
                }
                // It waits for room: this must not get lost.
                if away || (generations.is_empty() && !empty) {
                    let _ = news.send(News::StoreMayLack).await;
                }
                (away, empty) = (false, generations.is_empty());
            }
            Err(error) => {
                if !away {
                    tracing::warn!(%error, "the store of sums is away; records are held back");
                }
                metrics.failed("store");
                away = true;
            }
        }
        metrics.store_away.answers(!away);
        if lag_asked.is_none_or(|asked| asked.elapsed() >= LAG_EVERY) {
            lag_asked = Some(Instant::now());
            match stream.bounds(Topic::Transactions).await {
                Ok(bounds) => drop(news.try_send(News::Ends(bounds))),
                Err(error) => tracing::debug!(%error, "the ends of the log are not known"),
            }
        }
    }
}
