//! Which messages are acknowledged: all below a watermark, and runs above it.

use std::collections::BTreeMap;

/// A set of sequences, as runs without gaps.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Acknowledged {
    below: u64,
    /// From where to where, without the end; none touches another or the watermark.
    above: BTreeMap<u64, u64>,
    /// How many are in the runs.
    count: u64,
}

impl Acknowledged {
    /// All below this one.
    pub(super) fn below(below: u64) -> Self {
        Self { below, ..Self::default() }
    }

    /// The first that is not acknowledged.
    pub(super) fn watermark(&self) -> u64 {
        self.below
    }

    /// Where the last run ends.
    pub(super) fn end(&self) -> u64 {
        self.above.last_key_value().map_or(self.below, |(_, end)| *end)
    }

    /// How many of those below `end` are not.
    pub(super) fn open_below(&self, end: u64) -> u64 {
        end.saturating_sub(self.below).saturating_sub(self.count)
    }

    /// The first from this one on that is not.
    pub(super) fn open_from(&self, sequence: u64) -> u64 {
        let from = sequence.max(self.below);
        match self.above.range(..=from).next_back() {
            Some((_, end)) if *end > from => *end,
            _ => from,
        }
    }

    pub(super) fn contains(&self, sequence: u64) -> bool {
        self.open_from(sequence) != sequence
    }

    /// Adds those from `from` to before `end`.
    pub(super) fn add(&mut self, from: u64, end: u64) {
        let (mut from, mut end) = (from.max(self.below), end);
        if from >= end {
            return;
        }
        if let Some((&before, &before_end)) = self.above.range(..=from).next_back()
            && before_end >= from
        {
            self.remove(before);
            (from, end) = (before, end.max(before_end));
        }
        while let Some((&next, &next_end)) = self.above.range(from..=end).next() {
            self.remove(next);
            end = end.max(next_end);
        }
        if from == self.below {
            self.below = end;
        } else {
            self.above.insert(from, end);
            self.count += end - from;
        }
    }

    /// The runs above the watermark, from where to where.
    pub(super) fn runs(&self) -> impl Iterator<Item = (u64, u64)> {
        self.above.iter().map(|(from, end)| (*from, *end))
    }

    fn remove(&mut self, from: u64) {
        if let Some(end) = self.above.remove(&from) {
            self.count -= end - from;
        }
    }
}

/// Ascending sequences as runs without gaps.
pub(super) fn runs(sequences: impl IntoIterator<Item = u64>) -> Vec<(u64, u64)> {
    let mut runs: Vec<(u64, u64)> = Vec::new();
    for sequence in sequences {
        match runs.last_mut() {
            Some((_, end)) if *end == sequence => *end += 1,
            _ => runs.push((sequence, sequence + 1)),
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn sequences_without_gaps_are_one_run() {
        assert_eq!(runs([1, 2, 3, 5, 8, 9]), [(1, 4), (5, 6), (8, 10)]);
        assert_eq!(runs([]), []);
    }

    /// Beside a plain set, for runs that a small generator makes.
    #[test]
    fn it_is_the_set_of_what_was_added() {
        let mut random = 7_u64;
        let mut next = |most: u64| {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (random >> 33) % most
        };
        for _ in 0..500 {
            let (mut acknowledged, mut plain) = (Acknowledged::below(3), BTreeSet::from([0, 1, 2]));
            for _ in 0..12 {
                let from = next(40);
                let end = from + next(6);
                acknowledged.add(from, end);
                plain.extend(from..end);
                let first = (0..).find(|sequence| !plain.contains(sequence));
                assert_eq!(Some(acknowledged.watermark()), first);
                assert_eq!(acknowledged.end(), plain.last().map_or(0, |last| last + 1));
                for sequence in 0..50 {
                    let open = (0..sequence).filter(|one| !plain.contains(one)).count() as u64;
                    if sequence >= acknowledged.end() {
                        assert_eq!(acknowledged.open_below(sequence), open);
                    }
                    let from = (sequence..).find(|one| !plain.contains(one));
                    assert_eq!(Some(acknowledged.open_from(sequence)), from);
                }
                let whole: BTreeSet<u64> = acknowledged.runs().flat_map(|(from, end)| from..end).collect();
                assert!(whole.iter().all(|sequence| plain.contains(sequence)));
            }
        }
    }
}
