//! What the store says of each partner: counted, duplicates and dead.

use std::collections::{BTreeMap, BTreeSet};

use tallygate_core::fold::UNREADABLE;
use tallygate_core::{Aggregate, Day};
use tallygate_sums::SumsError;

use super::figures::Figures;
use super::group::Group;
use super::scope::Scope;
use crate::ledger::Reader;

/// The store's figures: counted, duplicates and dead by group.
pub(super) type Rows = BTreeMap<(Aggregate, Group), Figures>;

/// Reads the figures of these days.
pub(super) async fn read_rows(reader: &Reader, days: &BTreeSet<Day>, scope: &Scope) -> Result<Rows, SumsError> {
    let mut figures = Rows::new();
    for day in days {
        for aggregate in [Aggregate::Counted, Aggregate::Duplicate, Aggregate::Dead] {
            for row in reader.rows(aggregate, *day, None).await? {
                if row.at.key != UNREADABLE && !scope.takes(*day, &row.at.key) {
                    continue;
                }
                let group = Group { day: *day, partner: row.at.key, currency: row.at.currency };
                figures.entry((aggregate, group)).or_default().add(row.count, row.sum);
            }
        }
    }
    Ok(figures)
}
