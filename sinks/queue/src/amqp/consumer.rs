//! A consumer with a connection of its own, which no alarm blocks, because it never publishes.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use futures::future::try_join_all;
use futures::{FutureExt, StreamExt};
use lapin::options::{BasicAckOptions, BasicConsumeOptions, BasicNackOptions, BasicQosOptions};
use lapin::types::{FieldTable, ShortString};
use lapin::{Channel, Connection};
use tokio::time::timeout;

use super::target::Target;
use crate::port::{Consumer, Delivery, QueueError, Tag};
use crate::timeouts::ANSWER;

/// What the server has delivered to us and not taken back; dropped, all of it goes back.
pub(super) struct AmqpConsumer {
    target: Arc<Target>,
    held: Held,
    deliveries: lapin::Consumer,
    channel: Channel,
    /// Dropped last: closing it is what returns the messages.
    _connection: Connection,
}

/// The messages handed out, oldest first, and whether each was settled already.
struct Held {
    tags: VecDeque<(u64, bool)>,
    leased: Arc<AtomicU64>,
}

/// What to tell the server of a set of settled messages.
#[derive(Debug, Default, PartialEq, Eq)]
struct Settled {
    /// All up to here are settled.
    up_to: Option<u64>,
    /// These are too, though older ones are not.
    single: Vec<u64>,
}

impl AmqpConsumer {
    pub(super) async fn open(target: &Arc<Target>, prefetch: u16, leased: Arc<AtomicU64>) -> Result<Self, QueueError> {
        let connection = target.connect("consumer").await?;
        let opened = timeout(ANSWER, async {
            let channel = connection.create_channel().await?;
            channel.basic_qos(prefetch.max(1), BasicQosOptions::default()).await?;
            let tag = ShortString::default();
            let options = BasicConsumeOptions::default();
            let deliveries = channel.basic_consume(target.queue.clone(), tag, options, FieldTable::default()).await?;
            Ok((channel, deliveries))
        });
        let (channel, deliveries) = match opened.await {
            Ok(opened) => opened.map_err(|e: lapin::Error| target.explain(&e))?,
            Err(_) => return Err(QueueError::Away(format!("{target} does not answer within {ANSWER:?}"))),
        };
        let held = Held { tags: VecDeque::new(), leased };
        Ok(Self { target: Arc::clone(target), held, deliveries, channel, _connection: connection })
    }

    fn take(&mut self, delivery: Option<lapin::Result<lapin::message::Delivery>>) -> Result<Delivery, QueueError> {
        match delivery {
            Some(Ok(delivery)) => {
                self.held.add(delivery.delivery_tag);
                Ok(Delivery { tag: Tag(delivery.delivery_tag), message: delivery.data.into() })
            }
            Some(Err(error)) => Err(self.target.explain(&error)),
            None => Err(QueueError::Away(format!("{}: the server ended the consumer", self.target))),
        }
    }

    async fn within<T>(&self, call: impl Future<Output = lapin::Result<T>>) -> Result<(), QueueError> {
        match timeout(ANSWER, call).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(self.target.explain(&error)),
            Err(_) => Err(QueueError::Away(format!("{} does not answer within {:?}", self.target, ANSWER))),
        }
    }
}

#[async_trait]
impl Consumer for AmqpConsumer {
    async fn receive(&mut self, most: usize) -> Result<Vec<Delivery>, QueueError> {
        let first = self.deliveries.next().await;
        let mut messages = vec![self.take(first)?];
        while messages.len() < most
            && let Some(next) = self.deliveries.next().now_or_never()
        {
            // What came before the end is handed out; the end shows itself again at the next call.
            match self.take(next) {
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
        self.within(try_join_all(settled.answers().map(tell))).await
    }

    async fn release(&mut self, tags: &[Tag]) -> Result<(), QueueError> {
        let settled = self.held.settle(tags);
        let tell = |(tag, multiple)| self.channel.basic_nack(tag, BasicNackOptions { multiple, requeue: true });
        self.within(try_join_all(settled.answers().map(tell))).await
    }
}

impl Settled {
    /// What to tell the server, in order: a tag, and whether it stands for all before it.
    fn answers(self) -> impl Iterator<Item = (u64, bool)> {
        let all_before = self.up_to.into_iter().map(|tag| (tag, true));
        all_before.chain(self.single.into_iter().map(|tag| (tag, false)))
    }
}

impl Held {
    fn add(&mut self, tag: u64) {
        self.tags.push_back((tag, false));
        self.leased.fetch_add(1, Ordering::Relaxed);
    }

    /// Marks messages as settled. One call must not mix fates: everything up to a tag shares one answer to the server.
    fn settle(&mut self, tags: &[Tag]) -> Settled {
        let mut fresh = Vec::with_capacity(tags.len());
        for tag in tags {
            if let Ok(at) = self.tags.binary_search_by_key(&tag.0, |(held, _)| *held)
                && let Some((_, settled)) = self.tags.get_mut(at)
                && !std::mem::replace(settled, true)
            {
                fresh.push(tag.0);
            }
        }
        self.leased.fetch_sub(fresh.len() as u64, Ordering::Relaxed);
        fresh.sort_unstable();
        let mut front = 0;
        while let Some((tag, true)) = self.tags.front() {
            front = *tag;
            self.tags.pop_front();
        }
        // The tag that stands for all before it must itself be new to the server, which refuses one it no longer knows.
        let prefix = fresh.partition_point(|tag| *tag <= front);
        let single = fresh.split_off(prefix);
        Settled { up_to: fresh.last().copied(), single }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let left = self.tags.iter().filter(|(_, settled)| !settled).count();
        self.leased.fetch_sub(left as u64, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(tags: std::ops::RangeInclusive<u64>) -> Held {
        let mut held = Held { tags: VecDeque::new(), leased: Arc::default() };
        tags.for_each(|tag| held.add(tag));
        held
    }

    fn settle(held: &mut Held, tags: &[u64]) -> (Option<u64>, Vec<u64>) {
        let tags: Vec<Tag> = tags.iter().copied().map(Tag).collect();
        let Settled { up_to, single } = held.settle(&tags);
        (up_to, single)
    }

    #[test]
    fn a_prefix_is_settled_at_once_and_the_rest_one_by_one() {
        let mut held = held(1..=9);
        assert_eq!(settle(&mut held, &[2, 1, 3]), (Some(3), vec![]));
        assert_eq!(settle(&mut held, &[5, 7]), (None, vec![5, 7]));
        assert_eq!(settle(&mut held, &[4]), (Some(4), vec![]), "5 is gone for the server and must not be named again");
        assert_eq!(settle(&mut held, &[6, 9]), (Some(6), vec![9]));
        assert_eq!(settle(&mut held, &[6, 1, 42]), (None, vec![]), "twice settled and never held");
        assert_eq!(held.leased.load(Ordering::Relaxed), 1);
        assert_eq!(settle(&mut held, &[8]), (Some(8), vec![]));
        assert!(held.tags.is_empty());
    }
}
