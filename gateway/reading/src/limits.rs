//! Every limit of reading, in one place.

use std::time::Duration;

/// Log partitions of the store read at one time.
pub const PARTITION_READS: usize = 8;

/// Sentences that warn the reader of sums; further ones are counted.
pub const WARNINGS: usize = 20;
/// The longest such sentence, in characters.
pub const WARNING_CHARS: usize = 1_000;

/// How long a reader waits for the next records of a topic that is read to its end.
pub const STREAM_PATIENCE: Duration = Duration::from_secs(30);
/// The most dead letters one answer lists.
pub const DEAD_LETTERS_MOST: usize = 1_000;
/// The dead letters one answer lists unless asked otherwise.
pub const DEAD_LETTERS: usize = 50;
/// Messages that reconciling holds at one time; about 200 bytes each.
pub const RECONCILED_MESSAGES: usize = 20_000_000;
/// How long reconciling waits for accepted messages that are neither in the queue nor in the log: a queue may not see
/// what another process has leased.
pub const STRAGGLERS: Duration = Duration::from_secs(10);
/// The pause before the log is read again for them.
pub const STRAGGLER_PAUSE: Duration = Duration::from_millis(200);
/// Message numbers of each kind that a reconciliation names.
pub const NAMED_MESSAGES: usize = 20;
