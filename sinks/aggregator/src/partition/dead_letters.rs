//! Dead letters that wait to be flushed, each made of the record that could not be counted.

use bytes::Bytes;
use tallygate_core::fold::Reason;
use tallygate_core::record;
use tallygate_stream::{NewHeaders, NewRecord, Record};

use crate::limits::{DEAD_LETTER_FIELD_BYTES, DEAD_LETTER_VALUE_BYTES};

/// In the order of their originals.
#[derive(Debug, Default)]
pub(super) struct DeadLetters {
    letters: Vec<NewRecord>,
    bytes: usize,
}

/// The headers that our own records have; a dead letter keeps these of the original.
const HEADERS: [&str; 11] = [
    record::NUMBER,
    record::POLICY,
    record::GENERATION,
    "ce_specversion",
    "ce_id",
    "ce_source",
    "ce_type",
    "ce_time",
    "content-type",
    "traceparent",
    record::PART,
];

impl DeadLetters {
    pub(super) fn add(&mut self, record: &Record, reason: &Reason) {
        let letter = dead_letter(record, &reason.to_string());
        self.bytes += letter.value.len() + letter.key.len();
        self.letters.push(letter);
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn take(&mut self) -> Vec<NewRecord> {
        self.bytes = 0;
        std::mem::take(&mut self.letters)
    }
}

fn cut(field: &[u8]) -> &[u8] {
    &field[..field.len().min(DEAD_LETTER_FIELD_BYTES)]
}

/// The original, with why it is dead and where it stood. What is too long for a record that has more headers is cut.
fn dead_letter(record: &Record, reason: &str) -> NewRecord {
    let copy = |bytes: &[u8], most: usize| Bytes::copy_from_slice(&bytes[..bytes.len().min(most)]);
    let kept = |(name, value)| {
        let name = HEADERS.into_iter().find(|known| *known == name)?;
        Some((name, cut(value)))
    };
    let mut headers: Vec<(&str, &[u8])> = record.headers().filter_map(kept).take(HEADERS.len()).collect();
    let origin = format!("{}/{}", record.partition, record.offset);
    headers.push((record::REASON, cut(reason.as_bytes())));
    headers.push((record::ORIGIN, origin.as_bytes()));
    NewRecord {
        partition: record.partition,
        key: copy(record.key(), DEAD_LETTER_FIELD_BYTES),
        headers: NewHeaders::of(&headers),
        value: copy(record.value(), DEAD_LETTER_VALUE_BYTES),
    }
}
