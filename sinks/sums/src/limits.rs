//! The sizes of the stores of sums, in one place.

/// Most rows of one batch to Cassandra; all of them are of one partition.
pub const BATCH_ROWS: usize = 256;
/// Most bytes of one batch, by estimate: below 50 KiB, from which on Cassandra by default refuses a batch that is not of
/// one partition alone, so that no setting of a server comes into it.
pub const BATCH_BYTES: usize = 48 * 1024;
/// What a row takes in a batch, or waiting to be written, beside its key: statement id, lengths, and all columns of fixed or nearly fixed size.
pub const ROW_BYTES: usize = 160;
/// Batches on their way at the same time, for each call.
pub const BATCHES_IN_FLIGHT: usize = 16;
/// Rows of one page of a read from Cassandra.
pub const PAGE_ROWS: i32 = 5_000;
/// Longest keyspace name that Cassandra takes, in bytes.
pub const KEYSPACE_BYTES: usize = 48;
/// Rows of one write to the embedded store; more are written in turn, so that others' writes come in between.
pub const EMBEDDED_ROWS: usize = 4_096;
