//! Records that were read: those of a batch share one buffer, so that one record costs no allocation of its own.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;

use crate::headers::{HeaderSink, Headers, length};
use crate::limits::{BATCH_BYTES, BATCH_RECORDS, SPARE_BUFFERS, SPARE_BYTES};

/// A record that was read.
///
/// It shares its bytes with the rest of its batch, so cloning and handing on are cheap; one that is kept for long keeps
/// the whole batch (at most about 1 MiB).
#[derive(Clone)]
pub struct Record {
    /// Its partition, from 0.
    pub partition: u32,
    /// Its offset.
    pub offset: u64,
    /// The broker's append time, Unix milliseconds.
    pub appended: i64,
    key: u32,
    value: u32,
    /// Key, value, headers; of each header the name's length, the name, the value's length, the value.
    bytes: Bytes,
}

/// Gathers records into one buffer, which is used again when nobody has any of its records any more: memory that is new each
/// time has to be cleared by the system first.
#[derive(Default)]
pub(crate) struct Packer {
    buffer: Vec<u8>,
    entries: Vec<Entry>,
    spares: Arc<Spares>,
}

/// Buffers of which all records are gone.
#[derive(Default)]
struct Spares(Mutex<Vec<Vec<u8>>>);

/// A buffer that goes back when it is dropped.
struct Lent {
    buffer: Vec<u8>,
    spares: Arc<Spares>,
}

/// Where a record stands in the buffer.
struct Entry {
    partition: u32,
    offset: u64,
    appended: i64,
    start: usize,
    key: u32,
    value: u32,
}

impl Record {
    /// A record with a buffer of its own.
    pub fn new(
        (partition, offset, appended): (u32, u64, i64),
        key: &[u8],
        headers: &[(&str, &[u8])],
        value: &[u8],
    ) -> Self {
        let mut bytes = Vec::with_capacity(key.len() + value.len());
        bytes.extend_from_slice(key);
        bytes.extend_from_slice(value);
        let mut sink = HeaderSink::new(&mut bytes);
        for (name, value) in headers {
            sink.put(name, value);
        }
        let (key, value) = (length(key), length(value));
        Self { partition, offset, appended, key, value, bytes: bytes.into() }
    }

    /// Its key.
    pub fn key(&self) -> &[u8] {
        &self.bytes[..self.key as usize]
    }

    /// Its value.
    pub fn value(&self) -> &[u8] {
        &self.bytes[self.key as usize..self.body()]
    }

    /// Its headers, name and value, in order.
    pub fn headers(&self) -> Headers<'_> {
        Headers::of(&self.bytes[self.body()..])
    }

    /// The value of its first header of this name.
    pub fn header(&self, name: &str) -> Option<&[u8]> {
        self.headers().find(|(other, _)| *other == name).map(|(_, value)| value)
    }

    /// Its key, sharing the batch's buffer.
    pub fn key_bytes(&self) -> Bytes {
        self.bytes.slice(..self.key as usize)
    }

    /// Its value, sharing the batch's buffer.
    pub fn value_bytes(&self) -> Bytes {
        self.bytes.slice(self.key as usize..self.body())
    }

    fn body(&self) -> usize {
        self.key as usize + self.value as usize
    }
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Record")
            .field("partition", &self.partition)
            .field("offset", &self.offset)
            .field("appended", &self.appended)
            .field("key", &String::from_utf8_lossy(self.key()))
            .field("value", &String::from_utf8_lossy(self.value()))
            .finish_non_exhaustive()
    }
}

impl Packer {
    /// Adds a record; `headers` puts its headers into the sink.
    pub(crate) fn push(
        &mut self,
        (partition, offset, appended): (u32, u64, i64),
        key: &[u8],
        value: &[u8],
        headers: impl FnOnce(&mut HeaderSink<'_>),
    ) {
        if self.buffer.capacity() == 0 {
            self.buffer = self.spares.take();
        }
        let start = self.buffer.len();
        self.buffer.extend_from_slice(key);
        self.buffer.extend_from_slice(value);
        let (key, value) = (length(key), length(value));
        headers(&mut HeaderSink::new(&mut self.buffer));
        self.entries.push(Entry { partition, offset, appended, start, key, value });
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether it holds enough to be handed on.
    pub(crate) fn is_full(&self) -> bool {
        self.len() >= BATCH_RECORDS || self.bytes() >= BATCH_BYTES
    }

    /// Bytes gathered so far.
    pub(crate) fn bytes(&self) -> usize {
        self.buffer.len()
    }

    /// The records gathered, in order; the packer is empty again.
    pub(crate) fn finish(&mut self) -> Vec<Record> {
        if self.entries.is_empty() {
            return Vec::new();
        }
        let buffer = std::mem::take(&mut self.buffer);
        let buffer = Bytes::from_owner(Lent { buffer, spares: Arc::clone(&self.spares) });
        let entries = &self.entries;
        let ends = entries.iter().skip(1).map(|next| next.start).chain([buffer.len()]);
        let records = entries.iter().zip(ends).map(|(entry, end)| Record {
            partition: entry.partition,
            offset: entry.offset,
            appended: entry.appended,
            key: entry.key,
            value: entry.value,
            bytes: buffer.slice(entry.start..end),
        });
        let records = records.collect();
        self.entries.clear();
        records
    }
}

impl Spares {
    fn take(&self) -> Vec<u8> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default()
    }

    fn give(&self, mut buffer: Vec<u8>) {
        let mut spares = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // One that grew for a large record is not kept.
        if buffer.capacity() <= SPARE_BYTES && spares.len() < SPARE_BUFFERS {
            buffer.clear();
            spares.push(buffer);
        }
    }
}

impl AsRef<[u8]> for Lent {
    fn as_ref(&self) -> &[u8] {
        &self.buffer
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        self.spares.give(std::mem::take(&mut self.buffer));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_is_used_again_once_all_its_records_are_gone_and_not_before() {
        let mut packer = Packer::default();
        let mut one = |value: &[u8]| {
            packer.push((0, 0, 0), b"", value, |_| {});
            packer.finish().remove(0)
        };
        let place = |record: &Record| record.value().as_ptr();
        let first = one(b"first");
        let (held, first_place) = (first.clone(), place(&first));
        let second = one(b"second");
        drop(first);
        let third = one(b"third");
        assert_eq!((held.value(), second.value(), third.value()), (&b"first"[..], &b"second"[..], &b"third"[..]));
        drop(held);
        let fourth = one(b"4");
        assert_eq!((place(&fourth), fourth.value()), (first_place, &b"4"[..]));
        drop(one(&[7; SPARE_BYTES + 1]));
        drop((second, third, fourth));
        assert_eq!(packer.spares.0.lock().unwrap().len(), 3, "the one that grew is not kept");
    }

    #[test]
    fn records_of_one_buffer_read_back_as_they_were_packed() {
        let mut packer = Packer::default();
        packer.push((1, 7, -5), b"k", b"value", |sink| {
            sink.put("a", b"1");
            sink.put("b", b"");
        });
        packer.push((2, 8, 6), b"", b"", |_| {});
        assert_eq!((packer.len(), packer.bytes()), (2, 6 + 16 + 3));
        let records = packer.finish();
        let [first, second] = &records[..] else { panic!("two records") };
        assert_eq!((first.partition, first.offset, first.appended), (1, 7, -5));
        assert_eq!((first.key(), first.value()), (&b"k"[..], &b"value"[..]));
        let headers: Vec<_> = first.headers().collect();
        assert_eq!(headers, [("a", &b"1"[..]), ("b", &b""[..])]);
        assert_eq!((first.header("b"), first.header("c")), (Some(&b""[..]), None));
        assert_eq!((second.key(), second.value(), second.headers().count()), (&b""[..], &b""[..], 0));
        assert_eq!((packer.len(), packer.bytes()), (0, 0));
    }

    #[test]
    fn a_record_of_its_own_reads_back_too() {
        let record = Record::new((0, 1, 2), b"key", &[("name", b"x")], b"v");
        assert_eq!((record.key_bytes().as_ref(), record.value_bytes().as_ref()), (&b"key"[..], &b"v"[..]));
        assert_eq!(record.header("name"), Some(&b"x"[..]));
    }
}
