//! One channel for publishing: many messages on the way, each answered when the server confirmed it.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use lapin::options::{BasicPublishOptions, ConfirmSelectOptions};
use lapin::types::ShortString;
use lapin::{BasicProperties, Channel, Confirmation, Connection};
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot};
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
                Some(end) = on_the_way.next() => if let Some(why) = end {
                    return why;
                },
                count = outgoing.recv_many(&mut taken, CHANNEL_BATCH) => {
                    if count == 0 {
                        return QueueError::Away("the queue was closed".to_owned());
                    }
                    on_the_way.extend(taken.drain(..).map(|one| self.publish(one)));
                }
            }
        }
    }

    /// Publishes one message and answers for it; some when the connection is not to be used any longer.
    async fn publish(&self, outgoing: Outgoing) -> Option<QueueError> {
        let Outgoing { message, reply, _room } = outgoing;
        let options = BasicPublishOptions { mandatory: true, ..BasicPublishOptions::default() };
        let properties = BasicProperties::default().with_delivery_mode(PERSISTENT);
        let confirmed = timeout(self.confirm_timeout, async {
            self.channel
                .basic_publish(ShortString::default(), self.queue.clone(), options, &message, properties)
                .await?
                .await
        });
        let (answer, end) = match confirmed.await {
            // Only this is durable: one with a message in it was returned, because there is no such queue (rule 2).
            Ok(Ok(Confirmation::Ack(None))) => (Ok(()), None),
            Ok(Ok(Confirmation::Nack(_))) => (Err(self.away("the server could not store the message")), None),
            Ok(Ok(Confirmation::Ack(Some(_)) | Confirmation::NotRequested)) => {
                self.bad(self.away("the server returned the message, there is no such queue any more"))
            }
            Ok(Err(error)) => self.bad(self.target.explain(&error)),
            Err(_) => {
                let late = self.away(&format!("no confirm within {:?}", self.confirm_timeout));
                // A blocked connection is sound, and goes on when the alarm is over.
                if self.blocked.blocked() { (Err(late), None) } else { self.bad(late) }
            }
        };
        let _ = reply.send(answer);
        end
    }

    fn bad(&self, why: QueueError) -> (Result<(), QueueError>, Option<QueueError>) {
        (Err(why.clone()), Some(why))
    }

    fn away(&self, why: &str) -> QueueError {
        QueueError::Away(format!("{}: {why}", self.target))
    }
}
