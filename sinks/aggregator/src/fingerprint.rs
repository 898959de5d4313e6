//! What the last record folded looked like, as it must be found again (rule 8).

use tallygate_core::checkpoint::Fingerprint;
use tallygate_core::record::NUMBER;
use tallygate_stream::Record;
use xxhash_rust::xxh3::Xxh3Default;

/// A record that must be found in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Expected {
    pub(crate) offset: u64,
    pub(crate) fingerprint: Fingerprint,
    /// Whether the local state alone says so, and not the position.
    pub(crate) by_local_state: bool,
}

/// Of a record's append time as it was stamped, its key, number and value.
pub(crate) fn fingerprint(record: &Record) -> Fingerprint {
    let mut hash = Xxh3Default::default();
    hash.update(&record.appended.to_be_bytes());
    for field in [record.key(), record.header(NUMBER).unwrap_or_default(), record.value()] {
        hash.update(&(field.len() as u64).to_be_bytes());
        hash.update(field);
    }
    Fingerprint(hash.digest128())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rule_8_any_other_record_has_another_fingerprint() {
        let record = |appended, key: &[u8], number: &[u8], value: &[u8]| {
            fingerprint(&Record::new((3, 17, appended), key, &[(NUMBER, number)], value))
        };
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
