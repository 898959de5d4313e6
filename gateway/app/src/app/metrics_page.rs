//! The page that Prometheus reads, and what the process measures of itself for it.

use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use prometheus_client::registry::Registry;

use crate::metrics;
use crate::supervise::Supervisor;

/// How often the process measures itself.
const MEASURE_EVERY: Duration = Duration::from_secs(5);

pub(super) fn start(supervisor: &mut Supervisor, socket: TcpListener, mut registry: Registry, grace: Duration) {
    let resident = metrics::register_process(&mut registry);
    supervisor.start("metrics", grace, move |stop| async move {
        let measuring = async {
            loop {
                resident.set(metrics::resident_bytes().unwrap_or_default());
                tokio::time::sleep(MEASURE_EVERY).await;
            }
        };
        tokio::select! {
            served = metrics::serve(socket, Arc::new(registry), stop) => served,
            () = measuring => Ok(()),
        }
    });
}
