//! The shipper: sessions, one after the other, and what is waited for between them.

use std::sync::Arc;

use backon::{BackoffBuilder, Retryable};
use tallygate_core::{Generation, Work};
use tallygate_queue::Queue;
use tallygate_stream::{Stream, Topic};
use tallygate_sums::Notices;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::appender::Appender;
use crate::held::{Held, Teller};
use crate::metrics::ShipperMetrics;
use crate::parked::Parked;
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

/// The queues of a shipper.
#[derive(Clone)]
pub struct Queues {
    /// What it ships.
    pub transactions: Arc<dyn Queue>,
    /// Where those of them wait that the stream refuses, when they are many; its own, or shared with other shippers of the
    /// same queue.
    pub parked: Arc<dyn Queue>,
}

/// Moves messages from a queue into a stream. Many may run on one queue.
pub struct Shipper {
    options: ShipperOptions,
    queues: Queues,
    appender: Appender,
    notices: Arc<dyn Notices>,
    work: watch::Sender<Work>,
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
        queues: Queues,
        stream: Arc<dyn Stream>,
        notices: Arc<dyn Notices>,
        generation: &Generation,
        metrics: ShipperMetrics,
    ) -> Self {
        let records = Records::new(generation, metrics.clone());
        let work = watch::Sender::new(Work::Goes);
        Self { options, queues, appender: Appender { records, stream, metrics }, notices, work }
    }

    /// The same, which says here whether it works.
    #[must_use]
    pub fn saying(self, work: watch::Sender<Work>) -> Self {
        Self { work, ..self }
    }

    /// Ships until told to stop. A queue or stream that is away is waited for; it never gives up.
    ///
    /// Stopping takes at most [`timeouts::STOP`], plus what the queue takes for its last answer.
    pub async fn run(self, stop: CancellationToken) {
        let (held, changes) = Held::none(&self.appender.metrics);
        let teller = Teller { notices: self.notices.clone(), name: uuid::Uuid::now_v7().simple().to_string() };
        let (mut telling, over) = (JoinSet::new(), CancellationToken::new());
        telling.spawn(teller.tell_changes(changes, over.clone()));
        let place = &self.queues.parked;
        let parked = Parked { appender: &self.appender, held: &held, place };
        tokio::select! {
            () = self.ship(&held, &stop) => {}
            // It goes on for ever; what it had leased goes back.
            () = parked.run() => {}
        }
        over.cancel();
        // Its last word is bounded, and after it there is nothing to do.
        let _ = timeout(timeouts::TELL * 2, telling.join_next()).await;
    }

    async fn ship(&self, held: &Held, stop: &CancellationToken) {
        let mut delays = backoff::delays().build();
        self.work.send_replace(Work::Waits("no answer yet from the queue".to_owned()));
        while !stop.is_cancelled() {
            let consumer = tokio::select! {
                consumer = self.queues.transactions.consume(self.options.prefetch) => consumer,
                () = stop.cancelled() => return,
            };
            let end = match consumer {
                Ok(consumer) => {
                    held.is_troubled_by(Vec::new(), 0);
                    self.work.send_replace(Work::Goes);
                    delays = backoff::delays().build();
                    let session = Session::new(&self.appender, held, consumer, &self.queues.parked);
                    #[cfg(feature = "faults")]
                    let session = session.acknowledging_early(self.options.acknowledge_before_append);
                    session.run(stop).await
                }
                Err(error) => End::QueueLost(error),
            };
            held.remove_all();
            self.appender.metrics.held_up.set(0);
            match end {
                End::Stopped => return,
                End::QueueLost(error) => {
                    self.appender.metrics.queue_errors.inc();
                    tracing::warn!(%error, "the queue was lost, opening it again");
                    self.waits(held, format!("nothing can be taken from the queue: {error}"));
                    tokio::select! {
                        () = sleep(delays.next().unwrap_or_default()) => {}
                        () = stop.cancelled() => return,
                    }
                }
                End::StreamAway(error) => {
                    tracing::error!(%error, "the stream takes nothing, messages go back to the queue until it does");
                    self.waits(held, format!("the log takes nothing, messages wait in the queue: {error}"));
                    tokio::select! {
                        () = self.stream_answers() => tracing::info!("the stream answers again"),
                        // It does not answer as long as one partition is away, and others may be back.
                        () = sleep(timeouts::LOOK_AGAIN) => {}
                        () = stop.cancelled() => return,
                    }
                }
                End::Foreign(error) => {
                    tracing::error!(error, "it stands: another release must ship a message of the queue");
                    self.waits(held, format!("it stands, another release must ship a message of the queue: {error}"));
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

    /// Says that it ships nothing for this reason, until a consumer is open again.
    fn waits(&self, held: &Held, why: String) {
        held.is_troubled_by(vec![why.clone()], 0);
        self.work.send_replace(Work::Waits(why));
    }

    async fn stream_answers(&self) {
        // It is asked for ever.
        let _ = (|| self.appender.stream.bounds(Topic::Transactions)).retry(backoff::delays()).await;
    }
}
