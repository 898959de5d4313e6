//! The role that moves transactions from the queue into the stream.

use std::sync::Arc;
use std::time::Duration;

use tallygate_queue::Queue;
use tallygate_shipper::{Shipper, ShipperMetrics, ShipperOptions};

use super::chain::Chain;
use crate::supervise::Supervisor;

pub(super) fn start(
    supervisor: &mut Supervisor,
    options: ShipperOptions,
    chain: Chain,
    queue: Arc<dyn Queue>,
    metrics: ShipperMetrics,
    grace: Duration,
) {
    supervisor.start("shipper", grace, |stop| async move {
        let Some(generation) = chain.generation(&stop).await? else { return Ok(()) };
        Shipper::new(options, queue, chain.stream, chain.sums, &generation, metrics).run(stop).await;
        Ok(())
    });
}
