//! Which dead letters are asked for.

use tallygate_core::Day;

use super::letter::DeadLetter;
use crate::limits::DEAD_LETTERS;

/// Which dead letters are asked for.
#[derive(Clone, Debug)]
pub struct Filter {
    /// Of this business day alone.
    pub day: Option<Day>,
    /// Of this partner alone.
    pub partner: Option<String>,
    /// Those whose reason holds this text, whatever its case.
    pub reason: Option<String>,
    /// At most so many, the newest; never more than [`DEAD_LETTERS_MOST`](crate::limits::DEAD_LETTERS_MOST).
    pub most: usize,
}

impl Default for Filter {
    fn default() -> Self {
        Self { day: None, partner: None, reason: None, most: DEAD_LETTERS }
    }
}

impl Filter {
    pub(super) fn takes(&self, letter: &DeadLetter) -> bool {
        let seen = &letter.transaction;
        let day = self.day.is_none_or(|day| seen.day.as_deref() == Some(&*day.to_string()));
        let partner = self.partner.is_none() || self.partner == seen.partner;
        let reason =
            self.reason.as_ref().is_none_or(|reason| letter.reason.to_lowercase().contains(&reason.to_lowercase()));
        day && partner && reason
    }
}
