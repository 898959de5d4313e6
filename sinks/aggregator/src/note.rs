//! The note that goes with a committed position: what the last record folded looked like, and where the tail begins.

use serde::{Deserialize, Serialize};
use tallygate_core::record::NUMBER;
use tallygate_stream::Record;
use xxhash_rust::xxh3::Xxh3Default;

const FORMAT: u32 = 1;
/// The clock as a note tells it at the very beginning of the log.
const NO_CLOCK: i64 = i64::MIN;

/// What a later owner of the partition has to know beside the position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Note {
    /// Of the record at the committed offset - 1 (rule 8).
    pub(crate) fingerprint: Fingerprint,
    /// Rows are folded again from here: a store that was away may have lost what came of later records (rule 12).
    pub(crate) tail: LogPosition,
}

/// A place in a partition of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LogPosition {
    /// The offset of the next record.
    pub(crate) offset: u64,
    /// The fold's clock before it, Unix milliseconds; none at the very beginning.
    pub(crate) clock: Option<i64>,
}

/// The last record that was folded before a position, as it must be found again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LastFolded {
    pub(crate) offset: u64,
    pub(crate) fingerprint: Fingerprint,
}

/// A 128-bit hash (XXH3) of a record's append time, key, number and value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fingerprint(pub(crate) u128);

#[derive(Serialize, Deserialize)]
struct Wire {
    v: u32,
    fingerprint: String,
    tail: u64,
    clock: i64,
}

impl Note {
    pub(crate) fn write(&self) -> String {
        let wire = Wire {
            v: FORMAT,
            fingerprint: format!("{:032x}", self.fingerprint.0),
            tail: self.tail.offset,
            clock: self.tail.clock.unwrap_or(NO_CLOCK),
        };
        serde_json::to_string(&wire).unwrap_or_default()
    }

    /// None for what no aggregator of this format wrote.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let wire: Wire = serde_json::from_str(text).ok()?;
        (wire.v == FORMAT).then_some(())?;
        let fingerprint = u128::from_str_radix(&wire.fingerprint, 16).ok()?;
        let clock = Some(wire.clock).filter(|clock| *clock != NO_CLOCK);
        Some(Self { fingerprint: Fingerprint(fingerprint), tail: LogPosition { offset: wire.tail, clock } })
    }
}

impl Fingerprint {
    pub(crate) fn of(record: &Record) -> Self {
        let mut hash = Xxh3Default::default();
        hash.update(&record.appended.to_be_bytes());
        for field in [record.key(), record.header(NUMBER).unwrap_or_default(), record.value()] {
            hash.update(&(field.len() as u64).to_be_bytes());
            hash.update(field);
        }
        Self(hash.digest128())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(appended: i64, key: &[u8], number: &[u8], value: &[u8]) -> Fingerprint {
        Fingerprint::of(&Record::new((3, 17, appended), key, &[(NUMBER, number)], value))
    }

    #[test]
    fn a_note_has_this_form_and_reads_back() {
        let note = Note {
            fingerprint: record(1_795_375_181_500, b"HR1", b"0/1/2", b"{}"),
            tail: LogPosition { offset: 12, clock: Some(1_795_375_000_000) },
        };
        let text = r#"{"v":1,"fingerprint":"0d06b6286cbb4bf783df2d35e6b7c8ea","tail":12,"clock":1795375000000}"#;
        assert_eq!(note.write(), text);
        assert_eq!(Note::read(text), Some(note));
    }

    #[test]
    fn a_tail_at_the_beginning_of_the_log_reads_back() {
        let note = Note { fingerprint: Fingerprint(1), tail: LogPosition { offset: 0, clock: None } };
        assert_eq!(Note::read(&note.write()), Some(note));
    }

    #[test]
    fn notes_of_others_are_none_of_ours() {
        for text in ["", "x", "{}", r#"{"v":2,"fingerprint":"0","tail":0,"clock":0}"#] {
            assert_eq!(Note::read(text), None, "{text}");
        }
    }

    #[test]
    fn rule_8_any_other_record_has_another_fingerprint() {
        let one = record(5, b"k", b"n", b"v");
        for other in [
            record(6, b"k", b"n", b"v"),
            record(5, b"kn", b"", b"v"),
            record(5, b"k", b"m", b"v"),
            record(5, b"k", b"n", b"w"),
        ] {
            assert_ne!(one, other);
        }
    }
}
