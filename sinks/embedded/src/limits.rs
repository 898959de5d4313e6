//! Every size of an embedded database, in one place.

/// Bytes that writes may hold which are not settled yet, their writers waiting or not; further writers wait to hand theirs
/// over.
pub const WAITING_BYTES: usize = 32 * 1024 * 1024;
/// What each of them counts at least, which bounds their number to 8,192.
pub const WRITE_LEAST_BYTES: usize = 4 * 1024;
/// Most writes in one commit: bounds how long the first of them waits for the last.
pub const COMMIT_WRITES: usize = 1024;
/// Connections for reading, opened when first needed.
pub const READERS: usize = 4;
/// Prepared statements kept for each connection.
pub const STATEMENTS: usize = 64;
/// The size of a page: some messages of 2 KB fit in, and each page is written by itself.
pub const PAGE_BYTES: u32 = 8192;
/// Pages of the write-ahead log from which on a commit also moves them into the file.
pub const CHECKPOINT_PAGES: u32 = 256;
/// What the write-ahead log is cut back to after a burst, in bytes; from there on readers are waited for, that it can be.
pub const LOG_BYTES: u32 = 64 * 1024 * 1024;
/// How often it is tried to cut it, one time after another.
pub const CUT_TRIES: usize = 20;
