//! Reads the rows of a day back from the store of sums.

use std::sync::Arc;

use futures::future::try_join_all;
use tallygate_core::{Aggregate, Day, Row};
use tallygate_sums::{Sums, SumsError};

use crate::backoff::Backoff;
use crate::metrics::AggregatorMetrics;

/// All aggregates of a day and log partition. While the store is away it waits.
///
/// # Errors
/// [`SumsError::Refused`] alone.
pub(crate) async fn load(
    sums: &Arc<dyn Sums>,
    metrics: &AggregatorMetrics,
    log_partition: u32,
    day: Day,
) -> Result<Vec<Row>, SumsError> {
    let mut backoff = Backoff::new();
    loop {
        let reads = Aggregate::ALL.map(|aggregate| sums.read(aggregate, day, log_partition, None));
        match try_join_all(reads).await {
            Ok(rows) => return Ok(rows.into_iter().flatten().collect()),
            Err(error) if error.is_retryable() => {
                metrics.failed("store");
                tracing::debug!(%error, %day, "rows cannot be read; trying again");
                backoff.wait().await;
            }
            Err(error) => return Err(error),
        }
    }
}
