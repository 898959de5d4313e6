//! The role that moves transactions from the queue into the stream.

use std::sync::Arc;
use std::time::Duration;

use tallygate_queue::Queue;
use tallygate_shipper::{Shipper, ShipperMetrics, ShipperOptions};

use super::chain::Chain;
use super::standing::Standing;
use crate::supervise::Supervisor;

pub(super) fn start(
    supervisor: &mut Supervisor,
    options: ShipperOptions,
    chain: Chain,
    queue: Arc<dyn Queue>,
    metrics: ShipperMetrics,
    standing: Standing,
    grace: Duration,
) {
    supervisor.start("shipper", grace, |stop| async move {
        let run = || async {
            let Some(generation) = chain.generation(&stop).await? else { return Ok(()) };
            let (queue, stream, sums) = (queue.clone(), chain.stream.clone(), chain.sums.clone());
            let shipper = Shipper::new(options.clone(), queue, stream, sums, &generation, metrics.clone());
            shipper.run(stop.clone()).await;
            Ok(())
        };
        standing.keep("shipper", &stop, run).await
    });
}
