//! What was acknowledged, in local files that survive the process: a checksummed line of text for each message.
//!
//! A line is written after the queue's confirm and before the reply, and not synced: it survives `kill -9`, and what a
//! power cut took is found again by number in the log. One file holds one run's lines of one UTC day. A file that is
//! removed while it is written is begun anew with all its lines, so a reader may find a number twice: it is one message.

mod entry;
mod file;
mod folder;
mod metrics;
mod read;
mod space;
mod write;

#[cfg(test)]
mod tests;

pub use entry::{DaySum, JournalEntry, sums};
pub use metrics::JournalMetrics;
pub use read::{JournalDamage, JournalReader, read};
pub use space::{JournalFull, Room};
pub use write::{Journal, JournalOptions};
