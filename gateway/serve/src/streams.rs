//! The requests of one HTTP/2 connection: they run within its task, side by side, and end with it.

use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, Wake, Waker};

use futures::stream::FuturesUnordered;
use futures::{FutureExt, StreamExt};

use crate::limits::STREAMS_A_TURN;
use crate::parts::{Part, Task};

type Stream = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A connection's requests, owned by it: dropped, it ends them all.
pub(crate) struct Streams {
    running: FuturesUnordered<InTurn>,
    started: Arc<Started>,
    waker: Waker,
    turn: Arc<Turn>,
}

/// Starts a connection's requests. Each request holds one of these, so it must not own them in turn.
#[derive(Clone, Debug)]
pub(crate) struct Starter(Weak<Started>);

/// What was started since the connection last looked.
struct Started {
    streams: Mutex<Vec<Stream>>,
    part: Arc<Part>,
}

/// How many requests may still be worked on before other connections have their turn.
#[derive(Debug)]
struct Turn(AtomicUsize);

/// A request that waits for its connection's next turn where this one is over.
struct InTurn {
    stream: Stream,
    turn: Arc<Turn>,
}

impl Streams {
    pub(crate) fn of(task: &Arc<Task>) -> Self {
        let started = Arc::new(Started { streams: Mutex::default(), part: Part::of(task) });
        let waker = started.part.waker();
        Self { running: FuturesUnordered::new(), started, waker, turn: Arc::new(Turn(AtomicUsize::new(0))) }
    }

    pub(crate) fn starter(&self) -> Starter {
        Starter(Arc::downgrade(&self.started))
    }

    pub(crate) fn part(&self) -> &Arc<Part> {
        &self.started.part
    }

    /// Begins a turn of the connection.
    pub(crate) fn begin_turn(&self) {
        self.turn.0.store(STREAMS_A_TURN, Ordering::Relaxed);
    }

    /// Works on the requests that can go on, as far as the turn goes; whether there was anything to do.
    pub(crate) fn work(&mut self) -> bool {
        if self.turn.is_over() || !self.started.part.take() {
            return false;
        }
        let started = std::mem::take(&mut *self.started.lock());
        self.running.extend(started.into_iter().map(|stream| InTurn { stream, turn: self.turn.clone() }));
        let mut context = Context::from_waker(&self.waker);
        while let Poll::Ready(Some(())) = self.running.poll_next_unpin(&mut context) {}
        true
    }
}

impl Started {
    fn lock(&self) -> MutexGuard<'_, Vec<Stream>> {
        self.streams.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Turn {
    fn is_over(&self) -> bool {
        self.0.load(Ordering::Relaxed) == 0
    }
}

impl<F> hyper::rt::Executor<F> for Starter
where
    F: Future<Output = ()> + Send + 'static,
{
    fn execute(&self, stream: F) {
        if let Some(started) = self.0.upgrade() {
            let stream = Box::pin(AssertUnwindSafe(stream).catch_unwind().map(|ended| {
                if ended.is_err() {
                    tracing::error!("a request's task panicked");
                }
            }));
            started.lock().push(stream);
            started.part.wake_by_ref();
        }
    }
}

impl Future for InTurn {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        match self.turn.0.load(Ordering::Relaxed).checked_sub(1) {
            Some(left) => {
                self.turn.0.store(left, Ordering::Relaxed);
                self.stream.as_mut().poll(context)
            }
            None => {
                context.waker().wake_by_ref();
                Poll::Pending
            }
        }
    }
}

impl std::fmt::Debug for Started {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Started").finish_non_exhaustive()
    }
}
