//! Every limit of the aggregator, in one place.

/// Rows that wait to be written; beyond it no more records are taken.
pub const DIRTY_ROWS: usize = 250_000;
/// Most rows of one commit, which has to end within a bounded time; what is more waits for the next one.
pub const FLUSH_ROWS: usize = 50_000;
/// So many records at hand, of several partitions, are folded side by side; with fewer, what it costs to share them out tells.
pub const SIDE_BY_SIDE: usize = 1_024;
/// Batches that are folded at once where the log has so much at hand: of Kafka what a reader holds ready, which is of several
/// partitions, as its client fetches a MiB of one behind that of another.
pub const BATCHES_AT_ONCE: usize = 32;
/// Flushes that may be on their way to the store at a time, or wait there for their commit.
pub const WRITES: usize = 4;
/// Partitions of which what a takeover needs is read at a time.
pub const TAKEN_OVER_AT_ONCE: usize = 4;
/// Most rows that one record changes: one of its key, and one of its partner.
pub const ROWS_OF_A_RECORD: usize = 2;
/// Of a long backlog so many records are folded for each row, before rows are written.
pub const RECORDS_OF_A_ROW: u64 = 8;
/// Records taken and not committed; beyond it no more are taken.
pub const PENDING_RECORDS: u64 = 2_000_000;
/// Bytes of dead letters that wait to be committed; beyond it no more records are taken.
pub const DEAD_LETTER_BYTES: usize = 32 * 1024 * 1024;
/// Records learnt after which their identities go to the local state, so that a long learning needs no second copy.
pub const LEARN_RECORDS: u64 = 500_000;
/// A partition of which more records are to be learnt is not brought up to now before it is ours.
pub const WARMED_UP_RECORDS: u64 = 500_000;
/// Bytes of the local state that are brought up to now at a start, of all partitions together: some ten million identities.
pub const WARMED_UP_BYTES: usize = 512 * 1024 * 1024;
/// So many of the last records of the topic of sums are looked through for what changed since a partition went, one after the
/// other.
pub const LAST_RECORDS: [u64; 3] = [64, 4_096, 262_144];
/// Rows of the topic of sums that are held to be compared with the store at a time.
pub const COMPARED_ROWS: usize = 100_000;
/// Rows that the store shows wrong which are named; of more there is a count.
pub const NAMED_ROWS: usize = 5;
/// Refusals in a row after which the aggregator gives up; records may be pruned between a look and a start.
pub const REFUSALS: u32 = 3;
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
