//! The figures of one group, side by side.

use serde::Serialize;
use tallygate_core::{Currency, Day, Sum};

use super::figures::{Difference, Figures};
use crate::text::as_text;

/// The figures of one day, partner and currency.
#[derive(Clone, Debug, Serialize)]
pub struct GroupReport {
    /// The business day.
    #[serde(serialize_with = "as_text")]
    pub day: Day,
    /// The partner.
    pub partner: String,
    /// The currency.
    #[serde(serialize_with = "as_text")]
    pub currency: Currency,
    /// What the journals accepted.
    pub accepted: Figures,
    /// What the log holds beside that.
    pub never_answered: Figures,
    /// What of that lies so far outside the horizon that it is filed under another day, that of the log.
    pub filed_elsewhere: Figures,
    /// What of another day lies so far outside the horizon that it is filed here.
    pub filed_here: Figures,
    /// What counts.
    pub counted: Figures,
    /// The partners' own repeats.
    pub duplicates: Figures,
    /// The dead letters.
    pub dead: Figures,
    /// Accepted and not in the log, while queue or shippers hold anything.
    pub in_queue: Figures,
    /// In the log and not folded yet.
    pub in_log: Figures,
    /// Accepted and never answered, less what is filed elsewhere, and what is filed here, less counted, duplicates and
    /// dead; none while anything is under way, and for days of which the log no longer holds everything.
    pub difference: Option<Difference>,
    /// Whether the log still holds everything of the day, so that it can be proved.
    pub provable: bool,
}

impl GroupReport {
    /// How far what came in and what became of it are apart.
    pub(super) fn off(&self) -> Difference {
        let (mut count, mut sum) = (0_i64, Sum::default());
        for figures in [self.accepted, self.never_answered, self.filed_here] {
            count += figures.count as i64;
            sum = sum + figures.sum;
        }
        let accounted = [self.filed_elsewhere, self.counted, self.duplicates, self.dead, self.in_queue, self.in_log];
        for figures in accounted {
            count -= figures.count as i64;
            sum = sum - figures.sum;
        }
        Difference { count, sum }
    }
}
