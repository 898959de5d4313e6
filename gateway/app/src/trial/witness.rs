//! What a trial's gateway decided, and what its policy used.

use std::sync::{Mutex, PoisonError};

use tallygate_front::Observer;
use tallygate_host::{Decision, Outcome as Decided, PolicyFailure, Refusal, ResponseOutcome, Used};

use super::tried::Outcome;

/// Looks on while one request is decided.
#[derive(Debug, Default)]
pub(super) struct Witness(Mutex<Seen>);

/// What was seen.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    /// What the policy decided about the message; none where it was never asked, or failed.
    pub(super) decided: Option<Outcome>,
    /// Of `handle` and `respond`, together.
    pub(super) used: Used,
    /// The refusal, and what only the operator is told.
    pub(super) refused: Option<(Refusal, Option<String>)>,
}

impl Witness {
    /// What was seen so far.
    pub(super) fn seen(&self) -> Seen {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn note(&self, note: impl FnOnce(&mut Seen)) {
        note(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl Seen {
    fn add(&mut self, used: Used) {
        self.used.time += used.time;
        self.used.memory = self.used.memory.max(used.memory);
    }
}

impl Observer for Witness {
    fn handled(&self, _policy: &str, decision: &Result<Decision, PolicyFailure>, used: Used) {
        self.note(|seen| {
            seen.add(used);
            seen.decided = decision.as_ref().ok().map(|decision| match decision.outcome {
                Decided::Accept(_) => Outcome::Accept,
                Decided::Answer(_) => Outcome::Answer,
                Decided::Forward(_) => Outcome::Forward,
                Decided::Reject(_) => Outcome::Reject,
            });
        });
    }

    fn responded(&self, _policy: &str, _outcome: &Result<ResponseOutcome, PolicyFailure>, used: Used) {
        self.note(|seen| seen.add(used));
    }

    fn refused(&self, refusal: &Refusal, cause: Option<&str>) {
        self.note(|seen| seen.refused = Some((refusal.clone(), cause.map(str::to_owned))));
    }
}
