//! Sets of record numbers, a bit for each: a gateway gives its sequences out without gaps, so that ten million take
//! little more than a megabyte.

use std::collections::HashMap;

use roaring::RoaringTreemap;
use tallygate_core::{MessageNumber, RecordNumber, Run};

/// A set of record numbers.
#[derive(Default)]
pub(super) struct Numbers(HashMap<Run, RoaringTreemap>);

/// A record number as a bit of its run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bit {
    run: Run,
    at: u64,
}

/// A number that no gateway gives out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NoSuchNumber(pub(super) RecordNumber);

/// What is said of it.
pub(super) const NO_SUCH_NUMBER: &str =
    "which is no number that a gateway gives: sequences stay below 2^40, ordinals below 2^24";

/// A run's sequences stay below 2^40, a message's ordinals below 2^24, for a message has at most 8 MiB.
const SEQUENCE_BITS: u32 = 40;
const ORDINALS: u64 = 1 << (64 - SEQUENCE_BITS);

impl Bit {
    pub(super) fn of(number: RecordNumber) -> Result<Self, NoSuchNumber> {
        let RecordNumber { message: MessageNumber { run, sequence }, ordinal } = number;
        let ordinal = u64::from(ordinal);
        if sequence >> SEQUENCE_BITS > 0 || ordinal >= ORDINALS {
            return Err(NoSuchNumber(number));
        }
        // Those of the most messages have the ordinal 0 and stand side by side.
        Ok(Self { run, at: ordinal << SEQUENCE_BITS | sequence })
    }

    /// Those of a message of so many records.
    pub(super) fn all(
        message: MessageNumber,
        records: u64,
    ) -> Result<impl Iterator<Item = Self> + Clone, NoSuchNumber> {
        let last = u32::try_from(records.saturating_sub(1)).unwrap_or(u32::MAX);
        let last = Self::of(RecordNumber { message, ordinal: last })?.at >> SEQUENCE_BITS;
        let bits = (0..=last).filter(move |_| records > 0);
        Ok(bits.map(move |ordinal| Self { run: message.run, at: ordinal << SEQUENCE_BITS | message.sequence }))
    }
}

impl Numbers {
    /// Whether it was not there.
    pub(super) fn insert(&mut self, bit: Bit) -> bool {
        self.0.entry(bit.run).or_default().insert(bit.at)
    }

    pub(super) fn remove(&mut self, bit: Bit) {
        if let Some(bits) = self.0.get_mut(&bit.run) {
            bits.remove(bit.at);
        }
    }

    pub(super) fn contains(&self, bit: Bit) -> bool {
        self.0.get(&bit.run).is_some_and(|bits| bits.contains(bit.at))
    }

    /// The runs of which there is any.
    pub(super) fn runs(&self) -> impl Iterator<Item = Run> {
        self.0.iter().filter(|(_, bits)| !bits.is_empty()).map(|(run, _)| *run)
    }

    /// How many messages have any record here.
    pub(super) fn messages(&self) -> u64 {
        let sequence = |at: u64| at & ((1 << SEQUENCE_BITS) - 1);
        let of_run = |bits: &RoaringTreemap| bits.iter().map(sequence).collect::<RoaringTreemap>().len();
        self.0.values().map(of_run).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(run: u128, sequence: u64, ordinal: u32) -> RecordNumber {
        RecordNumber { message: MessageNumber { run: Run(run), sequence }, ordinal }
    }

    fn bit(run: u128, sequence: u64, ordinal: u32) -> Bit {
        Bit::of(number(run, sequence, ordinal)).unwrap()
    }

    #[test]
    fn each_number_is_its_own() {
        let mut numbers = Numbers::default();
        let all = [bit(1, 0, 0), bit(2, 0, 0), bit(1, 1, 0), bit(1, 0, 1), bit(1, (1 << 40) - 1, (1 << 24) - 1)];
        for bit in all {
            assert!(!numbers.contains(bit) && numbers.insert(bit) && !numbers.insert(bit) && numbers.contains(bit));
        }
        assert_eq!(numbers.messages(), 4, "two records are of one message");
        numbers.remove(bit(2, 0, 0));
        assert_eq!((numbers.messages(), numbers.runs().collect::<Vec<_>>()), (3, vec![Run(1)]));
    }

    #[test]
    fn a_message_has_a_bit_for_each_record() {
        let message = number(1, 7, 0).message;
        let bits: Vec<Bit> = Bit::all(message, 3).unwrap().collect();
        assert_eq!(bits, [bit(1, 7, 0), bit(1, 7, 1), bit(1, 7, 2)]);
        assert_eq!(Bit::all(message, 0).unwrap().count(), 0);
    }

    #[test]
    fn what_no_gateway_gives_out_is_refused() {
        for strange in [number(1, 1 << 40, 0), number(1, 0, 1 << 24)] {
            assert_eq!(Bit::of(strange), Err(NoSuchNumber(strange)));
        }
        assert!(Bit::all(number(1, 0, 0).message, u64::MAX).is_err());
    }
}
