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
        fs::metadata(path).ok().map(|about| Self { device: about.dev(), inode: about.ino() })
    }
}

/// A database and its log, each as first seen by its name.
pub(crate) struct InPlace([(PathBuf, Option<FileId>); 2]);

impl InPlace {
    /// While the database is open, neither is made anew.
    pub(crate) fn now(database: &Path) -> Self {
        let mut log = database.to_owned().into_os_string();
        log.push("-wal");
        Self([database.to_owned(), log.into()].map(|path| {
            let id = FileId::of(&path);
            (path, id)
        }))
    }

    /// What is committed into a file that lost its name is gone with the process.
    pub(crate) fn holds(&mut self) -> bool {
        self.0.iter_mut().all(|(path, first)| {
            let now = FileId::of(path);
            *first = first.or(now);
            *first == now
        })
    }
}
