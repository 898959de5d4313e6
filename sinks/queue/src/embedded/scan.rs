//! Where the log ends: what the last segment holds, whatever a power cut left of it.
//!
//! A group is in the log whole or not at all, since it was confirmed to nobody before all of it was synced. The pages of one that
//! was not may be there in any choice: it is cut. Where a group is not whole and one behind it shows that it was synced, what
//! was confirmed is lost, and nobody goes on.

use std::fs::File;
use std::io;

use super::record::{BLOCK, HEAD_BYTES, Head};
use super::segment::{Segment, read_some_at};
use crate::limits::READ_BYTES;

/// What a segment holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Scanned {
    /// The sequence behind its last group.
    pub(super) end: u64,
    /// Where the next group would stand.
    pub(super) at: u64,
    /// Where the file ends.
    pub(super) length: u64,
    /// Where the last group stands, if there is one.
    pub(super) last_group: Option<u64>,
    pub(super) rest: Rest,
}

/// What stands behind the last whole group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rest {
    /// Zeros.
    Nothing,
    /// What was written of a group and never synced.
    Torn,
    /// A group that was synced and is not whole any more.
    Damaged,
}

/// # Errors
/// When it cannot be read.
pub(super) fn scan(file: &File, segment: &Segment) -> io::Result<Scanned> {
    let mut scan = Scan { file, segment, bytes: Vec::new(), start: 0 };
    let length = file.metadata()?.len();
    let mut scanned = Scanned { end: segment.base, at: BLOCK, length, last_group: None, rest: Rest::Nothing };
    while let Some((end, at)) = scan.group(scanned.end, scanned.at)? {
        scanned = Scanned { end, at, last_group: Some(scanned.at), ..scanned };
    }
    scanned.rest = scan.rest(scanned.end, scanned.at)?;
    Ok(scanned)
}

struct Scan<'a> {
    file: &'a File,
    segment: &'a Segment,
    bytes: Vec<u8>,
    /// Where they begin.
    start: u64,
}

impl Scan<'_> {
    /// Sequence and place behind the group that begins here, if it is whole.
    fn group(&mut self, first: u64, at: u64) -> io::Result<Option<(u64, u64)>> {
        let (mut sequence, mut at) = (first, at);
        loop {
            let id = self.segment.id;
            let head = Head::decode(self.range(at, HEAD_BYTES)?, id);
            let Some(head) = head.filter(|head| head.sequence == sequence && head.group == first) else {
                return Ok(None);
            };
            let message = self.range(at + HEAD_BYTES as u64, head.message_bytes())?;
            if message.len() != head.message_bytes() || !head.is_of(message) {
                return Ok(None);
            }
            (sequence, at) = (sequence + 1, head.next(at));
            if head.is_last {
                return Ok(Some((sequence, at)));
            }
        }
    }

    fn rest(&mut self, first: u64, mut at: u64) -> io::Result<Rest> {
        const ZEROS: [u8; BLOCK as usize] = [0; BLOCK as usize];
        let mut rest = Rest::Nothing;
        loop {
            let id = self.segment.id;
            let block = self.range(at, ZEROS.len())?;
            if block.is_empty() {
                return Ok(rest);
            }
            if *block != ZEROS[..block.len()] {
                rest = Rest::Torn;
                // Those whose head lies across two blocks are passed over: a group begins with one that does not.
                let is_later = |head: Head| head.group > first;
                if (0..block.len()).step_by(8).any(|from| Head::decode(&block[from..], id).is_some_and(is_later)) {
                    return Ok(Rest::Damaged);
                }
            }
            at += BLOCK;
        }
    }

    /// Fewer where the file ends.
    fn range(&mut self, at: u64, length: usize) -> io::Result<&[u8]> {
        let has = at >= self.start && at + length as u64 <= self.start + self.bytes.len() as u64;
        if !has {
            self.bytes.resize(length.max(READ_BYTES), 0);
            let read = read_some_at(self.file, &mut self.bytes, at)?;
            self.bytes.truncate(read);
            self.start = at;
        }
        let from = usize::try_from(at - self.start).unwrap_or(usize::MAX);
        Ok(self.bytes.get(from..from.saturating_add(length).min(self.bytes.len())).unwrap_or_default())
    }
}
