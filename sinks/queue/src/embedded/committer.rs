//! The committing thread: what is published while it syncs shares the next sync, and is told of it at once.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::JoinHandle;

use bytes::Bytes;
use tallygate_embedded::limits::{COMMIT_WRITES, WAITING_BYTES, WRITE_LEAST_BYTES};
use tallygate_embedded::timeouts::{ANSWER, gather};
use tallygate_embedded::until_ended;
use tokio::sync::{Notify, Semaphore};
use tokio::time::timeout;

use super::failure::Failure;
use super::held::Leaving;
use super::log::Log;
use crate::limits::COMMIT_BYTES;

/// Owns the committing thread; dropping it lets the thread finish what it was given.
pub(super) struct Committer {
    inbox: Arc<Inbox>,
    folder: Arc<Path>,
    thread: Option<JoinHandle<()>>,
}

/// What the thread is given.
struct Inbox {
    waiting: Mutex<Waiting>,
    arrived: Condvar,
    /// Bytes that further messages and acknowledgements may hold.
    room: Semaphore,
}

#[derive(Default)]
struct Waiting {
    batches: VecDeque<Batch>,
    is_closed: bool,
    /// The thread waits to be woken.
    is_idle: bool,
}

/// What is dealt with at one time.
#[derive(Default)]
struct Batch {
    messages: Vec<Bytes>,
    bytes: usize,
    published: Settling,
    leaving: Vec<Leaving>,
    acknowledged: Settling,
    /// What it takes of the room.
    weight: usize,
    #[cfg(test)]
    first: Option<Box<dyn FnOnce() + Send>>,
}

/// How some ended that are told together.
#[derive(Default)]
struct Group {
    /// None where the thread ended before.
    outcome: OnceLock<Option<Result<(), Failure>>>,
    settled: Notify,
}

/// Settles a group, also where the thread panics.
#[derive(Default)]
struct Settling(Arc<Group>);

impl Committer {
    /// # Errors
    /// When the thread cannot be started.
    pub(super) fn start(log: Log, folder: Arc<Path>) -> Result<Self, Failure> {
        let (waiting, arrived, room) = (Mutex::default(), Condvar::new(), Semaphore::new(WAITING_BYTES));
        let inbox = Arc::new(Inbox { waiting, arrived, room });
        let own = Arc::clone(&inbox);
        let thread = std::thread::Builder::new()
            .name("committer".to_owned())
            .spawn(move || commit_all(log, &Closing(own)))
            .map_err(|error| Failure::of(&folder, error))?;
        Ok(Self { inbox, folder, thread: Some(thread) })
    }

    /// Once this returns the message is synced. Dropped half-way, it may be so all the same.
    pub(super) async fn publish(&self, message: Bytes) -> Result<(), Failure> {
        let weight = message.len();
        self.hand_over(weight, |batch| {
            batch.bytes += message.len();
            batch.messages.push(message);
            Arc::clone(&batch.published.0)
        })
        .await
    }

    pub(super) async fn acknowledge(&self, leaving: Leaving) -> Result<(), Failure> {
        self.hand_over(0, |batch| {
            batch.leaving.push(leaving);
            Arc::clone(&batch.acknowledged.0)
        })
        .await
    }

    /// Keeps the thread busy until what is returned is dropped.
    #[cfg(test)]
    pub(super) fn keep_busy(&self) -> std::sync::mpsc::Sender<()> {
        let (release, released) = std::sync::mpsc::channel();
        let mut waiting = self.inbox.lock();
        let first: Box<dyn FnOnce() + Send> = Box::new(move || {
            let _ = released.recv();
        });
        // A batch that is full is left alone.
        let weight = 0;
        waiting.batches.push_back(Batch { first: Some(first), bytes: COMMIT_BYTES, weight, ..Batch::default() });
        drop(waiting);
        self.inbox.arrived.notify_one();
        release
    }

    async fn hand_over(&self, bytes: usize, add: impl FnOnce(&mut Batch) -> Arc<Group>) -> Result<(), Failure> {
        let settled = async {
            let weight = bytes.clamp(WRITE_LEAST_BYTES, WAITING_BYTES);
            let room = self.inbox.room.acquire_many(u32::try_from(weight).unwrap_or(u32::MAX)).await;
            let room = room.map_err(|_| self.closed())?;
            let group = {
                let mut waiting = self.inbox.lock();
                if waiting.is_closed {
                    return Err(self.closed());
                }
                // Given back when it is settled, whether or not anybody waits for that.
                room.forget();
                let batch = waiting.batch();
                batch.weight += weight;
                let group = add(batch);
                if waiting.is_idle {
                    waiting.is_idle = false;
                    self.inbox.arrived.notify_one();
                }
                group
            };
            group.outcome().await.unwrap_or_else(|| Err(self.closed()))
        };
        let late = |_| Err(Failure::Late(self.folder.to_path_buf(), ANSWER));
        timeout(ANSWER, settled).await.unwrap_or_else(late)
    }

    fn closed(&self) -> Failure {
        Failure::Closed(self.folder.to_path_buf())
    }
}

impl Drop for Committer {
    fn drop(&mut self) {
        self.inbox.close();
        if let Some(thread) = self.thread.take() {
            until_ended(thread, &self.folder);
        }
    }
}

impl Inbox {
    /// The next batch; none once it is closed and nothing is left. While there is none, `meanwhile` is called again and again as long
    /// as it finds something to do.
    fn next(&self, mut meanwhile: impl FnMut() -> bool) -> Option<Batch> {
        while self.lock().batches.is_empty() && meanwhile() {}
        let mut waiting = self.lock();
        loop {
            if let Some(batch) = waiting.batches.pop_front() {
                return Some(batch);
            }
            if waiting.is_closed {
                return None;
            }
            waiting.is_idle = true;
            waiting = self.arrived.wait(waiting).unwrap_or_else(PoisonError::into_inner);
            waiting.is_idle = false;
        }
    }

    fn close(&self) {
        self.lock().is_closed = true;
        self.arrived.notify_one();
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    /// The last one, or one behind it where that is full.
    fn batch(&mut self) -> &mut Batch {
        let is_full = |batch: &Batch| batch.len() >= COMMIT_WRITES || batch.bytes >= COMMIT_BYTES;
        if self.batches.back().is_none_or(is_full) {
            self.batches.push_back(Batch::default());
        }
        let last = self.batches.len() - 1;
        &mut self.batches[last]
    }
}

impl Batch {
    fn len(&self) -> usize {
        self.messages.len() + self.leaving.len()
    }
}

impl Group {
    async fn outcome(&self) -> Option<Result<(), Failure>> {
        let settled = self.settled.notified();
        tokio::pin!(settled);
        // Listening begins before looking, so that what is settled in between is not missed.
        settled.as_mut().enable();
        loop {
            if let Some(outcome) = self.outcome.get() {
                return outcome.clone();
            }
            settled.as_mut().await;
            settled.set(self.settled.notified());
        }
    }
}

impl Settling {
    fn settle(self, outcome: Result<(), Failure>) {
        let _ = self.0.outcome.set(Some(outcome));
    }
}

impl Drop for Settling {
    fn drop(&mut self) {
        self.0.outcome.get_or_init(|| None);
        self.0.settled.notify_waiters();
    }
}

/// Takes no more once the thread has ended, however it did.
struct Closing(Arc<Inbox>);

impl Drop for Closing {
    fn drop(&mut self) {
        let left = {
            let mut waiting = self.0.lock();
            waiting.is_closed = true;
            std::mem::take(&mut waiting.batches)
        };
        drop(left);
        self.0.room.close();
    }
}

fn commit_all(mut log: Log, inbox: &Closing) {
    let inbox = &inbox.0;
    while let Some(batch) = inbox.next(|| log.remove_piece()) {
        let pause = gather(batch.len());
        #[cfg(test)]
        if let Some(first) = batch.first {
            first();
        }
        acknowledge(&mut log, batch.leaving, batch.acknowledged);
        publish(&mut log, &batch.messages, batch.published);
        inbox.room.add_permits(batch.weight);
        log.let_go_done();
        log.remove_piece();
        std::thread::sleep(pause);
    }
    log.close();
}

/// Nothing waits for the disk here, so it comes first.
fn acknowledge(log: &mut Log, leaving: Vec<Leaving>, settling: Settling) {
    let mut sequences: Vec<u64> = leaving.iter().flat_map(Leaving::sequences).collect();
    sequences.sort_unstable();
    let outcome = log.acknowledge(sequences);
    match &outcome {
        Ok(()) => leaving.into_iter().for_each(Leaving::gone),
        Err(error) => {
            tracing::error!(%error, acknowledgements = leaving.len(), "acknowledgements failed");
            drop(leaving);
        }
    }
    settling.settle(outcome);
}

fn publish(log: &mut Log, messages: &[Bytes], settling: Settling) {
    let outcome = log.append(messages);
    if let Err(error) = &outcome {
        tracing::error!(%error, writes = messages.len(), "a commit failed");
    }
    settling.settle(outcome);
}
