//! Every limit of the stream's implementations, in one place.

use std::time::Duration;

/// Longest note of a committed position, in bytes of UTF-8. Kafka's own default limit is 4 KiB.
pub(crate) const NOTE_BYTES: usize = 1024;

/// Most records handed on at once.
pub(crate) const BATCH_RECORDS: usize = 1_000;
/// A batch is handed on once it holds so many bytes.
pub(crate) const BATCH_BYTES: usize = 512 * 1024;
/// Bytes of batches that wait for the one who folds them; beyond it reading pauses.
pub(crate) const WAITING_BYTES: usize = 4 * 1024 * 1024;

/// A call of the stream ends within it, one way or the other; a commit, which may have to be undone, within three times it.
pub(crate) const CALL: Duration = Duration::from_secs(10);
/// How long an append is tried before it is given up.
pub(crate) const APPEND: Duration = Duration::from_secs(10);
/// After it a server that does not answer a request is taken for away.
pub(crate) const REQUEST: Duration = Duration::from_secs(5);
/// How long a follower waits for a server that is away before it reports so.
pub(crate) const FOLLOWER_AWAY: Duration = Duration::from_secs(30);

/// Largest record, and largest batch of records on its way to Kafka, in bytes; a topic must take as much.
pub(crate) const KAFKA_MESSAGE_BYTES: u32 = 1_000_000;
/// Bytes of records on their way to Kafka; beyond it an append waits.
pub(crate) const KAFKA_APPENDING_KBYTES: u32 = 64 * 1024;
/// Bytes that a reader of Kafka fetches ahead.
pub(crate) const KAFKA_FETCH_AHEAD_KBYTES: u32 = 16 * 1024;
/// An owner that was not heard of for so long loses its partitions. Kafka takes nothing below 6 s by default.
pub(crate) const KAFKA_SESSION: Duration = Duration::from_secs(8);
/// A killed owner's open transaction hides what it committed at most so long, and as long again until the broker looks.
pub(crate) const KAFKA_TRANSACTION: Duration = Duration::from_secs(10);
/// How long a new owner waits for a former owner's open transaction to end: both of the above, and some.
pub(crate) const KAFKA_UNSTABLE: Duration = Duration::from_secs(30);
/// Others wait so long for an owner that hears of a rebalance and does not answer; above `KAFKA_UNSTABLE`.
pub(crate) const KAFKA_POLL_INTERVAL: Duration = Duration::from_secs(60);
/// A partition's former owner, alive, gets so long to be told and to finish its commit.
pub(crate) const HAND_OVER: Duration = Duration::from_secs(5);
/// Reading pauses when nothing was taken for so long; what was fetched ahead is then fetched again later.
pub(crate) const KAFKA_PATIENCE: Duration = Duration::from_millis(500);
/// Pause between two looks at something that gives no sign.
pub(crate) const KAFKA_LOOK: Duration = Duration::from_millis(100);

/// How often the embedded log looks for what is older than its retention.
pub(crate) const PRUNE_EVERY: Duration = Duration::from_secs(60);
/// Most records pruned from a partition with one append.
pub(crate) const PRUNE_RECORDS: u32 = 2_000;
/// How often one who reads another process's embedded log looks for more.
pub(crate) const LOOK_ABROAD: Duration = Duration::from_millis(200);
/// Most partitions of an embedded log.
pub(crate) const EMBEDDED_PARTITIONS: u32 = 10_000;
