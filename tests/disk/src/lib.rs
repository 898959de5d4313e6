//! A disk for tests that fails as disks do: at a power cut it keeps what was synced, and of the rest whatever chance leaves;
//! it is full, read-only, or does not sync, when told to.
//!
//! It is a file system (FUSE) that keeps everything in memory, mounted for any process to write to, and served by a process of
//! its own: one that maps files of a file system which it serves itself can wait for itself for ever. It needs root and
//! `/dev/fuse`.

mod cut;
mod disk;
mod file;
mod filesystem;
mod folder;
mod image;
mod server;

pub use self::disk::Disk;
pub use self::server::serve;

/// What is wrong with the disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fault {
    /// Nothing.
    #[default]
    None,
    /// Nothing more fits; what is there can be written over.
    Full,
    /// Nothing can be changed.
    ReadOnly,
    /// The next sync fails, and what it was to keep is kept never, unless it is written again; those after it go well.
    OneSyncFails,
    /// Every sync fails, in the same way.
    SyncsFail,
}

/// What of a sync is true.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Syncs {
    /// All of it.
    #[default]
    Kept,
    /// A file's contents are not kept, as of a program that does not sync files.
    FilesForgotten,
    /// A folder's names are not kept, as of a program that does not sync folders.
    FoldersForgotten,
}

#[cfg(test)]
mod tests;
