//! What a test build may switch off, to prove that tests would notice.

use tallygate_core::record::Entry;
use tallygate_core::{Identity, Run};
use tallygate_stream::Record;

/// What is switched off.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    /// Every record counts, whatever is known.
    pub without_deduplication: bool,
}

impl Faults {
    /// The entry as the fold gets it to see.
    pub(crate) fn spoil<'r>(self, mut entry: Entry<'r>, record: &Record) -> Entry<'r> {
        if self.without_deduplication {
            let place = (u128::from(record.partition) << 64) | u128::from(record.offset);
            entry.identity = Identity(place);
            entry.number.message.run = Run(place);
        }
        entry
    }
}
