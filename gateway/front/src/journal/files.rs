//! The journal's files in the hands of the one thread that works with them; every call may take as long as the disk does.

use std::io::{self, IoSlice};
use std::path::Path;
use std::sync::Arc;

use tallygate_core::{Day, Run};

use super::file::{self, Found, OpenFile};
use super::folder::{self, Leap};
use super::metrics::JournalMetrics;
use super::progress::Progress;
use super::space::Space;

/// The folder of a journal, and what is found in it and told of it.
#[derive(Debug)]
pub(super) struct Folder {
    pub(super) dir: Arc<Path>,
    pub(super) run: Run,
    pub(super) keep_days: i32,
    pub(super) space: Arc<Space>,
    pub(super) metrics: JournalMetrics,
    pub(super) progress: Arc<Progress>,
    /// The day on which it was said why files stay that are too old.
    pub(super) told: Option<Day>,
}

/// The file of one run and day, open in its folder.
#[derive(Debug)]
pub(super) struct Files {
    folder: Folder,
    day: Day,
    /// None until one could be opened.
    file: Option<OpenFile>,
}

impl Folder {
    /// Where the lines of a day are.
    pub(super) fn path(dir: &Path, day: Day, run: Run) -> Arc<Path> {
        dir.join(file::name(day, run)).into()
    }

    /// Says, once a day, why files stay that are too old by the clock.
    fn tell(&mut self, today: Day, leap: Option<Leap>) {
        let Some(Leap { from, days, kept }) = leap.filter(|_| self.told != Some(today)) else { return };
        self.told = Some(today);
        tracing::warn!(
            "{}: behind {from} the journal has no file of {days} days, so either no gateway ran then or the clock has leapt ahead; \
             {kept} files that are too old by the clock stay until there are files of {} later days",
            self.dir.display(),
            self.keep_days.saturating_add(1)
        );
    }

    /// Makes the folder, opens the file of this day, and removes what is too old.
    pub(super) fn open(mut self, today: Day) -> io::Result<Files> {
        let file = Some(self.file(today)?);
        self.prune(today);
        Ok(Files { folder: self, day: today, file })
    }

    /// The same; where that cannot be done now, it is done later.
    pub(super) fn open_later(self, today: Day) -> Files {
        let mut files = Files { folder: self, day: today, file: None };
        files.tend(today);
        files
    }

    fn file(&self, today: Day) -> io::Result<OpenFile> {
        let path = Self::path(&self.dir, today, self.run);
        self.progress.turn_to(path.clone());
        OpenFile::open(path)
    }

    fn prune(&mut self, today: Day) {
        match folder::prune(&self.dir, today, self.keep_days) {
            Ok(pruned) => {
                self.space.found(pruned.bytes);
                self.tell(today, pruned.leap);
            }
            // What is too old may stay; what is new must be written.
            Err(error) => {
                tracing::warn!("{}: the journal's folder cannot be looked through: {error}", self.dir.display())
            }
        }
    }
}

impl Files {
    /// Writes lines of one day. So many of them, from the first on, then stand in a file that the folder has.
    pub(super) fn append(&mut self, today: Day, lines: &[IoSlice<'_>]) -> io::Result<usize> {
        let (file, is_new) = match &mut self.file {
            Some(file) if self.day == today => (file, false),
            file => (file.insert(self.folder.file(today)?), true),
        };
        if is_new {
            self.day = today;
            self.folder.progress.has_file(Ok(()));
            self.folder.prune(today);
        }
        let written = file.write(lines)?;
        self.folder.space.written(written.bytes);
        // Asked after each write: a reply must not leave for a line that went into a file nobody will find.
        self.folder.keep_in_place(file)?;
        Ok(written.lines)
    }

    /// Looks whether the file in use is in place and today's, which are too old, and what they come to.
    pub(super) fn tend(&mut self, today: Day) {
        if self.day != today {
            // A day on which nothing is written has its file too: by them it is told how old the others are.
            return self.try_to_open(today);
        }
        let Some(file) = &mut self.file else { return self.try_to_open(today) };
        if let Err(error) = self.folder.keep_in_place(file) {
            self.folder.metrics.errors.inc();
            tracing::error!("{}: the journal cannot be begun anew: {error}", file.path().display());
        }
        self.folder.prune(today);
    }

    fn try_to_open(&mut self, today: Day) {
        match self.folder.file(today) {
            Ok(file) => {
                (self.file, self.day) = (Some(file), today);
                self.folder.progress.has_file(Ok(()));
                self.folder.prune(today);
            }
            Err(error) => {
                self.folder.metrics.errors.inc();
                let path = self.folder.progress.path();
                tracing::error!("{}: the journal cannot be begun, it is tried again: {error}", path.display());
                self.folder.progress.has_file(Err(Arc::new(error)));
            }
        }
    }
}

impl Folder {
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
                *file = file.begun_anew()?;
                self.metrics.replaced.inc();
                tracing::warn!(
                    "{}: somebody removed or replaced the journal while it was written; it was begun anew with all its lines",
                    file.path().display()
                );
            }
        }
        Ok(())
    }
}
