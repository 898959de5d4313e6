//! The role that takes transactions from partners into the queue.

use std::net::TcpListener;
use std::time::Duration;

use tallygate_front::Front;

use crate::supervise::Supervisor;

pub(super) fn start(supervisor: &mut Supervisor, front: Front, sockets: Vec<TcpListener>, grace: Duration) {
    tracing::info!(run = %front.run(), "this run numbers its messages");
    supervisor.start("gateway", grace, |stop| async move { Ok(front.serve(sockets, stop.cancelled_owned()).await?) });
}
