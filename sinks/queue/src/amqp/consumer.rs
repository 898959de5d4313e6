//! A consumer with a connection of its own, which no alarm blocks, because it never publishes.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use async_trait::async_trait;
use futures::future::{BoxFuture, try_join_all};
use futures::{FutureExt, StreamExt};
use lapin::options::{BasicAckOptions, BasicCancelOptions, BasicConsumeOptions, BasicNackOptions, BasicQosOptions};
use lapin::types::{FieldTable, ShortString};
use lapin::{Channel, Connection};
use tokio::time::timeout;

use super::gate::Gate;
use super::held::Held;
use super::prefetch::Prefetch;
use super::target::Target;
use crate::limits::ACKNOWLEDGED_AT_ONCE;
use crate::port::{Consumer, Delivery, QueueError, Tag};
use crate::timeouts::ANSWER;

/// What the server has delivered to us and not taken back; dropped, all of it goes back.
pub(super) struct AmqpConsumer {
    target: Arc<Target>,
    held: Held,
    gate: Gate,
    prefetch: Prefetch,
    deliveries: lapin::Consumer,
    /// What takes the place of `deliveries`, once those are all handed out: the server was told another prefetch.
    next: Option<Next>,
    /// Whether `deliveries` came to its end.
    is_over: bool,
    /// Why nothing more is handed out.
    broken: Option<QueueError>,
    channel: Channel,
    /// Dropped last: closing it is what returns the messages.
    _connection: Connection,
}

/// The consumer that comes next on the channel.
enum Next {
    Opening(BoxFuture<'static, lapin::Result<lapin::Consumer>>),
    Open(lapin::Consumer),
}

impl AmqpConsumer {
    pub(super) async fn open(
        target: &Arc<Target>,
        prefetch: Prefetch,
        leased: Arc<AtomicU64>,
    ) -> Result<Self, QueueError> {
        let gate = Gate::default();
        let connection = target.connect("consumer", Some(gate.clone())).await?;
        let opened = timeout(ANSWER, async {
            let channel = connection.create_channel().await?;
            let deliveries = consume(&channel, target.queue.clone(), prefetch.now()).await?;
            Ok((channel, deliveries))
        });
        let (channel, deliveries) = match opened.await {
            Ok(opened) => opened.map_err(|e: lapin::Error| target.explain(&e))?,
            Err(_) => return Err(QueueError::Away(format!("{target} does not answer within {ANSWER:?}"))),
        };
        let held = Held::new(leased, gate.clone());
        let target = Arc::clone(target);
        Ok(Self {
            target,
            held,
            gate,
            prefetch,
            deliveries,
            next: None,
            is_over: false,
            broken: None,
            channel,
            _connection: connection,
        })
    }

    /// Cancel-safe: what is under way goes on at the next call.
    async fn next(&mut self) -> Result<Delivery, QueueError> {
        loop {
            if let Some(broken) = &self.broken {
                return Err(broken.clone());
            }
            self.begin_change();
            tokio::select! {
                biased;
                delivery = self.deliveries.next(), if !self.is_over => match delivery {
                    Some(Ok(delivery)) => return self.hand_out(delivery),
                    Some(Err(error)) => return Err(self.target.explain(&error)),
                    None => self.is_over = true,
                },
                opened = opened(&mut self.next) => {
                    self.next = Some(Next::Open(opened.map_err(|e| self.target.explain(&e))?));
                }
            }
            if self.is_over {
                self.change_over()?;
            }
        }
    }

    /// The server is told another prefetch by another consumer on the channel: what the first was sent stays as it is.
    fn begin_change(&mut self) {
        if self.next.is_some() {
            return;
        }
        let Some(prefetch) = self.prefetch.change() else { return };
        tracing::debug!(server = %self.target, prefetch, "another prefetch for messages of this size");
        let (channel, queue, tag) = (self.channel.clone(), self.target.queue.clone(), self.deliveries.tag());
        let opening = async move {
            channel.basic_cancel(tag, BasicCancelOptions::default()).await?;
            consume(&channel, queue, prefetch).await
        };
        self.next = Some(Next::Opening(opening.boxed()));
    }

    /// After the last delivery of the one that was cancelled.
    fn change_over(&mut self) -> Result<(), QueueError> {
        match self.next.take() {
            Some(Next::Open(next)) => {
                self.deliveries = next;
                self.is_over = false;
                Ok(())
            }
            Some(opening) => {
                self.next = Some(opening);
                Ok(())
            }
            None => Err(QueueError::Away(format!("{}: the server ended the consumer", self.target))),
        }
    }

    fn hand_out(&mut self, delivery: lapin::message::Delivery) -> Result<Delivery, QueueError> {
        let (tag, mut message) = (delivery.delivery_tag, delivery.data);
        // The library lets it grow, up to twice as large.
        message.shrink_to_fit();
        if let Err(passed_over) = self.held.add(tag, message.len()) {
            let broken = QueueError::Away(format!("{}: {passed_over}", self.target));
            self.broken = Some(broken.clone());
            return Err(broken);
        }
        self.prefetch.received(message.len());
        Ok(Delivery { tag: Tag(tag), message: message.into() })
    }
}

#[async_trait]
impl Consumer for AmqpConsumer {
    async fn receive(&mut self, most: usize) -> Result<Vec<Delivery>, QueueError> {
        let first = match self.next().now_or_never() {
            Some(first) => first?,
            None => {
                self.gate.is_drained();
                self.next().await?
            }
        };
        let mut messages = vec![first];
        while messages.len() < most
            && let Some(next) = self.next().now_or_never()
        {
            // What came before the end is handed out; the end shows itself again at the next call.
            match next {
                Ok(message) => messages.push(message),
                Err(_) => break,
            }
        }
        Ok(messages)
    }

    async fn acknowledge(&mut self, tags: &[Tag]) -> Result<(), QueueError> {
        let settled = self.held.settle(tags);
        let tell = |(tag, multiple)| self.channel.basic_ack(tag, BasicAckOptions { multiple });
        // Each is sent when it is first polled, and all are then: who leaves half-way leaves none of them untold.
        within(&self.target, try_join_all(settled.answers().map(tell))).await
    }

    fn stride(&self) -> usize {
        ACKNOWLEDGED_AT_ONCE
    }

    async fn release(&mut self, tags: &[Tag]) -> Result<(), QueueError> {
        let settled = self.held.settle(tags);
        let tell = |(tag, multiple)| self.channel.basic_nack(tag, BasicNackOptions { multiple, requeue: true });
        within(&self.target, try_join_all(settled.answers().map(tell))).await
    }
}

async fn consume(channel: &Channel, queue: ShortString, prefetch: u16) -> lapin::Result<lapin::Consumer> {
    channel.basic_qos(prefetch, BasicQosOptions::default()).await?;
    channel.basic_consume(queue, ShortString::default(), BasicConsumeOptions::default(), FieldTable::default()).await
}

async fn within<T>(target: &Target, call: impl Future<Output = lapin::Result<T>>) -> Result<(), QueueError> {
    match timeout(ANSWER, call).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => Err(target.explain(&error)),
        Err(_) => Err(QueueError::Away(format!("{target} does not answer within {ANSWER:?}"))),
    }
}

/// Waits for the next consumer to be open, as long as it takes.
async fn opened(next: &mut Option<Next>) -> lapin::Result<lapin::Consumer> {
    match next {
        Some(Next::Opening(opening)) => opening.await,
        _ => std::future::pending().await,
    }
}
