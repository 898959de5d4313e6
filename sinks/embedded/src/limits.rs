//! Every size of an embedded database, in one place.

/// Writes that may wait for the committing thread; further writers wait to hand theirs over.
pub const WAITING_WRITES: usize = 4096;
/// Most writes in one commit: bounds how long the first of them waits for the last.
pub const COMMIT_WRITES: usize = 1024;
/// Connections for reading, opened when first needed.
pub const READERS: usize = 4;
/// Prepared statements kept for each connection.
pub const STATEMENTS: usize = 64;
/// The size of a page: some messages of 2 KB fit in, and each page is written by itself.
pub const PAGE_BYTES: u32 = 8192;
/// Pages of the write-ahead log from which on a commit also moves them into the file.
pub const CHECKPOINT_PAGES: u32 = 2000;
/// What the write-ahead log is cut back to after a burst, in bytes.
pub const LOG_BYTES: u32 = 64 * 1024 * 1024;
