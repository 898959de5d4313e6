//! The operators' side, put together: what is shown and administered in this process.

use std::net::TcpListener;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tallygate_console::admin::{Console, Options, Parts};
use tallygate_console::metrics::Metrics;
use tallygate_console::policies::PolicyAdmin;
use tallygate_console::replays::Replayer;
use tallygate_core::day::Zone;
use tallygate_front::journal::Journal;
use tallygate_front::{PolicyRegistry, Publishing};
use tallygate_queue::Queue;
use tallygate_reading::ledger::Reader;
use tallygate_stream::Stream;
use tallygate_sums::Sums;

use super::dead_letters::DeadLetters;
use super::health::Health;
use super::policy_admin::Administered;
use super::standing::Standing;
use crate::config::AdminOptions;
use crate::replay::Replays;
use crate::supervise::Supervisor;

const GRACE: Duration = Duration::from_secs(10);

/// What a process has for its operators.
pub(super) struct Sources {
    /// The roles that it plays.
    pub(super) roles: String,
    /// Stream and store, with the console's role.
    pub(super) log: Option<(Arc<dyn Stream>, Arc<dyn Sums>)>,
    /// The queue, where the process has one.
    pub(super) queue: Option<Arc<dyn Queue>>,
    /// Where it parks what the stream refuses, with the shipper's role.
    pub(super) parked: Option<Arc<dyn Queue>>,
    /// The policies, with the gateway's role.
    pub(super) policies: Option<Arc<PolicyRegistry>>,
    /// What the gateway journals, with its role.
    pub(super) journal: Option<Arc<Journal>>,
    /// How the gateway's messages fare, with its role.
    pub(super) publishing: Option<Publishing>,
    /// What is seen of the dead letters, where the process has the stream.
    pub(super) dead_letters: Option<DeadLetters>,
    /// The roles of the process that stand.
    pub(super) standing: Standing,
    /// The way back for dead letters, where the process has a queue.
    pub(super) replays: Option<Arc<Replays>>,
}

pub(super) fn start(
    supervisor: &mut Supervisor,
    admin: &AdminOptions,
    zone: Zone,
    socket: TcpListener,
    sources: Sources,
    metrics: Metrics,
) {
    let options = Options { zone, tls: admin.tls.clone(), users: admin.users.clone(), tokens: admin.tokens.clone() };
    let health = Health {
        roles: sources.roles,
        queues: sources.queue.into_iter().chain(sources.parked).collect(),
        stream: sources.log.as_ref().map(|(stream, _)| stream.clone()),
        sums: sources.log.as_ref().map(|(_, sums)| Reader::new(sums.clone())),
        policies: sources.policies.clone(),
        journal: sources.journal,
        publishing: sources.publishing,
        dead_letters: sources.dead_letters,
        standing: sources.standing,
    };
    let parts = Parts {
        reading: sources.log.map(|(stream, sums)| (sums, stream)),
        policies: sources.policies.map(|policies| Arc::new(Administered(policies)) as Arc<dyn PolicyAdmin>),
        replays: sources.replays.map(|replays| replays as Arc<dyn Replayer>),
        status: Some(Arc::new(health)),
    };
    let (console, handle) = Console::new(options, parts, metrics);
    supervisor.start("console", GRACE, |stop| async move {
        let mut run = pin!(console.run(socket));
        tokio::select! {
            ended = &mut run => return Ok(ended?),
            () = stop.cancelled() => handle.stop(),
        }
        Ok(run.await?)
    });
}
