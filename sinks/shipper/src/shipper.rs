//! The shipper: sessions, one after the other, and what is waited for between them.

use std::sync::Arc;

use backon::{BackoffBuilder, Retryable};
use tallygate_core::Generation;
use tallygate_queue::Queue;
use tallygate_stream::{Stream, Topic};
use tallygate_sums::Notices;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::appender::Appender;
use crate::held::{Held, Teller};
use crate::metrics::ShipperMetrics;
use crate::records::Records;
use crate::session::{End, Session};
use crate::{backoff, limits, timeouts};

/// What may be chosen of a shipper.
#[derive(Clone, Debug)]
pub struct ShipperOptions {
    /// Most messages leased at a time; of large ones the queue's consumer leases fewer.
    pub prefetch: u16,
    /// Acknowledges messages before their records are durable, which loses them when anything fails: for proving that a
    /// test notices.
    #[cfg(feature = "faults")]
    pub acknowledge_before_append: bool,
}

/// Moves messages from a queue into a stream. Many may run on one queue.
pub struct Shipper {
    options: ShipperOptions,
    queue: Arc<dyn Queue>,
    appender: Appender,
    notices: Arc<dyn Notices>,
}

impl Default for ShipperOptions {
    fn default() -> Self {
        Self {
            prefetch: limits::PREFETCH,
            #[cfg(feature = "faults")]
            acknowledge_before_append: false,
        }
    }
}

impl Shipper {
    /// A shipper into this generation of the log, whose topics must have been prepared. What it holds it tells in notices.
    pub fn new(
        options: ShipperOptions,
        queue: Arc<dyn Queue>,
        stream: Arc<dyn Stream>,
        notices: Arc<dyn Notices>,
        generation: &Generation,
        metrics: ShipperMetrics,
    ) -> Self {
        let records = Records::new(generation, metrics.clone());
        Self { options, queue, appender: Appender { records, stream, metrics }, notices }
    }

    /// Ships until told to stop. A queue or stream that is away is waited for; it never gives up.
    ///
    /// Stopping takes at most [`timeouts::STOP`], plus what the queue takes for its last answer.
    pub async fn run(self, stop: CancellationToken) {
        let (held, changes) = Held::none();
        let teller = Teller { notices: self.notices.clone(), name: uuid::Uuid::now_v7().simple().to_string() };
        let (mut telling, over) = (JoinSet::new(), CancellationToken::new());
        telling.spawn(teller.tell_changes(changes, over.clone()));
        tokio::select! {
            () = self.ship(&held, &stop) => {}
            () = self.watch_backlog() => {}
        }
        over.cancel();
        // Its last word is bounded, and after it there is nothing to do.
        let _ = timeout(timeouts::TELL * 2, telling.join_next()).await;
    }

    async fn ship(&self, held: &Held, stop: &CancellationToken) {
        let mut delays = backoff::delays().build();
        while !stop.is_cancelled() {
            let consumer = tokio::select! {
                consumer = self.queue.consume(self.options.prefetch) => consumer,
                () = stop.cancelled() => return,
            };
            let end = match consumer {
                Ok(consumer) => {
                    held.is_troubled_by(Vec::new());
                    delays = backoff::delays().build();
                    let session = Session::new(&self.appender, held, consumer);
                    #[cfg(feature = "faults")]
                    let session = session.acknowledging_early(self.options.acknowledge_before_append);
                    session.run(stop).await
                }
                Err(error) => End::QueueLost(error),
            };
            held.remove_all();
            self.appender.metrics.held_up.set(0);
            self.appender.metrics.refused.set(0);
            match end {
                End::Stopped => return,
                End::QueueLost(error) => {
                    self.appender.metrics.queue_errors.inc();
                    tracing::warn!(%error, "the queue was lost, opening it again");
                    tokio::select! {
                        () = sleep(delays.next().unwrap_or_default()) => {}
                        () = stop.cancelled() => return,
                    }
                }
                End::StreamAway(error) => {
                    tracing::error!(%error, "the stream takes nothing, messages go back to the queue until it does");
                    held.is_troubled_by(vec![format!("the log takes nothing, messages wait in the queue: {error}")]);
                    tokio::select! {
                        () = self.stream_answers() => tracing::info!("the stream answers again"),
                        // It does not answer as long as one partition is away, and others may be back.
                        () = sleep(timeouts::LOOK_AGAIN) => {}
                        () = stop.cancelled() => return,
                    }
                }
                End::Foreign(error) => {
                    tracing::error!(error, "it stands: another release must ship a message of the queue");
                    let stands = format!("it stands, another release must ship a message of the queue: {error}");
                    held.is_troubled_by(vec![stands]);
                    self.appender.metrics.stands.set(1);
                    tokio::select! {
                        () = sleep(timeouts::STAND) => {}
                        () = stop.cancelled() => return,
                    }
                    self.appender.metrics.stands.set(0);
                }
            }
        }
    }

    async fn stream_answers(&self) {
        // It is asked for ever.
        let _ = (|| self.appender.stream.bounds(Topic::Transactions)).retry(backoff::delays()).await;
    }

    async fn watch_backlog(&self) {
        let mut every = interval(timeouts::BACKLOG);
        every.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            every.tick().await;
            match self.queue.depth().await {
                Ok(depth) => {
                    self.appender.metrics.backlog.set(i64::try_from(depth).unwrap_or(i64::MAX));
                }
                Err(error) => tracing::debug!(%error, "the queue's depth is unknown"),
            }
        }
    }
}
