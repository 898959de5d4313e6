//! One channel for publishing: many messages on the way, each answered when the server confirmed it.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::stream::FuturesUnordered;
use futures::{FutureExt, StreamExt};
use lapin::options::{BasicPublishOptions, ConfirmSelectOptions};
use lapin::types::ShortString;
use lapin::{BasicProperties, Channel, Confirmation, Connection};
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot};
use tokio::task::unconstrained;
use tokio::time::timeout;

use super::target::Target;
use crate::limits::CHANNEL_BATCH;
use crate::port::QueueError;

/// Messages survive the server's restart.
const PERSISTENT: u8 = 2;

/// A message on its way out.
pub(super) struct Outgoing {
    pub(super) message: Bytes,
    pub(super) reply: oneshot::Sender<Result<(), QueueError>>,
    /// Its share of what may be on the way.
    pub(super) _room: OwnedSemaphorePermit,
}

/// What became of a message.
struct Outcome {
    /// None where it was answered before.
    reply: Option<oneshot::Sender<Result<(), QueueError>>>,
    answer: Result<(), QueueError>,
    /// Why the connection is not to be used any longer, if so.
    end: Option<QueueError>,
}

impl Outcome {
    fn tell(self) {
        if let Some(reply) = self.reply {
            let _ = reply.send(self.answer);
        }
    }
}

/// A channel whose task publishes alone: the library counts messages and sends them in two steps, which must not
/// interleave with another's, or one message would be taken as confirmed by the other's confirm.
pub(super) struct Publisher {
    channel: Channel,
    queue: ShortString,
    confirm_timeout: Duration,
    target: Arc<Target>,
    /// Whether the server has stopped reading because of an alarm.
    blocked: lapin::ConnectionStatus,
}

impl Publisher {
    pub(super) async fn open(connection: &Connection, target: &Arc<Target>) -> Result<Self, QueueError> {
        let channel = connection.create_channel().await.map_err(|e| target.explain(&e))?;
        channel.confirm_select(ConfirmSelectOptions::default()).await.map_err(|e| target.explain(&e))?;
        Ok(Self {
            channel,
            queue: target.queue.clone(),
            confirm_timeout: target.confirm_timeout,
            target: Arc::clone(target),
            blocked: connection.status().clone(),
        })
    }

    /// Publishes until the connection is no longer good, and returns why. What was on the way is answered with "away".
    pub(super) async fn run(self, mut outgoing: mpsc::UnboundedReceiver<Outgoing>) -> QueueError {
        let mut on_the_way = FuturesUnordered::new();
        let mut taken = Vec::with_capacity(CHANNEL_BATCH);
        loop {
            tokio::select! {
                biased;
                Some(first) = on_the_way.next() => {
                    let mut outcomes = vec![first];
                    // All that are known by now, before any is believed: a message that was returned may be told with the confirm of
                    // another one, and its own then tells of nothing, but is never known before that one is.
                    while let Some(Some(next)) = unconstrained(on_the_way.next()).now_or_never() {
                        outcomes.push(next);
                    }
                    let end = outcomes.iter().find_map(|outcome: &Outcome| outcome.end.clone());
                    if let Some(why) = end {
                        outcomes.retain(|outcome| outcome.answer.is_err());
                        outcomes.into_iter().for_each(Outcome::tell);
                        return why;
                    }
                    outcomes.into_iter().for_each(Outcome::tell);
                }
                count = outgoing.recv_many(&mut taken, CHANNEL_BATCH) => {
                    if count == 0 {
                        return QueueError::Away("the queue was closed".to_owned());
                    }
                    on_the_way.extend(taken.drain(..).map(|one| self.publish(one)));
                }
            }
        }
    }

    /// Publishes one message and waits for what becomes of it.
    async fn publish(&self, outgoing: Outgoing) -> Outcome {
        let Outgoing { message, reply, _room } = outgoing;
        let mut confirmed = pin!(self.confirmed(&message));
        let Ok(confirmation) = timeout(self.confirm_timeout, &mut confirmed).await else {
            let late = self.away(&format!("no confirm within {:?}", self.confirm_timeout));
            let _ = reply.send(Err(late.clone()));
            // A blocked connection is sound, and goes on when the alarm is over; what comes with this confirm then may be of another.
            let end = if self.blocked.blocked() { self.read(confirmed.await).1 } else { Some(late) };
            return Outcome { reply: None, answer: Ok(()), end };
        };
        let (answer, end) = self.read(confirmation);
        Outcome { reply: Some(reply), answer, end }
    }

    async fn confirmed(&self, message: &[u8]) -> lapin::Result<Confirmation> {
        let options = BasicPublishOptions { mandatory: true, ..BasicPublishOptions::default() };
        let properties = BasicProperties::default().with_delivery_mode(PERSISTENT);
        self.channel
            .basic_publish(ShortString::default(), self.queue.clone(), options, message, properties)
            .await?
            .await
    }

    /// The answer, and why the connection is not to be used any longer, if so.
    fn read(&self, confirmation: lapin::Result<Confirmation>) -> (Result<(), QueueError>, Option<QueueError>) {
        match confirmation {
            // Only this is durable: one with a message in it was returned, because there is no such queue (rule 2).
            Ok(Confirmation::Ack(None)) => (Ok(()), None),
            Ok(Confirmation::Nack(None)) => (Err(self.away("the server could not store the message")), None),
            // It may be another message that was returned: the library tells it with whichever confirm comes next.
            Ok(Confirmation::Ack(Some(_)) | Confirmation::Nack(Some(_)) | Confirmation::NotRequested) => {
                self.bad(self.away("the server returned the message, there is no such queue any more"))
            }
            Err(error) => self.bad(self.target.explain(&error)),
        }
    }

    fn bad(&self, why: QueueError) -> (Result<(), QueueError>, Option<QueueError>) {
        (Err(why.clone()), Some(why))
    }

    fn away(&self, why: &str) -> QueueError {
        QueueError::Away(format!("{}: {why}", self.target))
    }
}
