//! The lock that lets one process alone have a data directory.

use std::fs::{self, File, Permissions, TryLockError};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::folders::make_folder;
use crate::private::{NotPrivate, make_private, something_else};

/// The file in the directory that is locked; it holds the owner's process id.
pub(crate) const LOCK_FILE: &str = "tallygate.lock";

/// Holds a data directory until it is dropped or the process ends, however it ends.
#[derive(Debug)]
pub struct DataDirLock {
    _file: File,
}

/// Why a data directory is not ours.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another process has it.
    #[error("data_dir {}: is in use by {}; stop it, or give each process a data_dir of its own", directory.display(), owner(*.pid))]
    InUse {
        /// The directory.
        directory: PathBuf,
        /// The other process, when it said so.
        pid: Option<u32>,
    },
    /// It cannot be made or written.
    #[error("data_dir {}: cannot be used: {error}", directory.display())]
    Unusable {
        /// The directory.
        directory: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// Others may read or change what is in it, and that cannot be mended.
    #[error("data_dir {}: {why}", directory.display())]
    NotPrivate {
        /// The directory.
        directory: PathBuf,
        /// What of it, and why.
        why: NotPrivate,
    },
}

/// Makes the directory when it is missing, locks it for this process (rule 15), and makes it and all within it this user's
/// alone: folders 0700, files 0600; one that holds something else, and nothing of a gateway's, is refused. What the process makes later is so by its umask.
///
/// # Errors
/// [`LockError::InUse`] naming the other process, or why it cannot be used.
pub fn lock_data_dir(directory: impl AsRef<Path>) -> Result<DataDirLock, LockError> {
    let directory = directory.as_ref();
    let unusable = |error| LockError::Unusable { directory: directory.to_owned(), error };
    // Of one that is there the name is synced by whoever makes files in it; a disk that does not sync can be locked.
    if !directory.is_dir() {
        make_folder(directory).map_err(unusable)?;
        fs::set_permissions(directory, Permissions::from_mode(0o700)).map_err(unusable)?;
    }
    let not_private = |why| LockError::NotPrivate { directory: directory.to_owned(), why };
    // Looked at before there is a lock, by which a directory is known to be a gateway's.
    if let Some(why) = something_else(directory) {
        return Err(not_private(why));
    }
    let mut file = open(&directory.join(LOCK_FILE)).map_err(unusable)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::Error(error)) => return Err(unusable(error)),
        Err(TryLockError::WouldBlock) => {
            let mut text = String::new();
            let pid = file.read_to_string(&mut text).ok().and_then(|_| text.trim().parse().ok());
            return Err(LockError::InUse { directory: directory.to_owned(), pid });
        }
    }
    let mended = make_private(directory).map_err(not_private)?;
    if mended > 0 {
        let directory = directory.display();
        tracing::warn!(
            "data_dir {directory}: {mended} files and folders were open to other users, and are not any more"
        );
    }
    // It says who is in the way; the lock holds without it, also on a disk that takes nothing.
    let told = file.set_len(0).and_then(|()| file.rewind()).and_then(|()| writeln!(file, "{}", std::process::id()));
    if let Err(error) = told {
        tracing::warn!(%error, directory = %directory.display(), "the lock does not say whose it is");
    }
    Ok(DataDirLock { _file: file })
}

/// Opens the lock's file, which is made where it is missing; on a disk that turned read-only, one that is there will do.
fn open(path: &Path) -> std::io::Result<File> {
    match File::options().read(true).write(true).create(true).truncate(false).mode(0o600).open(path) {
        Err(error) if error.kind() == std::io::ErrorKind::ReadOnlyFilesystem => File::open(path),
        opened => opened,
    }
}

fn owner(pid: Option<u32>) -> String {
    match pid {
        Some(pid) => format!("process {pid}"),
        None => "another process".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn rule_15_a_data_dir_has_one_owner_and_the_other_is_named() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a/b");
        let held = lock_data_dir(&path).unwrap();
        let message = lock_data_dir(&path).unwrap_err().to_string();
        assert!(message.contains(&format!("process {}", std::process::id())), "{message}");
        assert!(message.contains("a/b"), "{message}");
        drop(held);
        lock_data_dir(&path).unwrap();
    }
}
