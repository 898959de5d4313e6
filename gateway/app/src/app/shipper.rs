//! The role that moves transactions from the queue into the stream.

use std::time::Duration;

use tallygate_core::Work;
use tallygate_shipper::{Queues, Shipper, ShipperMetrics, ShipperOptions, watch_backlog};
use tokio::sync::watch;

use super::chain::Chain;
use super::standing::Standing;
use crate::supervise::Supervisor;

pub(super) fn start(
    supervisor: &mut Supervisor,
    options: ShipperOptions,
    chain: Chain,
    queues: Queues,
    metrics: ShipperMetrics,
    standing: Standing,
    grace: Duration,
) {
    supervisor.start("shipper", grace, |stop| async move {
        let (options, chain, queues, metrics, stop) = (&options, &chain, &queues, &metrics, &stop);
        let role = |work: watch::Sender<Work>| async move {
            let Some(generation) = chain.generation(&work, stop).await? else { return Ok(()) };
            let (queues, stream, sums) = (queues.clone(), chain.stream.clone(), chain.sums.clone());
            let shipper = Shipper::new(options.clone(), queues, stream, sums, &generation, metrics.clone());
            shipper.saying(work).run(stop.clone()).await;
            Ok(())
        };
        let run = |work| chain.run(work, role);
        tokio::select! {
            kept = standing.keep("shipper", stop, run) => kept,
            // What waits in the queue is known while nobody can ship it, too.
            () = watch_backlog(queues.clone(), metrics.clone()) => Ok(()),
        }
    });
}

#[cfg(test)]
mod tests;
