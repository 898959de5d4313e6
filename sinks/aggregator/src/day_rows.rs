//! Reads the rows of a day back from the store of sums.

use std::sync::Arc;

use backon::Retryable;
use futures::future::try_join_all;
use tallygate_core::{Aggregate, Day, Row};
use tallygate_sums::{Sums, SumsError};

use crate::backoff;
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
    let read = || try_join_all(Aggregate::ALL.map(|aggregate| sums.read(aggregate, day, log_partition, None)));
    let rows = read.retry(backoff::delays()).when(SumsError::is_retryable).notify(|error, _| {
        metrics.failed("store");
        tracing::debug!(%error, %day, "rows cannot be read; trying again");
    });
    Ok(rows.await?.into_iter().flatten().collect())
}
