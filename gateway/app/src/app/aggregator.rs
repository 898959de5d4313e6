//! The role that sums transactions from the stream into the store.

use std::time::Duration;

use tallygate_aggregator::{Aggregator, AggregatorMetrics, AggregatorOptions};

use super::chain::Chain;
use crate::supervise::Supervisor;

pub(super) fn start(
    supervisor: &mut Supervisor,
    options: AggregatorOptions,
    chain: Chain,
    metrics: AggregatorMetrics,
    grace: Duration,
) {
    supervisor.start("aggregator", grace, |stop| async move {
        let Some(generation) = chain.generation(&stop).await? else { return Ok(()) };
        Ok(Aggregator::new(options, chain.stream, chain.sums, generation, metrics).run(stop).await?)
    });
}
