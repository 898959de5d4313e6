//! The role that sums transactions from the stream into the store.

use std::time::Duration;

use tallygate_aggregator::{Aggregator, AggregatorMetrics, AggregatorOptions};
use tallygate_core::Work;
use tokio::sync::watch;

use super::chain::Chain;
use super::standing::Standing;
use crate::supervise::Supervisor;

pub(super) fn start(
    supervisor: &mut Supervisor,
    options: AggregatorOptions,
    chain: Chain,
    metrics: AggregatorMetrics,
    standing: Standing,
    grace: Duration,
) {
    supervisor.start("aggregator", grace, |stop| async move {
        let (options, chain, metrics, stop) = (&options, &chain, &metrics, &stop);
        let role = |work: watch::Sender<Work>| async move {
            let Some(generation) = chain.generation(&work, stop).await? else { return Ok(()) };
            let (stream, sums) = (chain.stream.clone(), chain.sums.clone());
            let aggregator = Aggregator::new(options.clone(), stream, sums, generation, metrics.clone());
            Ok(aggregator.saying(work).run(stop.clone()).await?)
        };
        let run = |work| chain.run(work, role);
        standing.keep("aggregator", stop, run).await
    });
}
