//! The journal's thread: it alone works with the files, and writes what came meanwhile with one call.

use std::io::{self, IoSlice};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::Duration;

use tallygate_core::Day;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tokio::time::timeout;

use super::error::JournalError;
use super::files::Files;
use super::inbox::{Inbox, Receiving};
use super::progress::Progress;
use super::space::Room;
use crate::limits::{JOURNAL_GROUP_LINES, JOURNAL_WAITING_BYTES, JOURNAL_WAITING_LEAST_BYTES};

/// Hands work to the thread and waits for it, for a bounded time. Dropping it lets the thread finish what it was given.
#[derive(Debug)]
pub(super) struct Writer {
    /// As much as there is memory for.
    work: Arc<Inbox<Work>>,
    /// Bytes that further work may hold.
    memory: Arc<Semaphore>,
    progress: Arc<Progress>,
    within: Duration,
}

/// What the thread says of the files once, when it has opened them.
pub(super) type Opened = Receiver<io::Result<()>>;

#[derive(Debug)]
enum Work {
    Line(Line),
    Tend(Day, oneshot::Sender<()>, OwnedSemaphorePermit),
}

/// A line on its way into the file of this day, with what is held until it is there, whether or not its caller waits.
#[derive(Debug)]
struct Line {
    today: Day,
    text: String,
    room: Room,
    memory: OwnedSemaphorePermit,
    reply: oneshot::Sender<Result<(), JournalError>>,
}

impl Writer {
    /// Starts the thread, which begins with opening the files.
    pub(super) fn start(
        progress: Arc<Progress>,
        within: Duration,
        open: impl FnOnce() -> io::Result<Files> + Send + 'static,
    ) -> Result<(Self, Opened), JournalError> {
        let work = Arc::new(Inbox::default());
        let waiting = Receiving::of(work.clone());
        let (opened, answer) = sync_channel(1);
        let told = progress.clone();
        let run = move || match open() {
            Ok(files) => {
                told.end();
                let _ = opened.send(Ok(()));
                write_all(files, &told, waiting);
            }
            Err(error) => {
                let _ = opened.send(Err(error));
            }
        };
        std::thread::Builder::new()
            .name("journal".to_owned())
            .spawn(run)
            .map_err(|error| JournalError::Thread(progress.path(), Arc::new(error)))?;
        let memory = Arc::new(Semaphore::new(JOURNAL_WAITING_BYTES));
        Ok((Self { work, memory, progress, within }, answer))
    }

    /// Waits for the files to be open, once, and not longer than for an answer. Blocking.
    pub(super) fn wait_for(&self, opened: &Opened) -> Result<(), JournalError> {
        match opened.recv_timeout(self.within) {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(JournalError::File(self.progress.path(), Arc::new(error))),
            Err(RecvTimeoutError::Timeout) => Err(JournalError::Late(self.progress.path(), self.within)),
            Err(RecvTimeoutError::Disconnected) => Err(JournalError::Closed(self.progress.path())),
        }
    }

    /// Whether a line can be handed over: not while the thread hangs, or has no file.
    pub(super) fn ready(&self) -> Result<(), JournalError> {
        self.answers()?;
        self.progress.closed().map_or(Ok(()), |error| Err(JournalError::File(self.progress.path(), error)))
    }

    fn answers(&self) -> Result<(), JournalError> {
        if self.work.is_closed() {
            return Err(JournalError::Closed(self.progress.path()));
        }
        let hangs = self.progress.hangs_for(self.within);
        hangs.map_or(Ok(()), |spent| Err(JournalError::Late(self.progress.path(), spent)))
    }

    /// Has a line written into the room that was claimed for it.
    pub(super) async fn write(&self, today: Day, text: String, room: Room) -> Result<(), JournalError> {
        let bytes = text.len();
        self.hand_over(bytes, |memory, reply| Work::Line(Line { today, text, room, memory, reply })).await?
    }

    /// Has the files looked after, behind all that was handed over before.
    pub(super) async fn tend(&self, today: Day) -> Result<(), JournalError> {
        self.answers()?;
        self.hand_over(0, |memory, reply| Work::Tend(today, reply, memory)).await
    }

    async fn hand_over<T>(
        &self,
        bytes: usize,
        work: impl FnOnce(OwnedSemaphorePermit, oneshot::Sender<T>) -> Work,
    ) -> Result<T, JournalError> {
        let weight = bytes.clamp(JOURNAL_WAITING_LEAST_BYTES, JOURNAL_WAITING_BYTES);
        let weight = u32::try_from(weight).unwrap_or(u32::MAX);
        let closed = || JournalError::Closed(self.progress.path());
        let answered = async {
            let memory = self.memory.clone().acquire_many_owned(weight).await.map_err(|_| closed())?;
            let (reply, answer) = oneshot::channel();
            self.work.put(work(memory, reply)).await.map_err(|_| closed())?;
            answer.await.map_err(|_| closed())
        };
        let late = |_| Err(JournalError::Late(self.progress.path(), self.within));
        timeout(self.within, answered).await.unwrap_or_else(late)
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.work.close();
    }
}

impl Line {
    fn settle(self, outcome: Result<(), JournalError>) {
        // Before the caller hears of it, who may ask for more.
        drop((self.room, self.memory));
        // Where nobody waits any more, the line stands there all the same.
        let _ = self.reply.send(outcome);
    }
}

fn write_all(mut files: Files, progress: &Progress, waiting: Receiving<Work>) {
    let mut group = Vec::with_capacity(JOURNAL_GROUP_LINES);
    let (mut lines, mut tends) = (Vec::with_capacity(JOURNAL_GROUP_LINES), Vec::new());
    while waiting.take(&mut group, JOURNAL_GROUP_LINES) {
        progress.begin();
        for work in group.drain(..) {
            match work {
                Work::Line(line) => lines.push(line),
                Work::Tend(today, reply, memory) => tends.push((today, reply, memory)),
            }
        }
        let outcomes = write(&mut files, progress, &lines);
        if let Some((today, ..)) = tends.last() {
            files.tend(*today);
        }
        progress.end();
        for (line, outcome) in lines.drain(..).zip(outcomes) {
            line.settle(outcome);
        }
        for (_, reply, memory) in tends.drain(..) {
            drop(memory);
            let _ = reply.send(());
        }
    }
}

/// Writes the lines, those of one day at one time, and returns what came of each.
fn write(files: &mut Files, progress: &Progress, lines: &[Line]) -> Vec<Result<(), JournalError>> {
    let mut outcomes = Vec::with_capacity(lines.len());
    for same_day in lines.chunk_by(|one, next| one.today == next.today) {
        let texts: Vec<IoSlice<'_>> = same_day.iter().map(|line| IoSlice::new(line.text.as_bytes())).collect();
        let whole = files.append(same_day[0].today, &texts);
        let failed = |error| JournalError::File(progress.path(), Arc::new(error));
        let (whole, rest) = match whole {
            Ok(whole) if whole == texts.len() => (whole, Ok(())),
            Ok(whole) => {
                let cut = io::Error::new(io::ErrorKind::StorageFull, "the line was not written whole");
                (whole, Err(failed(cut)))
            }
            Err(error) => (0, Err(failed(error))),
        };
        outcomes.extend((0..texts.len()).map(|place| if place < whole { Ok(()) } else { rest.clone() }));
    }
    outcomes
}
