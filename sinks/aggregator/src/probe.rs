//! Asks store and log for signs of life, beside the folding.

use std::sync::Arc;

use tallygate_stream::{Bounds, Stream, Topic};
use tallygate_sums::Sums;
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::metrics::AggregatorMetrics;
use crate::timeouts::{LAG_EVERY, PROBE_EVERY};

/// What was found.
#[derive(Debug)]
pub(crate) enum News {
    /// The store was away and is back.
    StoreIsBack,
    /// The store was asked then, and answered; it was not away since it was said to be back.
    StoreAnswered(Instant),
    /// What the log's partitions hold.
    Ends(Vec<Bounds>),
}

/// Never returns before nobody listens any more.
pub(crate) async fn probe(
    sums: Arc<dyn Sums>,
    stream: Arc<dyn Stream>,
    metrics: AggregatorMetrics,
    news: mpsc::Sender<News>,
) {
    let mut every = interval(PROBE_EVERY);
    every.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut away, mut lag_asked) = (false, None::<Instant>);
    while !news.is_closed() {
        every.tick().await;
        let asked = Instant::now();
        match sums.generations().await {
            Ok(_) => {
                if away {
                    tracing::info!("the store of sums is back");
                    // It waits for room: this must not get lost, nor come behind what follows.
                    let _ = news.send(News::StoreIsBack).await;
                    away = false;
                }
                drop(news.try_send(News::StoreAnswered(asked)));
            }
            Err(error) => {
                if !away {
                    tracing::warn!(%error, "the store of sums is away; records are held back");
                }
                metrics.failed("store");
                away = true;
            }
        }
        metrics.store_away.set(away.into());
        if lag_asked.is_none_or(|asked| asked.elapsed() >= LAG_EVERY) {
            lag_asked = Some(Instant::now());
            match stream.bounds(Topic::Transactions).await {
                Ok(bounds) => drop(news.try_send(News::Ends(bounds))),
                Err(error) => tracing::debug!(%error, "the ends of the log are not known"),
            }
        }
    }
}
