//! The connection for publishing: kept, watched, and made again.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures::StreamExt;
use lapin::options::QueueDeclareOptions;
use lapin::types::FieldTable;
use lapin::{Connection, Event};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};

use super::backoff;
use super::channel::{Outgoing, Publisher};
use super::target::Target;
use crate::limits::CHANNELS;
use crate::port::QueueError;
use crate::timeouts::{ANSWER, STATUS_POLL};

/// Where the connection stands.
#[derive(Clone)]
pub(super) enum State {
    /// The first attempt runs.
    Connecting,
    /// It is there.
    Up(Arc<Link>),
    /// It is not, for this reason; attempts go on.
    Down(QueueError),
}

/// A connection with its channels.
pub(super) struct Link {
    connection: Connection,
    channels: Vec<mpsc::UnboundedSender<Outgoing>>,
    next: AtomicUsize,
}

impl State {
    pub(super) fn link(&self) -> Option<Result<Arc<Link>, QueueError>> {
        match self {
            Self::Connecting => None,
            Self::Up(link) => Some(Ok(Arc::clone(link))),
            Self::Down(why) => Some(Err(why.clone())),
        }
    }
}

impl Link {
    /// Hands the message to the next channel in turn. Dropping it answers for it where the channel is gone.
    pub(super) fn publish(&self, outgoing: Outgoing) {
        let turn = self.next.fetch_add(1, Ordering::Relaxed) % self.channels.len().max(1);
        if let Some(channel) = self.channels.get(turn) {
            let _ = channel.send(outgoing);
        }
    }

    pub(super) fn is_blocked(&self) -> bool {
        self.connection.status().blocked()
    }

    /// How many messages wait in the queue, leased ones not among them.
    pub(super) async fn waiting(&self, target: &Target) -> Result<u64, QueueError> {
        let passive = QueueDeclareOptions { passive: true, durable: true, ..QueueDeclareOptions::default() };
        let counted = timeout(ANSWER, async {
            // A channel of its own, because a refusal closes it.
            let channel = self.connection.create_channel().await?;
            channel.queue_declare(target.queue.clone(), passive, FieldTable::default()).await
        });
        match counted.await {
            Ok(Ok(queue)) => Ok(u64::from(queue.message_count())),
            Ok(Err(error)) => Err(target.explain(&error)),
            Err(_) => Err(QueueError::Away(format!("{target} does not answer within {ANSWER:?}"))),
        }
    }

    async fn open(target: &Arc<Target>) -> Result<(Arc<Self>, JoinSet<QueueError>), QueueError> {
        let connection = target.connect("publisher", None).await?;
        let mut tasks = JoinSet::new();
        let mut channels = Vec::with_capacity(CHANNELS);
        for _ in 0..CHANNELS {
            let publisher = match timeout(ANSWER, Publisher::open(&connection, target)).await {
                Ok(publisher) => publisher?,
                Err(_) => return Err(QueueError::Away(format!("{target} opens no channel"))),
            };
            let (sender, outgoing) = mpsc::unbounded_channel();
            tasks.spawn(publisher.run(outgoing));
            channels.push(sender);
        }
        Ok((Arc::new(Self { connection, channels, next: AtomicUsize::new(0) }), tasks))
    }

    /// Waits until the connection is lost or one of its channels is, and says why.
    async fn watch(&self, target: &Target, mut tasks: JoinSet<QueueError>) -> QueueError {
        let mut events = Box::pin(self.connection.events_listener());
        let mut poll = interval(STATUS_POLL);
        poll.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                Some(ended) = tasks.join_next() => return match ended {
                    Ok(why) => why,
                    Err(died) => QueueError::Away(format!("{target}: publishing died: {died}")),
                },
                Some(event) = events.next() => match event {
                    Event::Error(error) => return target.explain(&error),
                    Event::ConnectionBlocked(why) => tracing::warn!(server = %target, why, "publishers are blocked"),
                    Event::ConnectionUnblocked => tracing::info!(server = %target, "publishers are no longer blocked"),
                    _ => {}
                },
                _ = poll.tick() => if !self.connection.status().connected() {
                    return QueueError::Away(format!("{target}: the connection was lost"));
                },
            }
        }
    }
}

/// Connects, watches, and connects again, for ever.
pub(super) async fn keep(target: Arc<Target>, state: watch::Sender<State>) {
    let mut delays = backoff::delays();
    loop {
        let why = match Link::open(&target).await {
            Ok((link, tasks)) => {
                tracing::info!(server = %target, "connected");
                delays = backoff::delays();
                state.send_replace(State::Up(Arc::clone(&link)));
                link.watch(&target, tasks).await
            }
            Err(why) => why,
        };
        tracing::warn!(error = %why, "not connected, trying again");
        state.send_replace(State::Down(why));
        sleep(delays.next().unwrap_or_default()).await;
    }
}
