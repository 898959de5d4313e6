//! What is reconciled.

use tallygate_core::Day;

/// What is reconciled.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    /// This day alone.
    pub day: Option<Day>,
    /// This partner alone.
    pub partner: Option<String>,
}

impl Scope {
    pub(super) fn takes(&self, day: Day, partner: &str) -> bool {
        self.day.is_none_or(|wanted| wanted == day) && self.partner.as_deref().is_none_or(|wanted| wanted == partner)
    }
}
