//! Follows the rows of daily sums, once for all browsers.

use std::sync::Arc;

use tallygate_core::{Aggregate, Row, SumsRecord};
use tallygate_reading::clock;
use tallygate_stream::{Record, Start, Stream, StreamError, Topic};
use tokio::time::sleep;

use super::backoff;
use super::shared::Shared;
use crate::limits::RETRY_MOST;

/// Follows for ever; a stream that is away is followed again.
pub(super) async fn follow(shared: &Shared, stream: &Arc<dyn Stream>) {
    let mut pauses = backoff::pauses();
    loop {
        let lost = match follow_once(shared, stream).await {
            Ok(lost) => {
                pauses = backoff::pauses();
                lost
            }
            Err(error) => error,
        };
        shared.days().lost();
        shared.metrics.failed("stream");
        tracing::warn!(error = %lost, "the live page does not follow the daily sums; trying again");
        sleep(pauses.next().unwrap_or(RETRY_MOST)).await;
    }
}

/// Follows until the stream is lost; an error when it could not be followed at all.
async fn follow_once(shared: &Shared, stream: &Arc<dyn Stream>) -> Result<StreamError, StreamError> {
    let bounds = stream.bounds(Topic::DailySums).await?;
    let starts = bounds.iter().map(|bounds| (bounds.partition, Start::End)).collect();
    // Each row stands in the store before it comes here, and is true of a prefix of the log: the page need not wait for the
    // commit, nor for the transaction of an owner that was killed to end.
    let mut follower = stream.follow_uncommitted(Topic::DailySums, starts).await?;
    shared.days().followed();
    shared.wanted.notify_one();
    loop {
        let batch = match follower.next().await {
            Ok(batch) => batch,
            Err(lost) => return Ok(lost),
        };
        if batch.records.is_empty() {
            continue;
        }
        let rows: Vec<Row> = batch.records.iter().filter_map(|record| read(shared, record)).collect();
        shared.apply(&rows);
    }
}

fn read(shared: &Shared, record: &Record) -> Option<Row> {
    match SumsRecord::read(record.key(), record.value()) {
        // The page learns of a row that was removed with its next load.
        Ok(SumsRecord::Position(_) | SumsRecord::Removed(_)) => None,
        Ok(SumsRecord::Row(row)) => {
            shared.metrics.rows.inc();
            if row.at.aggregate == Aggregate::Counted {
                let age = clock::now_millis().saturating_sub(row.updated_at).max(0);
                shared.metrics.row_age_seconds.observe(age as f64 / 1_000.0);
            }
            Some(row)
        }
        Err(_) => {
            shared.metrics.unreadable.inc();
            None
        }
    }
}
