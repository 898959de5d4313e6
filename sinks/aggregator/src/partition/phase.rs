//! What records are read for: those before the position to learn from them, those behind it to count.

use tallygate_core::checkpoint::Fingerprint;
use tallygate_stream::Record;

use super::halt::Halt;
use super::live::Live;
use crate::fingerprint::{Expected, fingerprint};

/// The phases follow each other in this order.
#[derive(Debug)]
pub(super) enum Phase {
    /// Before the position.
    Learn(Learn),
    /// Nobody committed these yet.
    Live(Live),
}

/// Before the position: the log must be the one that was folded.
#[derive(Debug)]
pub(super) struct Learn {
    /// Records before this one are known from the local state; they are read to see that they are the same.
    pub(super) known_to: u64,
    /// The position.
    pub(super) until: u64,
    /// What must be found on the way, in the order of the log.
    pub(super) expected: Vec<Expected>,
    /// The clock that learning must end with; none when the log no longer holds what set it.
    pub(super) clock: Option<i64>,
}

impl Learn {
    /// Whether this record teaches anything.
    pub(super) fn teaches(&self, offset: u64) -> bool {
        offset >= self.known_to
    }

    /// Checks that all was learnt, with the clock that the fold has now.
    pub(super) fn end(&self, clock: Option<i64>) -> Result<(), Halt> {
        if let Some(expected) = self.expected.first() {
            return Err(missing(expected.offset));
        }
        match self.clock {
            // What was kept here comes before the log is blamed.
            Some(right) if clock != Some(right) && self.known_to > 0 => Err(Halt::ForeignState),
            Some(right) if clock != Some(right) => Err(Halt::Stand(format!(
                "the append times before offset {} do not come to the clock of the position: the log, or a correction of its \
                 clock, is another than when it was folded; run `tallygate recover`",
                self.until
            ))),
            _ => Ok(()),
        }
    }
}

/// Checks a record against what must be found.
pub(super) fn check(expected: &mut Vec<Expected>, record: &Record) -> Result<(), Halt> {
    let Some(first) = expected.first().copied() else { return Ok(()) };
    if record.offset < first.offset {
        return Ok(());
    }
    if record.offset > first.offset {
        return Err(missing(first.offset));
    }
    if fingerprint(record) != first.fingerprint && first.by_local_state {
        return Err(Halt::ForeignState);
    }
    if fingerprint(record) != first.fingerprint {
        return Err(Halt::Stand(format!(
            "the record at offset {} is not the one that was folded: the topic was made anew, or is another; give the new one \
             a name of its own",
            first.offset
        )));
    }
    expected.retain(|expected| expected.offset != first.offset);
    Ok(())
}

fn missing(offset: u64) -> Halt {
    Halt::Stand(format!(
        "the log does not deliver the record at offset {offset}, which was folded and which it holds by its own account: it is \
         damaged; `tallygate recover --from-store` goes on behind it"
    ))
}

/// What must be found of a log whose first record stands at `low`: the last record of the local state, and the last one that
/// was folded, which is no earlier.
pub(super) fn expected(
    low: u64,
    known: Option<(u64, Fingerprint)>,
    folded: Option<(u64, Fingerprint)>,
) -> Vec<Expected> {
    let of = |by_local_state| move |(offset, fingerprint)| Expected { offset, fingerprint, by_local_state };
    let known = known.filter(|(offset, _)| folded.is_some_and(|(folded, _)| folded != *offset));
    let found = known.map(of(true)).into_iter().chain(folded.map(of(false)));
    found.filter(|expected| expected.offset >= low).collect()
}
