//! What was acknowledged, in local files that survive the process: a checksummed line of text for each message.
//!
//! A line is written after the queue's confirm and before the reply, and not synced: it survives `kill -9`, and what a
//! power cut took is found again by number in the log. One file holds one gateway run's lines of one UTC day.

mod entry;
mod file;
mod read;
mod write;

pub(crate) use entry::sums;
pub use entry::{DaySum, JournalEntry};
pub use read::{JournalDamage, JournalReader, read};
pub(crate) use write::Journal;
