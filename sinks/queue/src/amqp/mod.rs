//! The queue on RabbitMQ: a quorum queue, publisher confirms, manual acknowledgements.

mod backoff;
mod bad_option;
mod channel;
mod consumer;
mod gate;
mod held;
mod link;
mod options;
mod prefetch;
mod socket;
mod target;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use tallygate_core::limits::MESSAGE_BYTES;
use tokio::sync::{Semaphore, oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;

use self::channel::Outgoing;
use self::consumer::AmqpConsumer;
use self::link::{Link, State};
use self::prefetch::{Prefetch, Sizes};
use self::target::Target;
use crate::port::{Consumer, Queue, QueueError};
use crate::{limits, timeouts};

pub use self::bad_option::BadOption;
pub use self::options::AmqpOptions;

/// A queue on a RabbitMQ server. It connects by itself, again and again, as long as it lives.
pub struct AmqpQueue {
    target: Arc<Target>,
    state: watch::Receiver<State>,
    room: Arc<Semaphore>,
    /// What our own consumers have leased: the server tells nobody.
    leased: Arc<AtomicU64>,
    /// Of the messages that came to them.
    sizes: Sizes,
    /// Keeps the connection for publishing; it ends with the queue.
    _keeper: JoinSet<()>,
}

impl AmqpQueue {
    /// Begins to connect, in the background: a server that is away is no error here. Needs a tokio runtime.
    ///
    /// # Errors
    /// What is wrong with the options or the files they name.
    pub fn open(options: AmqpOptions) -> Result<Self, QueueError> {
        let target = Arc::new(Target::new(options)?);
        let (told, state) = watch::channel(State::Connecting);
        let mut keeper = JoinSet::new();
        keeper.spawn(link::keep(Arc::clone(&target), told));
        Ok(Self {
            target,
            state,
            room: Arc::new(Semaphore::new(limits::IN_FLIGHT_BYTES)),
            leased: Arc::default(),
            sizes: Sizes::default(),
            _keeper: keeper,
        })
    }

    /// The connection as it is now; while the very first attempt runs, waits for how it ends.
    async fn link(&self) -> Result<Arc<Link>, QueueError> {
        if let Some(link) = self.state.borrow().link() {
            return link;
        }
        let mut state = self.state.clone();
        match timeout(timeouts::CONNECT, state.wait_for(|state| state.link().is_some())).await {
            Ok(Ok(state)) => state.link().unwrap_or_else(|| Err(self.away("is being connected to"))),
            Ok(Err(_)) => Err(QueueError::Refused("the task that keeps the connection died".to_owned())),
            Err(_) => Err(self.away("does not answer")),
        }
    }

    fn away(&self, how: &str) -> QueueError {
        QueueError::Away(format!("{} {how}", self.target))
    }
}

#[async_trait]
impl Queue for AmqpQueue {
    async fn publish(&self, message: Bytes) -> Result<(), QueueError> {
        if message.len() > MESSAGE_BYTES {
            return Err(QueueError::too_large(message.len()));
        }
        let link = self.link().await?;
        if link.is_blocked() {
            return Err(self.away("blocks publishers (an alarm for memory or disk)"));
        }
        let weight = u32::try_from(message.len().max(limits::IN_FLIGHT_LEAST)).unwrap_or(u32::MAX);
        let room = match Arc::clone(&self.room).try_acquire_many_owned(weight) {
            Ok(room) => room,
            Err(_) => {
                let free = Arc::clone(&self.room).acquire_many_owned(weight);
                match timeout(self.target.confirm_timeout, free).await {
                    Ok(Ok(room)) => room,
                    _ => return Err(self.away("leaves too many messages unconfirmed")),
                }
            }
        };
        let (reply, answer) = oneshot::channel();
        link.publish(Outgoing { message, reply, _room: room });
        answer.await.unwrap_or_else(|_| Err(self.away("was lost before it confirmed")))
    }

    fn late(&self, within: Duration) -> QueueError {
        self.away(&format!("gave no answer within {within:?}, the outcome is unknown"))
    }

    async fn consume(&self, prefetch: u16) -> Result<Box<dyn Consumer>, QueueError> {
        // Not beside our own first declaration: a server that has only half made a quorum queue fails its consumers.
        self.link().await?;
        let prefetch = Prefetch::new(prefetch, self.sizes.clone());
        Ok(Box::new(AmqpConsumer::open(&self.target, prefetch, Arc::clone(&self.leased)).await?))
    }

    async fn depth(&self) -> Result<u64, QueueError> {
        let waiting = self.link().await?.waiting(&self.target).await?;
        Ok(waiting + self.leased.load(Ordering::Relaxed))
    }
}
