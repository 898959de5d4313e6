//! The identities that one fold knows, until when, and their packed form.
//!
//! A known identity carries the tag of the number it was first counted under and a digest of its content. Numbers
//! of duplicates and dead letters, which are few, are kept beside them, so that their redelivery counts nowhere.

use std::hash::{BuildHasherDefault, Hasher};

use hashbrown::HashMap;
use xxhash_rust::xxh3::Xxh3Default;

use crate::day::Day;
use crate::identity::Identity;
use crate::number::RecordNumber;
use crate::record::Entry;

const MAGIC: &[u8; 4] = b"TGI1";
const IDENTITY_BYTES: usize = 16 + 8 + 8 + 4;
const NUMBER_BYTES: usize = 8 + 4;
/// The clock of a blob that was packed before there was any record.
const NO_CLOCK: i64 = i64::MIN;

/// Everything known, by identity, and what is not packed yet.
#[derive(Debug, Default)]
pub struct Identities {
    known: HashMap<u128, Memory, BuildHasherDefault<Folded>>,
    numbers: HashMap<u64, Day, BuildHasherDefault<Folded>>,
    fresh: Vec<u128>,
    fresh_numbers: Vec<u64>,
}

#[derive(Clone, Copy, Debug)]
struct Memory {
    content: u64,
    number: u64,
    until: Day,
    packed: bool,
}

/// One sight of an identity.
pub(super) struct Sight {
    pub(super) identity: Identity,
    pub(super) number: u64,
    pub(super) content: u64,
    /// The log day it was seen on, and the horizon more.
    pub(super) until: Day,
}

/// What is known of a sight.
pub(super) enum Known {
    Never,
    /// Its number is the one that counted.
    Redelivered,
    /// Its number was seen, and did not count: a duplicate's or a dead letter's.
    RedeliveredUncounted,
    Duplicate,
    Conflict,
}

/// A packed blob that does not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the packed identities do not read; they are a cache and can be built again from the log")]
pub struct BadBlob;

/// Identities and tags are hashes already: their low bits serve as they are.
#[derive(Default)]
struct Folded(u64);

impl Hasher for Folded {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }
    fn write_u64(&mut self, value: u64) {
        self.0 = value;
    }
    fn write_u128(&mut self, value: u128) {
        self.0 = value as u64;
    }
}

/// A 64-bit tag of a record's number.
pub(super) fn number_tag(number: RecordNumber) -> u64 {
    let mut bytes = [0; 28];
    bytes[..16].copy_from_slice(&number.message.run.0.to_be_bytes());
    bytes[16..24].copy_from_slice(&number.message.sequence.to_be_bytes());
    bytes[24..].copy_from_slice(&number.ordinal.to_be_bytes());
    xxhash_rust::xxh3::xxh3_64(&bytes)
}

/// A 64-bit digest of what must agree between two sights: day, amount as a number, currency, key.
pub(super) fn content_digest(entry: &Entry<'_>) -> u64 {
    let mut hash = Xxh3Default::default();
    let mut fixed = [0; 23];
    fixed[..4].copy_from_slice(&entry.day.epoch_days().to_be_bytes());
    fixed[4..20].copy_from_slice(&entry.amount.units().to_be_bytes());
    fixed[20..].copy_from_slice(entry.currency.as_str().as_bytes());
    hash.update(&fixed);
    hash.update(entry.key.as_bytes());
    hash.digest()
}

impl Identities {
    pub(super) fn len(&self) -> usize {
        self.known.len()
    }

    pub(super) fn look_up(&self, sight: &Sight, log_day: Day) -> Known {
        let known = self.known.get(&sight.identity.0).filter(|memory| log_day <= memory.until);
        if known.is_some_and(|memory| memory.number == sight.number) {
            return Known::Redelivered;
        }
        if !self.numbers.is_empty() && self.numbers.get(&sight.number).is_some_and(|until| log_day <= *until) {
            return Known::RedeliveredUncounted;
        }
        match known {
            None => Known::Never,
            Some(memory) if memory.content == sight.content => Known::Duplicate,
            Some(_) => Known::Conflict,
        }
    }

    pub(super) fn see_first(&mut self, sight: &Sight, day_until: Day) {
        let until = sight.until.max(day_until);
        let memory = Memory { content: sight.content, number: sight.number, until, packed: false };
        self.known.insert(sight.identity.0, memory);
        self.fresh.push(sight.identity.0);
    }

    pub(super) fn see_again(&mut self, sight: &Sight) {
        if let Some(memory) = self.known.get_mut(&sight.identity.0)
            && sight.until > memory.until
        {
            memory.until = sight.until;
            if memory.packed {
                memory.packed = false;
                self.fresh.push(sight.identity.0);
            }
        }
    }

    pub(super) fn note_number(&mut self, tag: u64, until: Day) {
        self.numbers.insert(tag, until);
        self.fresh_numbers.push(tag);
    }

    pub(super) fn forget_before(&mut self, log_day: Day) {
        self.known.retain(|_, memory| log_day <= memory.until);
        self.numbers.retain(|_, until| log_day <= *until);
    }

    pub(super) fn unpacked_expiry(&self) -> Day {
        let identities = self.fresh.iter().filter_map(|identity| self.known.get(identity)).map(|memory| memory.until);
        let numbers = self.fresh_numbers.iter().filter_map(|tag| self.numbers.get(tag)).copied();
        identities.chain(numbers).max().unwrap_or(Day::from_epoch_days(0))
    }

    /// Format: magic, clock, counts, then the entries, all big-endian.
    pub(super) fn pack(&mut self, clock: Option<i64>) -> Vec<u8> {
        let fresh = std::mem::take(&mut self.fresh);
        let fresh_numbers = std::mem::take(&mut self.fresh_numbers);
        let mut identities = Vec::with_capacity(fresh.len() * IDENTITY_BYTES);
        let mut identity_count: u32 = 0;
        for identity in fresh {
            let Some(memory) = self.known.get_mut(&identity) else {
                continue;
            };
            memory.packed = true;
            identity_count += 1;
            identities.extend_from_slice(&identity.to_be_bytes());
            identities.extend_from_slice(&memory.content.to_be_bytes());
            identities.extend_from_slice(&memory.number.to_be_bytes());
            identities.extend_from_slice(&memory.until.epoch_days().to_be_bytes());
        }
        let numbers: Vec<(u64, Day)> =
            fresh_numbers.iter().filter_map(|t| self.numbers.get(t).map(|u| (*t, *u))).collect();
        let mut blob = Vec::with_capacity(20 + identities.len() + numbers.len() * NUMBER_BYTES);
        blob.extend_from_slice(MAGIC);
        blob.extend_from_slice(&clock.unwrap_or(NO_CLOCK).to_be_bytes());
        blob.extend_from_slice(&identity_count.to_be_bytes());
        blob.extend_from_slice(&(numbers.len() as u32).to_be_bytes());
        blob.extend_from_slice(&identities);
        for (tag, until) in numbers {
            blob.extend_from_slice(&tag.to_be_bytes());
            blob.extend_from_slice(&until.epoch_days().to_be_bytes());
        }
        blob
    }

    /// Takes a blob back and returns its clock.
    pub(super) fn restore(&mut self, blob: &[u8]) -> Result<Option<i64>, BadBlob> {
        let mut rest = blob.strip_prefix(MAGIC).ok_or(BadBlob)?;
        let clock = i64::from_be_bytes(take(&mut rest)?);
        let identities = u32::from_be_bytes(take(&mut rest)?) as usize;
        let numbers = u32::from_be_bytes(take(&mut rest)?) as usize;
        if rest.len() != identities * IDENTITY_BYTES + numbers * NUMBER_BYTES {
            return Err(BadBlob);
        }
        for _ in 0..identities {
            let identity = u128::from_be_bytes(take(&mut rest)?);
            let content = u64::from_be_bytes(take(&mut rest)?);
            let number = u64::from_be_bytes(take(&mut rest)?);
            let until = Day::from_epoch_days(i32::from_be_bytes(take(&mut rest)?));
            self.known.insert(identity, Memory { content, number, until, packed: true });
        }
        for _ in 0..numbers {
            let tag = u64::from_be_bytes(take(&mut rest)?);
            self.numbers.insert(tag, Day::from_epoch_days(i32::from_be_bytes(take(&mut rest)?)));
        }
        Ok(Some(clock).filter(|clock| *clock != NO_CLOCK))
    }
}

fn take<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], BadBlob> {
    let (first, tail) = rest.split_first_chunk().ok_or(BadBlob)?;
    *rest = tail;
    Ok(*first)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some() -> Identities {
        let mut identities = Identities::default();
        let sight = Sight { identity: Identity(1 << 100), number: 2, content: 3, until: Day::from_epoch_days(20_000) };
        identities.see_first(&sight, Day::from_epoch_days(20_001));
        identities.note_number(9, Day::from_epoch_days(20_002));
        identities
    }

    #[test]
    fn a_blob_has_this_form() {
        let hex: String = some().pack(Some(1_700_000_000_000)).iter().map(|b| format!("{b:02x}")).collect();
        assert_eq!(
            hex,
            "54474931\
             0000018bcfe56800\
             00000001\
             00000001\
             00000010000000000000000000000000\
             0000000000000003\
             0000000000000002\
             00004e21\
             0000000000000009\
             00004e22"
        );
    }

    #[test]
    fn a_blob_that_was_cut_or_altered_in_length_is_refused() {
        let blob = some().pack(Some(5));
        assert_eq!(Identities::default().restore(&blob), Ok(Some(5)));
        for length in 0..blob.len() {
            assert_eq!(Identities::default().restore(&blob[..length]), Err(BadBlob));
        }
    }

    #[test]
    fn a_blob_holds_only_what_came_since_the_last() {
        let mut identities = some();
        assert_eq!(identities.unpacked_expiry(), Day::from_epoch_days(20_002));
        identities.pack(Some(1));
        assert_eq!(identities.pack(Some(1)).len(), 20);
    }
}
