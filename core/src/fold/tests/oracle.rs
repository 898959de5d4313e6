//! A plain reading of the rules: each record is held against all records before it, and rows are added up afterwards.

use std::collections::{BTreeMap, BTreeSet};

use super::sent::{HORIZON, Sent};
use crate::fold::Verdict;
use crate::row::{Aggregate, Row, RowKey};

const PAST: i64 = HORIZON.past as i64;
const FUTURE: i64 = HORIZON.future as i64;

/// What became of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Counted,
    Duplicate,
    Redelivered,
    Dead,
}

/// A row: aggregate, day, key, currency.
pub(super) type Place = (Aggregate, i32, String, String);
/// Of a row: sum, count, offset and append time of the last record.
pub(super) type Figures = (i128, u64, u64, i64);

/// A record with the log's day when it came, and what became of it.
struct Judged {
    sent: Sent,
    clock: i64,
    outcome: Outcome,
}

impl From<&Verdict> for Outcome {
    fn from(verdict: &Verdict) -> Self {
        match verdict {
            Verdict::Counted => Self::Counted,
            Verdict::Duplicate => Self::Duplicate,
            Verdict::Redelivered => Self::Redelivered,
            Verdict::Dead(_) => Self::Dead,
        }
    }
}

pub(super) fn outcomes(all: &[Sent]) -> Vec<Outcome> {
    judge_all(all).iter().map(|judged| judged.outcome).collect()
}

pub(super) fn rows(all: &[Sent]) -> BTreeMap<Place, Figures> {
    let judged = judge_all(all);
    let places: BTreeSet<Place> = judged.iter().flat_map(shares).collect();
    let figures = |place: &Place| {
        let ours: Vec<usize> = (0..judged.len()).filter(|at| shares(&judged[*at]).contains(place)).collect();
        let sum: i128 = ours.iter().map(|at| i128::from(judged[*at].sent.amount) * 1_000_000_000).sum();
        let last = ours[ours.len() - 1];
        (sum, ours.len() as u64, last as u64, judged[last].sent.appended())
    };
    places.into_iter().map(|place| (place.clone(), figures(&place))).collect()
}

/// The rows of a store, as [`rows`] has them.
pub(super) fn figures(store: &BTreeMap<RowKey, Row>) -> BTreeMap<Place, Figures> {
    let figure = |row: &Row| {
        let currency = row.at.currency.as_str().to_owned();
        let place = (row.at.aggregate, row.at.day.epoch_days(), row.at.key.clone(), currency);
        (place, (row.sum.units(), row.count, row.offset, row.updated_at))
    };
    store.values().map(figure).collect()
}

/// The rows that a record has a share in.
fn shares(judged: &Judged) -> Vec<Place> {
    let Judged { sent, outcome, .. } = judged;
    let place = |aggregate, key: String| (aggregate, sent.day, key, sent.currency().to_owned());
    let of_partner = |aggregate| place(aggregate, sent.partner().to_owned());
    match outcome {
        Outcome::Counted => vec![place(Aggregate::Daily, sent.key()), of_partner(Aggregate::Counted)],
        Outcome::Duplicate => vec![of_partner(Aggregate::Duplicate)],
        Outcome::Dead => vec![of_partner(Aggregate::Dead)],
        Outcome::Redelivered => Vec::new(),
    }
}

fn judge_all(all: &[Sent]) -> Vec<Judged> {
    let mut judged: Vec<Judged> = Vec::new();
    for (at, sent) in all.iter().enumerate() {
        let clock = all[..=at].iter().map(|sent| sent.log_day).max().unwrap();
        let outcome = judge(&judged, *sent, clock);
        judged.push(Judged { sent: *sent, clock, outcome });
    }
    judged
}

fn judge(earlier: &[Judged], sent: Sent, clock: i64) -> Outcome {
    let original = original(earlier, sent, clock);
    if original.is_some_and(|original| original.number() == sent.number()) {
        return Outcome::Redelivered;
    }
    // A number that did not count is known for the horizon.
    let did_not_count = |judged: &&Judged| matches!(judged.outcome, Outcome::Duplicate | Outcome::Dead);
    let mut same_number = earlier.iter().filter(did_not_count).filter(|judged| judged.sent.number() == sent.number());
    if same_number.any(|judged| clock <= judged.clock + PAST + FUTURE) {
        return Outcome::Redelivered;
    }
    match original {
        Some(original) if (original.day, original.amount) == (sent.day, sent.amount) => Outcome::Duplicate,
        Some(_) => Outcome::Dead,
        None if (clock - PAST..=clock + FUTURE).contains(&i64::from(sent.day)) => Outcome::Counted,
        None => Outcome::Dead,
    }
}

/// The last record of this identity that counted, while it is known: for the days of the horizon after its own day and
/// after each sight.
fn original(earlier: &[Judged], sent: Sent, clock: i64) -> Option<Sent> {
    let same: Vec<&Judged> = earlier.iter().filter(|judged| judged.sent.id == sent.id).collect();
    let at = same.iter().rposition(|judged| judged.outcome == Outcome::Counted)?;
    let original = same[at];
    let mut until = original.clock.max(i64::from(original.sent.day)) + PAST;
    for sight in &same[at + 1..] {
        let is_sight = sight.outcome == Outcome::Duplicate || sight.sent.number() == original.sent.number();
        if is_sight && sight.clock <= until {
            until = until.max(sight.clock + PAST);
        }
    }
    (clock <= until).then_some(original.sent)
}
