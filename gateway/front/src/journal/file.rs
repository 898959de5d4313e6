//! What the journal's files are called, and one of them as it is written.

use std::fs::{self, File, OpenOptions};
use std::io::{self, IoSlice, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::Path;
use std::sync::Arc;

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
    path: Arc<Path>,
    file: File,
    /// Device and inode.
    identity: (u64, u64),
    /// How long it has been at least.
    length: u64,
    /// What was last written is no whole line; the next one begins a line of its own.
    torn: bool,
}

/// What came of lines that were to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Written {
    /// So many of them, from the first on, stand there whole.
    pub(super) lines: usize,
    /// All that was written.
    pub(super) bytes: u64,
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
    pub(super) fn open(path: Arc<Path>) -> io::Result<Self> {
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

    /// Writes whole lines, with one call of the system. `lines` are without a beginning of their own where what was last
    /// written is torn.
    pub(super) fn write(&mut self, lines: &[IoSlice<'_>]) -> io::Result<Written> {
        let mended: Vec<IoSlice<'_>>;
        let added = usize::from(self.torn);
        let all = if self.torn {
            mended = std::iter::once(IoSlice::new(b"\n")).chain(lines.iter().copied()).collect();
            &mended
        } else {
            lines
        };
        self.torn = true;
        let bytes = self.file.write_vectored(all)?;
        self.length += bytes as u64;
        let (whole, left) = whole(all, bytes);
        self.torn = whole == 0 || left > 0;
        Ok(Written { lines: whole.saturating_sub(added), bytes: bytes as u64 })
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
}

/// How many of the lines are whole within so many bytes, and how many bytes of the next one there are.
fn whole(lines: &[IoSlice<'_>], bytes: usize) -> (usize, usize) {
    let (mut whole, mut left) = (0, bytes);
    while let Some(rest) = lines.get(whole).and_then(|line| left.checked_sub(line.len())) {
        (whole, left) = (whole + 1, rest);
    }
    (whole, left)
}

fn identity(found: &fs::Metadata) -> (u64, u64) {
    (found.dev(), found.ino())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_lines_that_were_cut_those_before_the_cut_are_whole() {
        let lines = [IoSlice::new(b"ab\n"), IoSlice::new(b"c\n")];
        for (bytes, found) in [(0, (0, 0)), (2, (0, 2)), (3, (1, 0)), (4, (1, 1)), (5, (2, 0))] {
            assert_eq!(whole(&lines, bytes), found, "{bytes}");
        }
    }
}
