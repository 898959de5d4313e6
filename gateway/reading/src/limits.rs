//! Every limit of reading, in one place.

use std::time::Duration;

/// Log partitions of the store read at one time.
pub const PARTITION_READS: usize = 8;

/// Sentences that warn the reader of sums; further ones are counted.
pub const WARNINGS: usize = 20;
/// Most warnings about roles among them.
pub const ROLE_WARNINGS: usize = 5;
/// Most warnings about shippers among them.
pub const SHIPPER_WARNINGS: usize = 10;
/// The longest such sentence, in characters.
pub const WARNING_CHARS: usize = 1_000;

/// How long a reader waits for the next records of a topic that is read to its end.
pub const STREAM_PATIENCE: Duration = Duration::from_secs(30);
/// The most dead letters one answer lists.
pub const DEAD_LETTERS_MOST: usize = 1_000;
/// The dead letters one answer lists unless asked otherwise.
pub const DEAD_LETTERS: usize = 50;
/// Memory that the newest dead letters may take between looks, in bytes; a letter without its value takes about 1 KiB.
pub const DEAD_LETTERS_BYTES: usize = 32 * 1024 * 1024;
/// Dead letters that the first look reads at most, from the topic's end back.
pub const DEAD_LETTERS_READ: u64 = 100_000;
/// How long a look at the newest may take, with the wait for the one before.
pub const DEAD_LETTERS_TIME: Duration = Duration::from_secs(20);
/// How long what was seen of them is taken for what there is.
pub const DEAD_LETTERS_FRESH: Duration = Duration::from_secs(1);
/// How long reconciling waits for accepted messages that are neither in the queue, nor with a shipper that says so, nor in
/// the log: a shipper says it only now and then.
pub const STRAGGLERS: Duration = Duration::from_secs(10);
/// The pause before they are looked for again.
pub const STRAGGLER_PAUSE: Duration = Duration::from_millis(500);
/// How long the word of a process counts. It repeats it every 2 s while its shipper holds anything, every 4 s while a role of it
/// stands; after its death its shipper's messages are back in a queue on a server when that has missed two signs of life, 10 s
/// later.
pub const WORD_COUNTS: Duration = Duration::from_secs(15);
/// How much later what differs in the store is looked at again: what is under way has moved by then.
pub const STANDS_AFTER: Duration = Duration::from_secs(1);
/// How often it is looked at again while it changes.
pub const STANDS_TRIES: usize = 3;
/// Rows of the topic of sums held at one time, about 200 bytes each; of more, the topic is read once for each such part.
pub const COMPARED_ROWS: usize = 250_000;
/// Messages that no journal has of which reconciling holds what they contain, about 200 bytes each; of more, sums alone.
pub const DETAILED_MESSAGES: usize = 100_000;
/// Numbers on the log that no gateway gives which reconciling tells apart, about 50 bytes each; more of them end it.
pub const FOREIGN_NUMBERS: usize = 100_000;
/// Things of each kind that a reconciliation names: messages, rows, damaged places.
pub const NAMED_MESSAGES: usize = 20;
