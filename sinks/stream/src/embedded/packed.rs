//! Records of one partition as the log keeps them: compressed together, under one checksum.
//!
//! They are an LZ4 block behind its length (4 bytes), which holds of each record the lengths of key, headers and value, 4 bytes
//! each, and the three of them; numbers stand with their lowest byte first. The checksum, a CRC-32, is that of the place of the first
//! record, the number of records, the time at which they were appended, 8 bytes each, and the block with its length.

use std::collections::BTreeMap;

use lz4_flex::block::{compress_prepend_size, decompress_into, uncompressed_size};

use crate::headers::length;
use crate::limits::{PACKED_BYTES, PACKED_RECORDS};
use crate::port::NewRecord;

/// Bytes of the three lengths before a record.
const LENGTHS: usize = 12;

/// What belongs to a batch and stands beside its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct About {
    /// The place of its first record.
    pub(super) id: i64,
    pub(super) records: u32,
    /// Unix milliseconds.
    pub(super) appended: i64,
}

/// Records that have no place yet.
#[derive(Debug)]
pub(super) struct Packed {
    pub(super) partition: u32,
    pub(super) records: u32,
    pub(super) bytes: Vec<u8>,
}

/// A record of a batch.
pub(super) struct Unpacked<'a> {
    pub(super) key: &'a [u8],
    pub(super) headers: &'a [u8],
    pub(super) value: &'a [u8],
}

#[derive(Default)]
struct Gathered {
    records: u32,
    bytes: Vec<u8>,
}

/// Packs records; those of a partition stay in their order.
pub(super) fn pack(records: &[NewRecord]) -> Vec<Packed> {
    let (mut packed, mut partitions) = (Vec::new(), BTreeMap::<u32, Gathered>::new());
    for record in records {
        let gathered = partitions.entry(record.partition).or_default();
        gathered.add(record);
        if gathered.records >= PACKED_RECORDS || gathered.bytes.len() >= PACKED_BYTES {
            packed.push(std::mem::take(gathered).pack(record.partition));
        }
    }
    let rest = partitions.into_iter().filter(|(_, gathered)| gathered.records > 0);
    packed.extend(rest.map(|(partition, gathered)| gathered.pack(partition)));
    packed
}

impl Gathered {
    fn add(&mut self, record: &NewRecord) {
        let fields = [&record.key[..], record.headers.packed(), &record.value[..]];
        fields.iter().for_each(|field| self.bytes.extend(length(field).to_le_bytes()));
        fields.iter().for_each(|field| self.bytes.extend_from_slice(field));
        self.records += 1;
    }

    fn pack(self, partition: u32) -> Packed {
        Packed { partition, records: self.records, bytes: compress_prepend_size(&self.bytes) }
    }
}

impl About {
    /// Unpacks what was packed into a buffer that is used again; none where it is not what was written with this checksum.
    pub(super) fn unpack<'a>(
        self,
        packed: &[u8],
        checksum: u32,
        buffer: &'a mut Vec<u8>,
    ) -> Option<impl Iterator<Item = Unpacked<'a>> + use<'a>> {
        if checksum != self.checksum(packed) {
            return None;
        }
        let (length, block) = uncompressed_size(packed).ok()?;
        buffer.resize(length, 0);
        let length = decompress_into(block, buffer).ok()?;
        let mut rest = buffer.get(..length)?;
        Some(std::iter::from_fn(move || {
            let (record, behind) = Unpacked::first(rest)?;
            rest = behind;
            Some(record)
        }))
    }

    pub(super) fn checksum(self, packed: &[u8]) -> u32 {
        let mut crc = crc32fast::Hasher::new();
        for number in [self.id, i64::from(self.records), self.appended] {
            crc.update(&number.to_le_bytes());
        }
        crc.update(packed);
        crc.finalize()
    }
}

impl<'a> Unpacked<'a> {
    fn first(bytes: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let (lengths, rest) = bytes.split_first_chunk::<LENGTHS>()?;
        let field = |rest: &'a [u8], at: usize| {
            let length = lengths[at * 4..].first_chunk().map_or(0, |bytes| u32::from_le_bytes(*bytes));
            rest.split_at_checked(length as usize)
        };
        let (key, rest) = field(rest, 0)?;
        let (headers, rest) = field(rest, 1)?;
        let (value, rest) = field(rest, 2)?;
        Some((Self { key, headers, value }, rest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::headers::NewHeaders;

    const ABOUT: About = About { id: 1 << 47, records: 2, appended: 1_000 };

    fn record(partition: u32, key: &'static str, value: impl Into<bytes::Bytes>) -> NewRecord {
        NewRecord { partition, key: key.into(), headers: NewHeaders::of(&[("h", "1")]), value: value.into() }
    }

    fn unpacked(about: About, packed: &[u8], checksum: u32) -> Option<Vec<[Vec<u8>; 3]>> {
        let mut buffer = Vec::new();
        let records = about.unpack(packed, checksum, &mut buffer)?;
        Some(records.map(|one| [one.key, one.headers, one.value].map(<[u8]>::to_vec)).collect())
    }

    #[test]
    fn a_batch_is_read_as_it_was_written_and_as_files_have_it() {
        let about = About { records: 1, ..ABOUT };
        let headers = b"\x01\0\0\0h\x01\0\0\x001".to_vec();
        let records = [[b"a".to_vec(), headers, b"v".to_vec()]];
        // One sequence of literals: LZ4's token for 15 of them, how many more, and the bytes themselves.
        let golden = b"\x18\0\0\0\xf0\x09\x01\0\0\0\x0a\0\0\0\x01\0\0\0a\x01\0\0\0h\x01\0\0\x001v";
        let checked = [&[1_i64 << 47, 1, 1_000].map(i64::to_le_bytes).concat(), &golden[..]].concat();
        assert_eq!(unpacked(about, golden, crc32fast::hash(&checked)).unwrap(), records);
        let [packed] = &pack(&[record(1, "a", "v")])[..] else { panic!("one batch") };
        assert_eq!((packed.partition, packed.records), (1, 1));
        assert_eq!(unpacked(about, &packed.bytes, about.checksum(&packed.bytes)).unwrap(), records);
    }

    #[test]
    fn a_bit_that_changed_anywhere_is_found() {
        let bytes = &pack(&[record(1, "a", "value"), record(1, "b", "value")])[0].bytes;
        let checksum = ABOUT.checksum(bytes);
        assert_eq!(unpacked(ABOUT, bytes, checksum).unwrap().len(), 2);
        for bit in 0..bytes.len() * 8 {
            let mut changed = bytes.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert!(unpacked(ABOUT, &changed, checksum).is_none(), "bit {bit}");
        }
        for cut in 0..bytes.len() {
            assert!(unpacked(ABOUT, &bytes[..cut], checksum).is_none(), "cut at {cut}");
        }
        for other in [About { id: 1, ..ABOUT }, About { records: 1, ..ABOUT }, About { appended: 1_001, ..ABOUT }] {
            assert!(unpacked(other, bytes, checksum).is_none(), "{other:?}");
        }
        assert!(unpacked(ABOUT, bytes, checksum ^ 1).is_none());
    }

    #[test]
    fn records_of_a_partition_stay_in_their_order_and_a_batch_is_bounded() {
        let large = record(1, "large", vec![7; PACKED_BYTES]);
        let mut records: Vec<NewRecord> = (0..=PACKED_RECORDS).map(|_| record(2, "small", "")).collect();
        records.splice(1..1, [record(1, "first", ""), large, record(1, "last", "")]);
        let packed = pack(&records);
        let counts: Vec<(u32, u32)> = packed.iter().map(|packed| (packed.partition, packed.records)).collect();
        assert_eq!(counts, [(1, 2), (2, PACKED_RECORDS), (1, 1), (2, 1)]);
        let of_one = packed.iter().filter(|packed| packed.partition == 1);
        let records = of_one.flat_map(|packed| unpacked(ABOUT, &packed.bytes, ABOUT.checksum(&packed.bytes)).unwrap());
        let keys: Vec<Vec<u8>> = records.map(|[key, ..]| key).collect();
        assert_eq!(keys, [&b"first"[..], b"large", b"last"]);
    }
}
