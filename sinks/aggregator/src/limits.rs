//! Every limit of the aggregator, in one place.

use std::time::Duration;

/// How much of its latest writes a store that was away may have lost. Rows of that time are folded again by whoever takes
/// a partition over, and written again by whoever kept it. Cassandra by default syncs its commit log every 10 s.
pub const STORE_TAIL: Duration = Duration::from_secs(120);
/// How finely the tail is known.
pub const TAIL_STEP: Duration = Duration::from_secs(1);
/// Rows that wait to be written; beyond it no more records are taken.
pub const DIRTY_ROWS: usize = 250_000;
/// Records taken and not committed; beyond it no more are taken.
pub const PENDING_RECORDS: u64 = 2_000_000;
/// Bytes of dead letters that wait to be committed; beyond it no more records are taken.
pub const DEAD_LETTER_BYTES: usize = 32 * 1024 * 1024;
/// Records learnt after which their identities go to the local state, so that a long learning needs no second copy.
pub const LEARN_RECORDS: u64 = 500_000;
/// Days loaded at the same time when partitions are taken over.
pub const LOADS_IN_FLIGHT: usize = 8;
/// How often the store is asked for a sign of life.
pub const PROBE_EVERY: Duration = Duration::from_secs(1);
/// How often the log's ends are asked for, to show the lag.
pub const LAG_EVERY: Duration = Duration::from_secs(5);
/// First and longest pause before something that failed is tried again.
pub const BACKOFF: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));
/// A membership that lasted so long was healthy: the next failure begins with short pauses again.
pub const HEALTHY: Duration = Duration::from_secs(30);
/// Refusals in a row after which the aggregator gives up; records may be pruned between a look and a start.
pub const REFUSALS: u32 = 3;
/// How long what was refused as a former owner waits to hear what is its own now.
pub const FENCED_WAIT: Duration = Duration::from_secs(90);
/// How long the last flush may take when the process is asked to stop.
pub const STOP_WAIT: Duration = Duration::from_secs(10);
/// Blobs of about the same size in the local state that are joined into one.
pub const JOIN_BLOBS: usize = 256;
/// The sizes below which blobs count as of the same size, in bytes.
pub const BLOB_TIERS: [usize; 3] = [32 * 1024, 1024 * 1024, 8 * 1024 * 1024];
/// Bytes of blobs read from the local state at once.
pub const RESTORE_BYTES: usize = 32 * 1024 * 1024;
/// Most bytes that a dead letter keeps of the original's value. All of ours are shorter; the dead letter must fit into a
/// record of Kafka.
pub const DEAD_LETTER_VALUE_BYTES: usize = 512 * 1024;
/// Most bytes that a dead letter keeps of the original's key and of each header.
pub const DEAD_LETTER_FIELD_BYTES: usize = 8 * 1024;
