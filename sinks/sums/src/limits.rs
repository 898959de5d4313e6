//! The sizes and times of the stores of sums, in one place.

use std::time::Duration;

/// Most rows of one batch to Cassandra; all of them are of one partition.
pub const BATCH_ROWS: usize = 1_000;
/// Most bytes of one batch, by estimate: below 50 KiB, from which on Cassandra by default refuses a batch that is not of
/// one partition alone, so that no setting of a server comes into it.
pub const BATCH_BYTES: usize = 48 * 1024;
/// What a row takes in a batch beside its key: statement id, lengths, and all columns of fixed or nearly fixed size.
pub const ROW_BYTES: usize = 160;
/// Batches on their way at the same time, for each call.
pub const BATCHES_IN_FLIGHT: usize = 16;
/// Rows of one page of a read from Cassandra.
pub const PAGE_ROWS: i32 = 5_000;
/// How long one request to Cassandra may take, unless the options say else.
pub const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);
/// How long connecting and preparing the schema may take, in request timeouts.
pub const CONNECT_REQUESTS: u32 = 6;
/// How often an idle connection to Cassandra is asked for a sign of life.
pub const KEEPALIVE: Duration = Duration::from_secs(5);
/// Longest keyspace name that Cassandra takes, in bytes.
pub const KEYSPACE_BYTES: usize = 48;
/// Rows of one write to the embedded store; more are written in turn, so that others' writes come in between.
pub const EMBEDDED_ROWS: usize = 4_096;
/// How long a call to the embedded store may take.
pub const EMBEDDED_TIMEOUT: Duration = Duration::from_secs(30);
/// How often, and how far apart, tables that another process just made are looked for again.
pub const SCHEMA_LOOKS: u32 = 20;
/// The pause between these looks.
pub const SCHEMA_LOOK: Duration = Duration::from_millis(200);
