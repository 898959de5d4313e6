//! A fold that is taken over: at whichever record, and from whatever was kept, lost or learnt.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::oracle::{Outcome, figures, outcomes, rows};
use super::sent::{HORIZON, Sent, flush, fold, give};
use super::traffic::traffic;
use crate::fold::Fold;
use crate::row::{Row, RowKey};

/// What a position tells of a fold.
struct Kept {
    clock: Option<i64>,
    log_days: Vec<(crate::day::Day, u64)>,
    rows: u64,
}

fn kept(fold: &Fold) -> Kept {
    Kept { clock: fold.clock(), log_days: fold.log_days().to_vec(), rows: fold.rows() }
}

/// A fold at this position: rows as the topic has them, identities restored from blobs and learnt from the records behind
/// them.
fn taken_over(kept: &Kept, topic: &BTreeMap<RowKey, Row>, blobs: &[Vec<u8>], learn: &[Sent]) -> Fold {
    let mut next = fold();
    blobs.iter().for_each(|blob| next.restore(blob).unwrap());
    learn.iter().for_each(|sent| next.learn(sent.appended(), &sent.entry()));
    // Learning ends with the very clock, or nothing was there to be learnt.
    assert!(next.clock() == kept.clock || (blobs.is_empty() && learn.is_empty()));
    next.go_on_from(kept.clock, &kept.log_days);
    topic.values().cloned().for_each(|row| next.hold(row));
    next.close_old_days();
    assert_eq!((next.rows(), next.imbalance()), (kept.rows, None));
    next
}

/// Folds the rest, and must end as the rules say.
fn goes_on(all: &[Sent], from: usize, mut fold: Fold, mut topic: BTreeMap<RowKey, Row>) -> Result<(), TestCaseError> {
    let found: Vec<Outcome> =
        (from..all.len()).map(|offset| Outcome::from(&give(&mut fold, offset, all[offset]))).collect();
    flush(&mut fold, &mut topic);
    prop_assert_eq!(fold.imbalance(), None);
    prop_assert_eq!(&found[..], &outcomes(all)[from..]);
    prop_assert_eq!(figures(&topic), rows(all));
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// From every record of a log: all was lost but the topic, and the window is learnt; or a part was kept, up to any place,
    /// and what follows it is learnt; or more than the window is learnt.
    #[test]
    fn rules_9_and_12_a_fold_goes_on_alike_from_every_record_whatever_was_kept_learnt_or_lost(
        all in traffic(), cut in any::<u64>(),
    ) {
        let (mut first, mut topic, mut blobs) = (fold(), BTreeMap::new(), Vec::new());
        for at in 0..all.len() {
            let position = kept(&first);
            let window = position.log_days.first().map_or(at, |(_, offset)| *offset as usize);
            // Each record is a starting point; which prefix was kept or learnt goes by chance.
            let place = (cut.wrapping_mul(at as u64 + 1) >> 7) as usize;
            match place % 3 {
                0 => goes_on(&all, at, taken_over(&position, &topic, &[], &all[window..at]), topic.clone())?,
                1 => {
                    let from = place % (window + 1);
                    goes_on(&all, at, taken_over(&position, &topic, &[], &all[from..at]), topic.clone())?;
                }
                _ => {
                    let end = place % (at + 1);
                    goes_on(&all, at, taken_over(&position, &topic, &blobs[..end], &all[end..at]), topic.clone())?;
                }
            }
            give(&mut first, at, all[at]);
            blobs.push(first.take_identities());
            flush(&mut first, &mut topic);
            first.close_old_days();
        }
    }

    /// A fold of which a part of the last flush reached nobody but its position did not move either.
    #[test]
    fn rule_10_rows_that_are_ahead_of_the_position_take_nothing_twice(
        all in traffic(), ahead in 1..40_usize, kept_rows in any::<u64>(),
    ) {
        let (mut first, mut topic) = (fold(), BTreeMap::new());
        let at = all.len() / 2;
        (0..at).for_each(|offset| drop(give(&mut first, offset, all[offset])));
        flush(&mut first, &mut topic);
        let position = kept(&first);
        let end = (at + ahead).min(all.len());
        (at..end).for_each(|offset| drop(give(&mut first, offset, all[offset])));
        let mut store = topic.clone();
        for (n, row) in first.take_rows().into_iter().enumerate() {
            if kept_rows >> (n % 64) & 1 == 1 {
                store.insert(row.at.clone(), row);
            }
        }
        let window = position.log_days.first().map_or(at, |(_, offset)| *offset as usize);
        let mut next = fold();
        all[window..at].iter().for_each(|sent| next.learn(sent.appended(), &sent.entry()));
        next.go_on_from(position.clock, &position.log_days);
        store.values().cloned().for_each(|row| next.hold(row));
        goes_on(&all, at, next, store)?;
    }
}

#[test]
fn a_day_that_is_over_is_never_touched_again() {
    let all: Vec<Sent> =
        (0..40).map(|n| super::sent::sent(n, n as u8, 100 + (n as i32 % 5), 1, 100 + n as i64 / 4)).collect();
    let mut fold = fold();
    for (offset, sent) in all.iter().enumerate() {
        give(&mut fold, offset, *sent);
        let first = HORIZON.first(fold.log_day().unwrap());
        assert!(fold.take_rows().iter().all(|row| row.at.day >= first));
    }
}
