//! What records are read for: those before the committed position to catch up, those behind it to count.

use super::live::Live;
use crate::takeover::Takeover;

/// The phases follow each other in this order; one that has no records is skipped.
#[derive(Debug)]
pub(super) enum Phase {
    /// Their identities came from the local state: they are read to see that the log is the one that was folded.
    Verify(Verify),
    /// Their identities are learnt. What came of them is safe in the store.
    Learn(Learn),
    /// They were committed, and are folded again, as the store may have lost what came of them (rule 12).
    Refold(Refold),
    /// Nobody committed them yet.
    Live(Live),
}

/// Before the place up to which identities were restored.
#[derive(Clone, Copy, Debug)]
pub(super) struct Verify {
    until: u64,
    then: Learn,
}

/// Before the place from which on records are folded.
#[derive(Clone, Copy, Debug)]
pub(super) struct Learn {
    until: u64,
    then: Refold,
}

/// Before the committed position.
#[derive(Clone, Copy, Debug)]
pub(super) struct Refold {
    until: u64,
}

impl Phase {
    pub(super) fn begin(plan: &Takeover) -> Self {
        let refold = Refold { until: plan.committed_offset() };
        let learn = Learn { until: plan.tail.offset, then: refold };
        match plan.restored {
            Some(restored) => Self::Verify(Verify { until: restored, then: learn }),
            None => Self::Learn(learn),
        }
    }

    /// Goes on to the phase of the record at this offset.
    pub(super) fn reach(&mut self, offset: u64) {
        loop {
            *self = match self {
                Self::Verify(Verify { until, then }) if offset >= *until => Self::Learn(*then),
                Self::Learn(Learn { until, then }) if offset >= *until => Self::Refold(*then),
                Self::Refold(Refold { until }) if offset >= *until => Self::Live(Live::default()),
                _ => return,
            }
        }
    }

    /// The offset from which on records are folded, when the next one stands at `next`.
    pub(super) fn folds_from(&self, next: u64) -> u64 {
        match self {
            Self::Verify(Verify { then: learn, .. }) | Self::Learn(learn) => learn.until.max(next),
            Self::Refold(_) | Self::Live(_) => next,
        }
    }

    /// The phase that goes on for ever, once it is reached.
    pub(super) fn live(&self) -> Option<&Live> {
        match self {
            Self::Live(live) => Some(live),
            Self::Verify(_) | Self::Learn(_) | Self::Refold(_) => None,
        }
    }

    pub(super) fn live_mut(&mut self) -> Option<&mut Live> {
        match self {
            Self::Live(live) => Some(live),
            Self::Verify(_) | Self::Learn(_) | Self::Refold(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use tallygate_stream::{Committed, Start};

    use super::*;
    use crate::note::LogPosition;

    /// The phases of the records at offsets 0 to 9, each by its first letter.
    fn phases(restored: Option<u64>, tail: u64, committed: Option<u64>) -> String {
        let mut phase = Phase::begin(&Takeover {
            committed: committed.map(|offset| Committed { offset, note: String::new() }),
            start: Start::Beginning,
            restored,
            tail: LogPosition { offset: tail, clock: None },
            last_folded: None,
        });
        let letter = |offset| {
            phase.reach(offset);
            match phase {
                Phase::Verify(_) => 'v',
                Phase::Learn(_) => 'l',
                Phase::Refold(_) => 'r',
                Phase::Live(_) => '+',
            }
        };
        (0..10).map(letter).collect()
    }

    #[test]
    fn rule_12_each_record_before_the_committed_position_has_its_phase() {
        assert_eq!(phases(Some(2), 5, Some(8)), "vvlllrrr++");
        assert_eq!(phases(None, 5, Some(8)), "lllllrrr++");
        assert_eq!(phases(Some(8), 8, Some(8)), "vvvvvvvv++");
        assert_eq!(phases(None, 0, Some(8)), "rrrrrrrr++");
        assert_eq!(phases(None, 0, None), "++++++++++");
    }

    #[test]
    fn a_record_far_ahead_skips_the_phases_between() {
        let mut phase = Phase::begin(&Takeover {
            restored: Some(2),
            tail: LogPosition { offset: 5, clock: None },
            ..Takeover::of_the_whole_log(Some(&Committed { offset: 8, note: String::new() }))
        });
        assert_eq!(phase.folds_from(0), 5);
        phase.reach(100);
        assert!(phase.live().is_some());
        assert_eq!(phase.folds_from(101), 101);
    }
}
