//! The journal as the gateway writes it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use tallygate_core::{Day, MessageNumber, Run};

use super::entry::{DaySum, encode};
use super::file;

/// The journal of one gateway run.
#[derive(Debug)]
pub(crate) struct Journal {
    dir: PathBuf,
    run: Run,
    keep_days: i32,
    open: Mutex<Option<Open>>,
}

#[derive(Debug)]
struct Open {
    day: Day,
    file: File,
    line: String,
    /// The last line was not written whole; the next one begins a line of its own.
    torn: bool,
}

impl Journal {
    /// Makes the folder and sees that a file can be written there.
    pub(crate) fn open(dir: &Path, run: Run, keep_days: u32, today: Day) -> io::Result<Self> {
        fs::create_dir_all(dir)?;
        let journal = Self {
            dir: dir.to_owned(),
            run,
            keep_days: i32::try_from(keep_days).unwrap_or(i32::MAX),
            open: Mutex::new(None),
        };
        let open = journal.of_day(today)?;
        *journal.open.lock().unwrap_or_else(PoisonError::into_inner) = Some(open);
        Ok(journal)
    }

    /// Writes one line, with one call of the system.
    pub(crate) fn append(&self, today: Day, number: MessageNumber, partner: &str, sums: &[DaySum]) -> io::Result<()> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let open = match &mut *open {
            Some(open) if open.day == today => open,
            other => other.insert(self.of_day(today)?),
        };
        open.line.clear();
        if open.torn {
            open.line.push('\n');
        }
        encode(&mut open.line, number, partner, sums);
        open.torn = true;
        let written = open.file.write(open.line.as_bytes())?;
        if written < open.line.len() {
            return Err(io::Error::new(io::ErrorKind::StorageFull, "the line was not written whole"));
        }
        open.torn = false;
        Ok(())
    }

    /// A journal on a disk that is full.
    #[cfg(test)]
    pub(crate) fn full(dir: &Path, today: Day) -> Self {
        let journal = Self { dir: dir.to_owned(), run: Run(7), keep_days: 2, open: Mutex::new(None) };
        let file = OpenOptions::new().append(true).open("/dev/full").unwrap();
        *journal.open.lock().unwrap() = Some(Open { day: today, file, line: String::new(), torn: false });
        journal
    }

    fn of_day(&self, day: Day) -> io::Result<Open> {
        // What is too old may stay; what is new must be written.
        if let Err(error) = self.prune(day) {
            tracing::warn!("{}: old files of the journal cannot be removed: {error}", self.dir.display());
        }
        let path = self.dir.join(file::name(day, self.run));
        let file = OpenOptions::new().append(true).create(true).open(path)?;
        Ok(Open { day, file, line: String::new(), torn: false })
    }

    fn prune(&self, today: Day) -> io::Result<()> {
        for found in fs::read_dir(&self.dir)? {
            let found = found?;
            let name = found.file_name();
            let Some(name) = name.to_str().filter(|name| file::is_journal(name)) else {
                continue;
            };
            if file::day(name).is_some_and(|day| day.plus(self.keep_days) < today) {
                fs::remove_file(found.path())?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::read::read;
    use super::*;

    fn number(sequence: u64) -> MessageNumber {
        MessageNumber { run: Run(7), sequence }
    }

    #[test]
    fn each_utc_day_has_its_file_and_old_ones_go() {
        let dir = tempfile::tempdir().unwrap();
        let day = |text: &str| text.parse::<Day>().unwrap();
        let journal = Journal::open(dir.path(), Run(7), 2, day("2026-11-20")).unwrap();
        for (sequence, on) in ["2026-11-20", "2026-11-20", "2026-11-22", "2026-11-23"].into_iter().enumerate() {
            journal.append(day(on), number(sequence as u64), "shop", &[]).unwrap();
        }
        let kept: Vec<u64> = read(dir.path()).map(|entry| entry.unwrap().number.sequence).collect();
        assert_eq!(kept, [2, 3]);
    }

    #[test]
    fn rule_13_a_torn_tail_is_named_and_hides_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let today = Day::from_epoch_days(20_000);
        let journal = Journal::open(dir.path(), Run(7), 2, today).unwrap();
        for sequence in 0..3 {
            journal.append(today, number(sequence), "shop", &[]).unwrap();
        }
        let path = dir.path().join(file::name(today, Run(7)));
        let whole = fs::read(&path).unwrap();
        fs::write(&path, &whole[..whole.len() - 5]).unwrap();
        let all: Vec<_> = read(dir.path()).collect();
        assert_eq!(all.len(), 3);
        assert!(all[..2].iter().all(Result::is_ok));
        let damage = all[2].as_ref().unwrap_err();
        assert_eq!((damage.line, damage.problem.as_str()), (3, "it was not written whole"));
    }
}
