//! A record of the log: a head of 32 bytes and the message behind it.
//!
//! Records are written in groups, each with one sync. A group begins at a block of its own, so that no block is written twice,
//! and each record names the first of its group: whatever stands before that was synced when the record was written.
//!
//! | bytes | what |
//! |---|---|
//! | 0..4 | `rec+`, or `rec.` of the last record of a group |
//! | 4..8 | length of the message |
//! | 8..16 | sequence |
//! | 16..24 | sequence of the group's first record |
//! | 24..28 | CRC-32 of the message |
//! | 28..32 | CRC-32 of the segment's id and the 28 bytes before |
//!
//! Numbers stand with their lowest byte first.

use tallygate_core::limits::MESSAGE_BYTES;

pub(super) const HEAD_BYTES: usize = 32;
/// What is never written in two groups.
pub(super) const BLOCK: u64 = 4096;
const STEP: u64 = 8;

const MORE: [u8; 4] = *b"rec+";
const LAST: [u8; 4] = *b"rec.";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) sequence: u64,
    pub(super) group: u64,
    pub(super) length: u32,
    pub(super) crc: u32,
    pub(super) is_last: bool,
}

impl Head {
    /// Of a message, which is not the last of its group.
    pub(super) fn of(sequence: u64, group: u64, message: &[u8]) -> Self {
        let length = u32::try_from(message.len()).unwrap_or(u32::MAX);
        Self { sequence, group, length, crc: crc32fast::hash(message), is_last: false }
    }

    pub(super) fn encode(&self, segment_id: u64) -> [u8; HEAD_BYTES] {
        let mut bytes = [0; HEAD_BYTES];
        bytes[..4].copy_from_slice(if self.is_last { &LAST } else { &MORE });
        bytes[4..8].copy_from_slice(&self.length.to_le_bytes());
        bytes[8..16].copy_from_slice(&self.sequence.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.group.to_le_bytes());
        bytes[24..28].copy_from_slice(&self.crc.to_le_bytes());
        let crc = bound_to(segment_id, &bytes[..28]);
        bytes[28..].copy_from_slice(&crc.to_le_bytes());
        bytes
    }

    /// None where no record of this segment begins.
    pub(super) fn decode(bytes: &[u8], segment_id: u64) -> Option<Self> {
        let bytes = bytes.first_chunk::<HEAD_BYTES>()?;
        let is_last = bytes[..4] == LAST;
        if !is_last && bytes[..4] != MORE || u32_at(bytes, 28) != bound_to(segment_id, &bytes[..28]) {
            return None;
        }
        let (length, crc) = (u32_at(bytes, 4), u32_at(bytes, 24));
        let head = Self { sequence: u64_at(bytes, 8), group: u64_at(bytes, 16), length, crc, is_last };
        (head.message_bytes() <= MESSAGE_BYTES).then_some(head)
    }

    pub(super) fn message_bytes(&self) -> usize {
        self.length as usize
    }

    /// Where the next record stands, if there is one, behind this one which stands at `at`.
    pub(super) fn next(&self, at: u64) -> u64 {
        let end = at + HEAD_BYTES as u64 + u64::from(self.length);
        end.next_multiple_of(if self.is_last { BLOCK } else { STEP })
    }

    pub(super) fn is_of(&self, message: &[u8]) -> bool {
        crc32fast::hash(message) == self.crc
    }
}

/// Bytes that a message takes within a group.
pub(super) fn bytes_of(message: &[u8]) -> u64 {
    (HEAD_BYTES as u64 + message.len() as u64).next_multiple_of(STEP)
}

/// A checksum that nothing else than what was written under this id has.
pub(super) fn bound_to(id: u64, bytes: &[u8]) -> u32 {
    let mut crc = crc32fast::Hasher::new();
    crc.update(&id.to_le_bytes());
    crc.update(bytes);
    crc.finalize()
}

/// Of a place that is there.
pub(super) fn u64_at(bytes: &[u8], at: usize) -> u64 {
    bytes.get(at..).and_then(|rest| rest.first_chunk()).map_or(0, |bytes| u64::from_le_bytes(*bytes))
}

/// Of a place that is there.
pub(super) fn u32_at(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..).and_then(|rest| rest.first_chunk()).map_or(0, |bytes| u32::from_le_bytes(*bytes))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const ID: u64 = 0x0102_0304_0506_0708;

    #[test]
    fn a_head_is_read_as_it_was_written_and_stays_as_files_have_it() {
        let head = Head { is_last: true, ..Head::of(7, 5, b"message") };
        let golden = "7265632e07000000070000000000000005000000000000007f30bdb6";
        let bytes = head.encode(ID);
        let text: String = bytes[..28].iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(text, golden);
        assert_eq!(u32_at(&bytes, 28), bound_to(ID, &bytes[..28]));
        assert_eq!(Head::decode(&bytes, ID), Some(head));
        assert!(head.is_of(b"message") && !head.is_of(b"massage"));
    }

    #[test]
    fn a_head_of_another_segment_or_with_any_bit_changed_is_none() {
        let bytes = Head::of(7, 5, b"message").encode(ID);
        assert_eq!(Head::decode(&bytes, ID + 1), None);
        assert_eq!(Head::decode(&bytes[1..], ID), None);
        for bit in 0..HEAD_BYTES * 8 {
            let mut changed = bytes;
            changed[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(Head::decode(&changed, ID), None, "bit {bit}");
        }
    }

    #[test]
    fn a_group_begins_at_a_block_of_its_own() {
        let head = Head::of(7, 5, &[0; 3]);
        assert_eq!(head.next(4096), 4096 + 40);
        assert_eq!(Head { is_last: true, ..head }.next(4096), 8192);
        assert_eq!(bytes_of(&[0; 3]), 40);
    }
}
