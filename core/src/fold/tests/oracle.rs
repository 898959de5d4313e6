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

/// The rows that a record has a share in. What lies outside the horizon stands under the day of the log.
fn shares(judged: &Judged) -> Vec<Place> {
    let Judged { sent, outcome, .. } = judged;
    let day = if is_within(judged) { sent.day } else { judged.clock as i32 };
    let place = |aggregate, key: String| (aggregate, day, key, sent.currency().to_owned());
    let of_partner = |aggregate| place(aggregate, sent.partner().to_owned());
    match outcome {
        Outcome::Counted => vec![place(Aggregate::Daily, sent.key()), of_partner(Aggregate::Counted)],
        Outcome::Duplicate => vec![of_partner(Aggregate::Duplicate)],
        Outcome::Dead => vec![of_partner(Aggregate::Dead)],
        Outcome::Redelivered => Vec::new(),
    }
}

fn is_within(judged: &Judged) -> bool {
    (judged.clock - PAST..=judged.clock + FUTURE).contains(&i64::from(judged.sent.day))
}

fn judge_all(all: &[Sent]) -> Vec<Judged> {
    let mut judged: Vec<Judged> = Vec::new();
    for (at, sent) in all.iter().enumerate() {
        let clock = all[..=at].iter().map(|sent| sent.log_day).max().unwrap();
        let mut one = Judged { sent: *sent, clock, outcome: Outcome::Dead };
        one.outcome = judge(&judged, &one);
        judged.push(one);
    }
    judged
}

fn judge(earlier: &[Judged], this: &Judged) -> Outcome {
    let Judged { sent, clock, .. } = this;
    // A number is known for the whole horizon after each sight of it.
    let mut same_number = earlier.iter().filter(|judged| judged.sent.number() == sent.number());
    if same_number.any(|judged| *clock <= judged.clock + PAST + FUTURE) {
        return Outcome::Redelivered;
    }
    // A sight inside the horizon makes its identity known, whatever came of it.
    let is_known = |judged: &&Judged| {
        judged.sent.id == sent.id && is_within(judged) && *clock <= judged.clock.max(i64::from(judged.sent.day)) + PAST
    };
    let known: Vec<&Judged> = earlier.iter().filter(is_known).collect();
    let agrees = |judged: &&Judged| (judged.sent.day, judged.sent.amount) == (sent.day, sent.amount);
    match known.is_empty() {
        false if known.iter().any(agrees) => Outcome::Duplicate,
        false => Outcome::Dead,
        true if is_within(this) => Outcome::Counted,
        true => Outcome::Dead,
    }
}
