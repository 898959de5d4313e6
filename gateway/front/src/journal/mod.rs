//! What was acknowledged, in local files that survive the process: a checksummed line of text for each message.
//!
//! A line is written after the queue's confirm and before the reply, and not synced: it survives `kill -9`, and what a
//! power cut took is found again by number in the log. One file holds one run's lines of one UTC day. A file that is
//! removed while it is written is begun anew with all its lines, so a reader may find a number twice: it is one message.
//!
//! One thread works with the files. A caller to whom it gives no answer in time is refused, and its line may be written
//! later or, when the process ends first, never. Reconciling holds with either: a line says that the queue confirmed the
//! message, not that the reply arrived, so its message is in the log or on its way there. With a line it is accepted, without
//! one it was never answered, and both stand on the same side of the balance; when the partner sends it again, that is a
//! message of its own, whose transactions are duplicates. Reconciling reads the journals before and after the log, so a
//! line that comes in between is noticed too. While the thread hangs, messages are refused before they are queued.

mod entry;
mod error;
mod file;
mod files;
mod folder;
mod inbox;
mod metrics;
mod progress;
mod read;
mod space;
mod write;
mod writer;

#[cfg(test)]
mod tests;

pub use entry::{DaySum, JournalEntry, sums};
pub use error::JournalError;
pub use metrics::JournalMetrics;
pub use read::{JournalDamage, JournalReader, read};
pub use space::{JournalFull, Room};
pub use write::{Journal, JournalOptions};
