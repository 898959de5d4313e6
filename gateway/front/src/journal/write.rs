//! The journal as a gateway writes it.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tallygate_core::{Day, MessageNumber, Run};

use super::entry::{DaySum, encode, most_bytes};
use super::error::JournalError;
use super::files::{Files, Folder};
use super::metrics::JournalMetrics;
use super::progress::Progress;
use super::space::{Room, Space};
use super::writer::{Opened, Writer};

/// Where a journal is kept, and how much of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JournalOptions {
    /// The folder, made when it is missing.
    pub dir: PathBuf,
    /// Days that a file is kept behind its own, of those on which there are files: a gateway that runs has one for each day.
    pub keep_days: u32,
    /// The most bytes that all files of the folder may come to.
    pub max_bytes: u64,
    /// How long whoever asks anything of it waits, also while the disk hangs.
    pub answer_within: Duration,
}

/// The journal of one run. One thread of its own works with the files; nothing here waits for a disk longer than
/// [`JournalOptions::answer_within`], and dropping it does not wait at all.
#[derive(Debug)]
pub struct Journal {
    space: Arc<Space>,
    writer: Writer,
}

impl Journal {
    /// Makes the folder and sees that a file can be written there. Blocking.
    ///
    /// # Errors
    /// When it cannot, or not in time.
    pub fn open(options: &JournalOptions, run: Run, today: Day, metrics: JournalMetrics) -> Result<Self, JournalError> {
        let (journal, opened) = Self::with(options, run, today, metrics, move |folder| folder.open(today))?;
        journal.writer.wait_for(&opened)?;
        Ok(journal)
    }

    /// The same for a process that serves: where no file can be written now, messages are refused, and it is tried again at
    /// each [`tend`](Self::tend). Blocking, for as long as the journal may take to answer.
    ///
    /// # Errors
    /// When its thread cannot be started.
    pub fn open_later(
        options: &JournalOptions,
        run: Run,
        today: Day,
        metrics: JournalMetrics,
    ) -> Result<Self, JournalError> {
        let open = move |folder: Folder| Ok(folder.open_later(today));
        let (journal, opened) = Self::with(options, run, today, metrics, open)?;
        if let Err(error) = journal.writer.wait_for(&opened) {
            tracing::error!(%error, "messages are refused until the journal goes on");
        }
        Ok(journal)
    }

    fn with(
        options: &JournalOptions,
        run: Run,
        today: Day,
        metrics: JournalMetrics,
        open: impl FnOnce(Folder) -> std::io::Result<Files> + Send + 'static,
    ) -> Result<(Self, Opened), JournalError> {
        let dir = Arc::from(&*options.dir);
        let progress = Arc::new(Progress::with(Folder::path(&dir, today, run), metrics.hangs.clone()));
        let space = Arc::new(Space::new(options.max_bytes, metrics.clone()));
        let keep_days = i32::try_from(options.keep_days).unwrap_or(i32::MAX);
        let folder =
            Folder { dir, run, keep_days, space: space.clone(), metrics, progress: progress.clone(), told: None };
        let (writer, opened) = Writer::start(progress, options.answer_within, move || open(folder))?;
        Ok((Self { space, writer }, opened))
    }

    /// Claims room for a message's line, before the message is queued.
    ///
    /// # Errors
    /// When there is none, or the journal has given no answer for as long as one waits for it; the message must be refused.
    pub fn claim(&self, partner: &str, sums: &[DaySum]) -> Result<Room, JournalError> {
        self.writer.ready()?;
        Ok(self.space.claim(most_bytes(partner, sums))?)
    }

    /// Writes a message's line into the room that was claimed for it. When it returns, the line stands in a file that the
    /// folder has.
    ///
    /// # Errors
    /// When the line may not be there. It may be written later all the same, where the journal gave no answer in time.
    pub async fn append(
        &self,
        room: Room,
        today: Day,
        number: MessageNumber,
        partner: &str,
        sums: &[DaySum],
    ) -> Result<(), JournalError> {
        let mut line = String::with_capacity(room.bytes());
        encode(&mut line, number, partner, sums);
        self.writer.write(today, line, room).await
    }

    /// Looks after the files while nothing may be written: whether the one in use is in place, which are too old, and what
    /// they come to. What was to be written before is written first.
    ///
    /// # Errors
    /// When the journal gives no answer in time.
    pub async fn tend(&self, today: Day) -> Result<(), JournalError> {
        self.writer.tend(today).await
    }

    /// What an operator must know of it, as a sentence.
    pub fn trouble(&self) -> Option<String> {
        let told = |error: JournalError| format!("messages are refused: {error}");
        self.writer.ready().err().map(told).or_else(|| self.space.trouble())
    }

    /// A journal on a disk that is full.
    #[cfg(test)]
    pub(crate) fn full(dir: &std::path::Path, today: Day) -> Self {
        std::os::unix::fs::symlink("/dev/full", Folder::path(dir, today, Run(7))).unwrap();
        let options = JournalOptions {
            dir: dir.to_owned(),
            keep_days: 2,
            max_bytes: 1 << 20,
            answer_within: Duration::from_secs(10),
        };
        Self::open(&options, Run(7), today, JournalMetrics::default()).unwrap()
    }
}
