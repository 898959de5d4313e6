//! The journal as a gateway writes it.

use std::io;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tallygate_core::{Day, MessageNumber, Run};

use super::entry::{DaySum, encode, most_bytes};
use super::file::{self, Found, OpenFile};
use super::folder;
use super::metrics::JournalMetrics;
use super::space::{JournalFull, Room, Space};

/// Where a journal is kept, and how much of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JournalOptions {
    /// The folder, made when it is missing.
    pub dir: PathBuf,
    /// Days that a file is kept behind its own.
    pub keep_days: u32,
    /// The most bytes that all files of the folder may come to.
    pub max_bytes: u64,
}

/// The journal of one run.
#[derive(Debug)]
pub struct Journal {
    dir: PathBuf,
    run: Run,
    keep_days: i32,
    space: Space,
    metrics: JournalMetrics,
    open: Mutex<Open>,
}

#[derive(Debug)]
struct Open {
    day: Day,
    file: OpenFile,
    line: String,
}

impl Journal {
    /// Makes the folder and sees that a file can be written there.
    ///
    /// # Errors
    /// When it cannot.
    pub fn open(options: &JournalOptions, run: Run, today: Day, metrics: JournalMetrics) -> io::Result<Self> {
        let journal = Self {
            dir: options.dir.clone(),
            run,
            keep_days: i32::try_from(options.keep_days).unwrap_or(i32::MAX),
            space: Space::new(options.max_bytes, metrics.clone()),
            metrics,
            open: Mutex::new(Open {
                day: today,
                file: OpenFile::open(options.dir.join(file::name(today, run)))?,
                line: String::new(),
            }),
        };
        journal.prune(&journal.lock(), today);
        Ok(journal)
    }

    /// Claims room for a message's line, before the message is queued.
    ///
    /// # Errors
    /// When there is none; the message must be refused.
    pub fn claim(&self, partner: &str, sums: &[DaySum]) -> Result<Room<'_>, JournalFull> {
        self.space.claim(most_bytes(partner, sums))
    }

    /// Writes a message's line into the room that was claimed for it. When it returns, the line stands in a file that the
    /// folder has.
    ///
    /// # Errors
    /// When the line may not be there.
    pub fn append(
        &self,
        _room: Room<'_>,
        today: Day,
        number: MessageNumber,
        partner: &str,
        sums: &[DaySum],
    ) -> io::Result<()> {
        let mut open = self.lock();
        if open.day != today {
            open.file = OpenFile::open(self.dir.join(file::name(today, self.run)))?;
            open.day = today;
            self.prune(&open, today);
        }
        let Open { file, line, .. } = &mut *open;
        line.clear();
        encode(line, number, partner, sums);
        self.space.written(file.write(line)?);
        // Asked after the write, and for every line: a reply must not leave for one that went into a file nobody will find.
        self.keep_in_place(file)
    }

    /// Looks after the files while nothing may be written: whether the one in use is in place, which are too old, and what
    /// they come to. Blocking.
    pub fn tend(&self, today: Day) {
        let mut open = self.lock();
        if let Err(error) = self.keep_in_place(&mut open.file) {
            self.metrics.errors.inc();
            tracing::error!("{}: the journal cannot be begun anew: {error}", open.file.path().display());
        }
        self.prune(&open, today);
    }

    /// What an operator must know of it, as a sentence.
    pub fn trouble(&self) -> Option<String> {
        self.space.trouble()
    }

    /// A journal on a disk that is full.
    #[cfg(test)]
    pub(crate) fn full(dir: &std::path::Path, today: Day) -> Self {
        Self {
            dir: dir.to_owned(),
            run: Run(7),
            keep_days: 2,
            space: Space::new(1 << 20, JournalMetrics::default()),
            metrics: JournalMetrics::default(),
            open: Mutex::new(Open { day: today, file: OpenFile::full(), line: String::new() }),
        }
    }

    /// Begins the file anew, with all its lines, where somebody took it away.
    fn keep_in_place(&self, file: &mut OpenFile) -> io::Result<()> {
        match file.look() {
            Found::InPlace => {}
            Found::Cut(bytes) => {
                self.metrics.replaced.inc();
                tracing::warn!(
                    "{}: somebody cut {bytes} bytes off the journal: what they said is lost",
                    file.path().display()
                );
            }
            Found::Gone => {
                let new = file.begun_anew()?;
                *file = new;
                self.metrics.replaced.inc();
                tracing::warn!(
                    "{}: somebody removed or replaced the journal while it was written; it was begun anew with all its lines",
                    file.path().display()
                );
            }
        }
        Ok(())
    }

    /// With the lock, so that no line is written between the looking and what follows from it.
    fn prune(&self, _open: &Open, today: Day) {
        match folder::prune(&self.dir, today.plus(self.keep_days.saturating_neg())) {
            Ok(bytes) => self.space.found(bytes),
            // What is too old may stay; what is new must be written.
            Err(error) => {
                tracing::warn!("{}: the journal's folder cannot be looked through: {error}", self.dir.display())
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
