//! Whether the files that are written are still those that their names lead to.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// One file, whatever its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileId {
    device: u64,
    inode: u64,
}

impl FileId {
    /// Of the file with this name; none when there is no such file.
    pub fn of(path: &Path) -> Option<Self> {
        fs::metadata(path).ok().map(|about| Self::new(&about))
    }

    fn new(about: &fs::Metadata) -> Self {
        Self { device: about.dev(), inode: about.ino() }
    }
}

/// A database and its log, each as first seen by its name.
pub(crate) struct InPlace {
    files: [(PathBuf, Option<FileId>); 2],
    log_bytes: u64,
}

impl InPlace {
    /// While the database is open, neither is made anew.
    pub(crate) fn now(database: &Path) -> Self {
        let mut log = database.to_owned().into_os_string();
        log.push("-wal");
        let files = [database.to_owned(), log.into()].map(|path| {
            let id = FileId::of(&path);
            (path, id)
        });
        Self { files, log_bytes: 0 }
    }

    /// What is committed into a file that lost its name is gone with the process.
    pub(crate) fn holds(&mut self) -> bool {
        let mut holds = true;
        for (path, first) in &mut self.files {
            let about = fs::metadata(path).ok();
            let now = about.as_ref().map(FileId::new);
            *first = first.or(now);
            holds &= *first == now;
            // The log stands last.
            self.log_bytes = about.map_or(0, |about| about.len());
        }
        holds
    }

    /// How large the log was when last looked at.
    pub(crate) fn log_bytes(&self) -> u64 {
        self.log_bytes
    }
}
