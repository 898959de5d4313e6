//! The identities and numbers that one fold knows, until when, and their packed form (rule 9).
//!
//! Everything known comes from sights, and each sight only ever prolongs: what is known is a function of the log's last days
//! alone, whatever was made of the records. Nearly every identity has one content and one number, which stand with it; what
//! is beyond that stands beside.

mod fresh;

use std::hash::{BuildHasherDefault, Hasher};

use hashbrown::HashMap;
use xxhash_rust::xxh3::Xxh3Default;

use self::fresh::Fresh;
use super::horizon::Horizon;
use crate::day::Day;
use crate::identity::Identity;
use crate::number::RecordNumber;
use crate::record::Entry;

const MAGIC: &[u8; 4] = b"TGI2";
const SIGHT_BYTES: usize = 16 + 8 + 8 + 4 + 4;
const NUMBER_BYTES: usize = 8 + 4;
/// Magic, clock and counts.
const HEAD_BYTES: usize = 4 + 8 + 4 + 4;
/// The clock of a blob that was packed before there was any record.
const NO_CLOCK: i64 = i64::MIN;

/// Everything known, and what is not packed yet.
#[derive(Debug)]
pub struct Identities {
    horizon: Horizon,
    known: HashMap<u128, Memory, BuildHasherDefault<Folded>>,
    /// Contents of known identities beyond the first, and until when any of an identity is known.
    contents: HashMap<(u128, u64), Day>,
    contents_until: HashMap<u128, Day, BuildHasherDefault<Folded>>,
    /// Numbers beyond the first of a known identity.
    numbers: HashMap<u64, Day, BuildHasherDefault<Folded>>,
    fresh: Fresh,
    /// Numbers of records that taught no identity, with the log day.
    fresh_numbers: Vec<(u64, Day)>,
}

/// The first content and number of an identity, each with the last log day on which it is known.
#[derive(Clone, Copy, Debug)]
struct Memory {
    content: u64,
    number: u64,
    until: Day,
    number_until: Day,
}

/// One sight of an identity.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sight {
    identity: Identity,
    number: u64,
    content: u64,
    /// The transaction's own day.
    day: Day,
    /// The log's day when it came.
    log_day: Day,
}

/// What is known of a sight.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Known {
    Never,
    /// Its number was seen.
    Redelivered,
    /// Its content agrees with a sight that is known.
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
        // The other half decides the partition where records are spread by identity.
        self.0 = (value >> 64) as u64;
    }
}

impl Sight {
    pub(super) fn of(entry: &Entry<'_>, log_day: Day) -> Self {
        Self {
            identity: entry.identity,
            number: number_tag(entry.number),
            content: content_digest(entry),
            day: entry.day,
            log_day,
        }
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
fn content_digest(entry: &Entry<'_>) -> u64 {
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
    pub(super) fn new(horizon: Horizon) -> Self {
        Self {
            horizon,
            known: HashMap::default(),
            contents: HashMap::default(),
            contents_until: HashMap::default(),
            numbers: HashMap::default(),
            fresh: Fresh::default(),
            fresh_numbers: Vec::new(),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.known.len()
    }

    pub(super) fn look_up(&self, sight: &Sight) -> Known {
        let Sight { number, content, log_day, .. } = *sight;
        let first = self.known.get(&sight.identity.0);
        if first.is_some_and(|first| first.number == number && log_day <= first.number_until)
            || self.is_known_number(number, log_day)
        {
            return Known::Redelivered;
        }
        let first = first.filter(|first| log_day <= first.until);
        if first.is_some_and(|first| first.content == content) {
            return Known::Duplicate;
        }
        let is_known = |until: Option<&Day>| until.is_some_and(|until| log_day <= *until);
        if !self.contents.is_empty() && is_known(self.contents_until.get(&sight.identity.0)) {
            let agrees = is_known(self.contents.get(&(sight.identity.0, content)));
            return if agrees { Known::Duplicate } else { Known::Conflict };
        }
        if first.is_some() { Known::Conflict } else { Known::Never }
    }

    pub(super) fn is_known_number(&self, number: u64, log_day: Day) -> bool {
        !self.numbers.is_empty() && self.numbers.get(&number).is_some_and(|until| log_day <= *until)
    }

    /// Learns from a sight, whatever came of it.
    pub(super) fn see(&mut self, sight: Sight) {
        if self.horizon.holds(sight.day, sight.log_day) {
            self.remember(&sight);
            self.fresh.push(sight);
        } else {
            self.see_number(sight.number, sight.log_day);
        }
    }

    /// Learns the number of a record that teaches no identity.
    pub(super) fn see_number(&mut self, number: u64, log_day: Day) {
        self.remember_number(number, log_day);
        self.fresh_numbers.push((number, log_day));
    }

    fn remember(&mut self, sight: &Sight) {
        let Sight { identity, number, content, day, log_day } = *sight;
        let until = day.max(log_day).plus(i32::from(self.horizon.past));
        let number_until = log_day.plus(self.horizon.window());
        let fresh = Memory { content, number, until, number_until };
        let first = match self.known.entry(identity.0) {
            hashbrown::hash_map::Entry::Vacant(place) => {
                place.insert(fresh);
                return;
            }
            hashbrown::hash_map::Entry::Occupied(place) => place.into_mut(),
        };
        if first.number == number || first.number_until < log_day {
            (first.number, first.number_until) = (number, number_until.max(first.number_until));
        } else {
            prolong(self.numbers.entry(number).or_insert(number_until), number_until);
        }
        if first.content == content {
            first.until = first.until.max(until);
        } else if first.until < log_day {
            (first.content, first.until) = (content, until);
        } else {
            prolong(self.contents.entry((identity.0, content)).or_insert(until), until);
            prolong(self.contents_until.entry(identity.0).or_insert(until), until);
        }
    }

    fn remember_number(&mut self, number: u64, log_day: Day) {
        let until = log_day.plus(self.horizon.window());
        prolong(self.numbers.entry(number).or_insert(until), until);
    }

    pub(super) fn forget_before(&mut self, log_day: Day) {
        self.known.retain(|_, first| log_day <= first.until || log_day <= first.number_until);
        self.contents.retain(|_, until| log_day <= *until);
        self.contents_until.retain(|_, until| log_day <= *until);
        self.numbers.retain(|_, until| log_day <= *until);
    }

    /// Format: magic, clock, counts, then the sights and the numbers, then XXH3-64 of all that, all big-endian.
    pub(super) fn pack(&mut self, clock: Option<i64>) -> Vec<u8> {
        let numbers = std::mem::take(&mut self.fresh_numbers);
        let (mut blob, sights) = self.fresh.take();
        let mut head = Vec::with_capacity(HEAD_BYTES);
        head.extend_from_slice(MAGIC);
        head.extend_from_slice(&clock.unwrap_or(NO_CLOCK).to_be_bytes());
        head.extend_from_slice(&sights.to_be_bytes());
        head.extend_from_slice(&(numbers.len() as u32).to_be_bytes());
        blob.splice(..HEAD_BYTES, head);
        blob.reserve_exact(numbers.len() * NUMBER_BYTES + size_of::<u64>());
        for (number, log_day) in numbers {
            blob.extend_from_slice(&number.to_be_bytes());
            blob.extend_from_slice(&log_day.epoch_days().to_be_bytes());
        }
        let checksum = xxhash_rust::xxh3::xxh3_64(&blob);
        blob.extend_from_slice(&checksum.to_be_bytes());
        blob
    }

    /// For blobs of so many bytes together.
    pub(super) fn reserve(&mut self, bytes: usize) {
        self.known.reserve(bytes / SIGHT_BYTES);
    }

    /// Takes a blob back and returns its clock.
    pub(super) fn restore(&mut self, blob: &[u8]) -> Result<Option<i64>, BadBlob> {
        let (blob, checksum) = blob.split_last_chunk().ok_or(BadBlob)?;
        if xxhash_rust::xxh3::xxh3_64(blob) != u64::from_be_bytes(*checksum) {
            return Err(BadBlob);
        }
        let mut rest = blob.strip_prefix(MAGIC).ok_or(BadBlob)?;
        let clock = i64::from_be_bytes(take(&mut rest)?);
        let sights = u32::from_be_bytes(take(&mut rest)?) as usize;
        let numbers = u32::from_be_bytes(take(&mut rest)?) as usize;
        if rest.len() != sights * SIGHT_BYTES + numbers * NUMBER_BYTES {
            return Err(BadBlob);
        }
        for _ in 0..sights {
            let identity = Identity(u128::from_be_bytes(take(&mut rest)?));
            let content = u64::from_be_bytes(take(&mut rest)?);
            let number = u64::from_be_bytes(take(&mut rest)?);
            let day = take_day(&mut rest)?;
            self.remember(&Sight { identity, number, content, day, log_day: take_day(&mut rest)? });
        }
        for _ in 0..numbers {
            let number = u64::from_be_bytes(take(&mut rest)?);
            self.remember_number(number, take_day(&mut rest)?);
        }
        Ok(Some(clock).filter(|clock| *clock != NO_CLOCK))
    }
}

fn prolong(known: &mut Day, until: Day) {
    *known = (*known).max(until);
}

fn take_day(rest: &mut &[u8]) -> Result<Day, BadBlob> {
    Ok(Day::from_epoch_days(i32::from_be_bytes(take(rest)?)))
}

fn take<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], BadBlob> {
    let (first, tail) = rest.split_first_chunk().ok_or(BadBlob)?;
    *rest = tail;
    Ok(*first)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HORIZON: Horizon = Horizon { past: 2, future: 1 };

    fn day(days: i32) -> Day {
        Day::from_epoch_days(days)
    }

    fn some() -> Identities {
        let mut identities = Identities::new(HORIZON);
        let (day, log_day) = (day(20_001), day(20_000));
        identities.see(Sight { identity: Identity(1 << 100), number: 2, content: 3, day, log_day });
        identities.see_number(9, log_day);
        identities
    }

    #[test]
    fn a_blob_has_this_form() {
        let hex: String = some().pack(Some(1_700_000_000_000)).iter().map(|b| format!("{b:02x}")).collect();
        assert_eq!(
            hex,
            "54474932\
             0000018bcfe56800\
             00000001\
             00000001\
             00000010000000000000000000000000\
             0000000000000003\
             0000000000000002\
             00004e21\
             00004e20\
             0000000000000009\
             00004e20\
             d0a8513f6bbb041c"
        );
    }

    #[test]
    fn a_blob_that_was_cut_or_altered_in_length_is_refused() {
        let blob = some().pack(Some(5));
        let restore = |blob: &[u8]| Identities::new(HORIZON).restore(blob);
        assert_eq!(restore(&blob), Ok(Some(5)));
        for length in 0..blob.len() {
            assert_eq!(restore(&blob[..length]), Err(BadBlob));
            let mut changed = blob.clone();
            changed[length] ^= 1;
            assert_eq!(restore(&changed), Err(BadBlob));
        }
    }

    #[test]
    fn a_blob_holds_only_what_came_since_the_last() {
        let mut identities = some();
        identities.pack(Some(1));
        assert_eq!(identities.pack(Some(1)).len(), 28);
    }

    #[test]
    fn what_stands_beside_the_first_outlives_it() {
        let mut identities = Identities::new(HORIZON);
        let see = |number, content, own, log| Sight {
            identity: Identity(7 << 64),
            number,
            content,
            day: day(own),
            log_day: day(log),
        };
        identities.see(see(1, 1, 100, 100));
        identities.see(see(2, 2, 102, 101));
        identities.forget_before(day(104));
        assert_eq!(identities.look_up(&see(3, 2, 102, 104)), Known::Duplicate);
        assert_eq!(identities.look_up(&see(3, 1, 100, 104)), Known::Conflict);
        identities.forget_before(day(105));
        assert_eq!(identities.look_up(&see(3, 2, 102, 105)), Known::Never);
    }
}
