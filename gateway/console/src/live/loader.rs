//! Loads the days that somebody looks at, lets go of those nobody does, and turns the page at midnight.

use std::time::Duration;

use futures::TryStreamExt;
use futures::stream::FuturesUnordered;
use tallygate_core::Aggregate;
use tallygate_reading::clock;
use tallygate_sums::SumsError;
use tokio::time::{interval, sleep};

use super::backoff;
use super::cache::Task;
use super::shared::Shared;
use crate::limits::RETRY_MOST;

/// Rows taken under one hold of the lock, so that feeds and the follower get their turn.
const ROWS_AT_ONCE: usize = 1_000;

/// Loads what is wanted, for ever.
pub(super) async fn load_wanted(shared: &Shared) {
    let mut loads = FuturesUnordered::new();
    let mut tick = interval(Duration::from_secs(1));
    loop {
        let wanted = shared.days().take_wanted();
        loads.extend(wanted.into_iter().map(|task| load(shared, task)));
        shared.metrics.loading.set(loads.len() as i64);
        tokio::select! {
            done = futures::StreamExt::next(&mut loads), if !loads.is_empty() => {let _: Option<()> = done;}
            () = shared.wanted.notified() => {}
            _ = tick.tick() => {
                let gone = {
                    let mut days = shared.days();
                    days.evict(clock::today(&shared.zone));
                    shared.metrics.keys.set(days.keys() as i64);
                    days.take_gone()
                };
                if !gone.is_empty() {
                    // To free hundreds of thousands of keys takes longer than a worker may be held.
                    drop(tokio::task::spawn_blocking(move || drop(gone)));
                }
            }
        }
    }
}

/// Loads a day until it succeeds or nobody wants it any more.
async fn load(shared: &Shared, task: Task) {
    let mut pauses = backoff::pauses();
    while shared.days().wants(task) {
        match load_once(shared, task).await {
            Ok(()) => {
                let mut days = shared.days();
                days.store(true);
                days.loaded(task);
                return;
            }
            Err(error) => {
                shared.metrics.failed("store");
                shared.days().store(false);
                tracing::warn!(%error, day = %task.day, "the live page could not load a day; trying again");
                sleep(pauses.next().unwrap_or(RETRY_MOST)).await;
            }
        }
    }
}

async fn load_once(shared: &Shared, task: Task) -> Result<(), SumsError> {
    let partitions = shared.reader.log_partitions().await?;
    load_aggregate(shared, task, Aggregate::Counted, &partitions).await?;
    shared.days().base(task.day);
    let keys_wanted = shared.days().get(task.day).is_some_and(|held| held.view.keys.is_some());
    if keys_wanted {
        load_aggregate(shared, task, Aggregate::Daily, &partitions).await?;
    }
    Ok(())
}

async fn load_aggregate(
    shared: &Shared,
    task: Task,
    aggregate: Aggregate,
    partitions: &[u32],
) -> Result<(), SumsError> {
    let mut pages = shared.reader.pages(aggregate, task.day, None, partitions);
    while let Some(rows) = pages.try_next().await? {
        for some in rows.chunks(ROWS_AT_ONCE) {
            shared.apply(some);
            tokio::task::yield_now().await;
        }
    }
    Ok(())
}
