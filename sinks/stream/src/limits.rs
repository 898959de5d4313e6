//! Every size of the stream's implementations, in one place.

/// Most records handed on at once.
pub(crate) const BATCH_RECORDS: usize = 1_000;
/// A batch is handed on once it holds so many bytes.
pub(crate) const BATCH_BYTES: usize = 512 * 1024;
/// Buffers of batches that a reader keeps for the next ones, and the largest that it keeps.
pub(crate) const SPARE_BUFFERS: usize = 8;
pub(crate) const SPARE_BYTES: usize = 2 * KAFKA_BATCH_BYTES;
/// Bytes of batches that wait for the one who folds them; beyond it reading pauses.
pub(crate) const WAITING_BYTES: usize = 4 * 1024 * 1024;

/// Largest record, and largest batch of records on its way to Kafka, in bytes; a topic must take as much.
pub(crate) const KAFKA_MESSAGE_BYTES: u32 = 1_000_000;
/// Bytes of records on their way to Kafka; beyond it an append waits.
pub(crate) const KAFKA_APPENDING_KBYTES: u32 = 64 * 1024;
/// A batch from Kafka is handed on once it holds so many bytes: few enough for a processor's own memory.
pub(crate) const KAFKA_BATCH_BYTES: usize = 128 * 1024;
/// Bytes that a reader of Kafka fetches ahead.
pub(crate) const KAFKA_FETCH_AHEAD_KBYTES: u32 = 16 * 1024;

/// Records of a partition that the embedded log keeps together at most, and the bytes from which on no further one is added: enough
/// to be compressed well, few enough for a processor's own memory.
pub(crate) const PACKED_RECORDS: u32 = 1_000;
pub(crate) const PACKED_BYTES: usize = 128 * 1024;
/// Most records pruned from a partition with one append.
pub(crate) const PRUNE_RECORDS: u32 = 2_000;
/// Most partitions of an embedded log.
pub(crate) const EMBEDDED_PARTITIONS: u32 = 10_000;
