//! What the journal's files are called, and one of them as it is written.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};

use tallygate_core::{Day, Run};
use tallygate_embedded::folders::{make_folder, sync_folder};

/// How the names end.
const SUFFIX: &str = ".journal";
/// Bytes copied at one time.
const COPY_BYTES: usize = 64 * 1024;

/// The name of the file of one day and run.
pub(super) fn name(day: Day, run: Run) -> String {
    format!("{day}-{run}{SUFFIX}")
}

/// Whether a file of this name is the journal's.
pub(super) fn is_journal(name: &str) -> bool {
    name.ends_with(SUFFIX)
}

/// The day of a file of the journal.
pub(super) fn day(name: &str) -> Option<Day> {
    name.get(..10)?.parse().ok()
}

/// A file that lines are appended to, and what its path should lead to.
#[derive(Debug)]
pub(super) struct OpenFile {
    path: PathBuf,
    file: File,
    /// Device and inode.
    identity: (u64, u64),
    /// How long it has been at least.
    length: u64,
    /// What was last written is no whole line; the next one begins a line of its own.
    torn: bool,
}

/// What became of a file behind its writer's back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// It is where it was, and whole.
    InPlace,
    /// Its path leads nowhere, or to another file.
    Gone,
    /// It was cut: so many bytes are missing.
    Cut(u64),
}

impl OpenFile {
    /// Opens the file, and makes it and its folder where they are missing; its name outlives a power cut.
    pub(super) fn open(path: PathBuf) -> io::Result<Self> {
        let folder = path.parent().unwrap_or(Path::new("."));
        // It is read again where it was removed meanwhile.
        let options = OpenOptions::new().read(true).append(true).create(true).clone();
        let file = match options.open(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                make_folder(folder)?;
                options.open(&path)
            }
            opened => opened,
        }?;
        sync_folder(folder)?;
        let found = file.metadata()?;
        // A file that is there already may end within a line.
        let mut last = [b'\n'];
        if let Some(place) = found.len().checked_sub(1) {
            file.read_at(&mut last, place)?;
        }
        Ok(Self { path, identity: identity(&found), length: found.len(), torn: last != *b"\n", file })
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Writes a whole line, with one call of the system, and returns the bytes written. `line` is without its beginning
    /// where the last one was torn.
    pub(super) fn write(&mut self, line: &str) -> io::Result<u64> {
        let mended;
        let line = if self.torn {
            mended = format!("\n{line}");
            &mended
        } else {
            line
        };
        self.torn = true;
        let written = self.file.write(line.as_bytes())?;
        self.length += written as u64;
        if written < line.len() {
            return Err(io::Error::new(io::ErrorKind::StorageFull, "the line was not written whole"));
        }
        self.torn = false;
        Ok(written as u64)
    }

    /// Looks whether its path still leads to it.
    pub(super) fn look(&mut self) -> Found {
        let Ok(found) = fs::metadata(&self.path) else { return Found::Gone };
        if identity(&found) != self.identity {
            return Found::Gone;
        }
        match self.length.checked_sub(found.len()) {
            None | Some(0) => Found::InPlace,
            Some(missing) => {
                (self.length, self.torn) = (found.len(), true);
                Found::Cut(missing)
            }
        }
    }

    /// Begins a new file at its path, with all that this one holds: it can be read as long as it is open, removed or not.
    pub(super) fn begun_anew(&mut self) -> io::Result<Self> {
        let mut new = Self::open(self.path.clone())?;
        if new.torn {
            new.length += new.file.write(b"\n")? as u64;
        }
        self.file.seek(SeekFrom::Start(0))?;
        let mut buffer = vec![0; COPY_BYTES];
        new.torn = true;
        let mut last = b'\n';
        loop {
            let read = self.file.read(&mut buffer)?;
            let Some(end) = buffer[..read].last() else { break };
            last = *end;
            new.file.write_all(&buffer[..read])?;
            new.length += read as u64;
        }
        new.torn = last != b'\n';
        Ok(new)
    }

    /// One on a disk that is full.
    #[cfg(test)]
    pub(super) fn full() -> Self {
        Self::open("/dev/full".into()).unwrap()
    }
}

fn identity(found: &fs::Metadata) -> (u64, u64) {
    (found.dev(), found.ino())
}
