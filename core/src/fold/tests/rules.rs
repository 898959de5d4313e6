//! The rules, one by one.

use std::collections::BTreeMap;

use super::sent::{MILLIS_PER_DAY, flush, fold, give, sent, verdicts};
use crate::day::Day;
use crate::fold::{Reason, UNREADABLE, Verdict};
use crate::record::Unreadable;
use crate::row::{Aggregate, Row, RowKey};

#[test]
fn rule_4_a_number_again_counts_nowhere_and_an_identity_under_another_number_is_a_duplicate() {
    let all = [sent(1, 1, 100, 5, 100), sent(1, 1, 100, 5, 100), sent(2, 1, 100, 5, 100), sent(2, 1, 100, 5, 100)];
    assert_eq!(verdicts(&all), [Verdict::Counted, Verdict::Redelivered, Verdict::Duplicate, Verdict::Redelivered]);
}

#[test]
fn rule_4_a_dead_letter_delivered_again_counts_nowhere() {
    let all = [
        sent(1, 1, 100, 5, 100),
        sent(2, 1, 100, 6, 100),
        sent(2, 1, 100, 6, 100),
        sent(3, 2, 50, 5, 100),
        sent(3, 2, 50, 5, 100),
    ];
    let verdicts = verdicts(&all);
    assert_eq!(verdicts[1], Verdict::Dead(Reason::Conflict));
    assert_eq!(verdicts[2], Verdict::Redelivered);
    assert!(matches!(verdicts[3], Verdict::Dead(Reason::OutsideHorizon { .. })));
    assert_eq!(verdicts[4], Verdict::Redelivered);
}

#[test]
fn rule_6_the_clock_never_goes_back() {
    let all = [sent(1, 1, 100, 5, 103), sent(2, 2, 100, 5, 100)];
    assert!(verdicts(&all).iter().all(|v| matches!(v, Verdict::Dead(Reason::OutsideHorizon { .. }))));
}

#[test]
fn rule_9_counts_from_the_first_to_the_last_day_of_the_horizon() {
    for (day, counts) in [(97, false), (98, true), (101, true), (102, false)] {
        assert_eq!(verdicts(&[sent(1, 1, day, 5, 100)])[0] == Verdict::Counted, counts, "day {day}");
    }
}

#[test]
fn rule_9_a_resend_finds_its_original_or_lies_outside_the_horizon() {
    for day in 98..=101 {
        for later in 0..10 {
            let verdict = &verdicts(&[sent(1, 1, day, 5, 100), sent(2, 1, day, 5, 100 + later)])[1];
            let refused = matches!(verdict, Verdict::Dead(Reason::OutsideHorizon { .. }));
            assert!(refused || *verdict == Verdict::Duplicate, "day {day}, {later} days later: {verdict:?}");
        }
    }
}

#[test]
fn rule_9_a_sight_inside_the_horizon_keeps_an_identity_known_and_one_outside_teaches_nothing() {
    let all = [sent(1, 1, 101, 5, 100), sent(2, 1, 101, 5, 102), sent(3, 1, 101, 5, 104), sent(4, 1, 105, 5, 105)];
    assert_eq!(verdicts(&all)[1..], [Verdict::Duplicate, Verdict::Duplicate, Verdict::Counted]);
}

#[test]
fn rule_9_a_conflict_is_a_sight_too() {
    let all = [sent(1, 1, 100, 5, 100), sent(2, 1, 100, 6, 102), sent(3, 1, 103, 5, 103), sent(4, 1, 100, 6, 102)];
    let conflict = Verdict::Dead(Reason::Conflict);
    assert_eq!(verdicts(&all)[1..], [conflict.clone(), conflict, Verdict::Duplicate]);
}

#[test]
fn rule_4_a_number_is_known_as_long_as_anything_may_be() {
    let all = [sent(1, 1, 98, 5, 100), sent(1, 1, 98, 5, 103), sent(1, 1, 98, 5, 106), sent(1, 1, 98, 5, 110)];
    let verdicts = verdicts(&all);
    assert_eq!(verdicts[1..3], [Verdict::Redelivered, Verdict::Redelivered]);
    assert!(matches!(verdicts[3], Verdict::Dead(Reason::OutsideHorizon { .. })));
}

#[test]
fn rule_12_what_lies_outside_the_horizon_stands_under_the_day_of_the_log() {
    let mut fold = fold();
    give(&mut fold, 0, sent(1, 1, 50, 5, 100));
    let rows = fold.take_rows();
    assert_eq!((rows.len(), rows[0].at.aggregate, rows[0].at.day), (1, Aggregate::Dead, Day::from_epoch_days(100)));
}

#[test]
fn rule_9_the_same_amount_written_otherwise_is_no_conflict() {
    let mut fold = fold();
    let first = sent(1, 1, 100, 5, 100);
    give(&mut fold, 0, first);
    let mut again = sent(2, 1, 100, 5, 100).entry().unwrap();
    again.amount = "5.00".parse().unwrap();
    assert_eq!(fold.apply(1, first.appended(), &Ok(again)), Ok(Verdict::Duplicate));
}

#[test]
fn a_record_that_does_not_read_is_dead_on_the_day_of_the_log_and_once() {
    let number = sent(7, 1, 100, 5, 100).entry().unwrap().number;
    let (mut fold, unreadable) =
        (fold(), Unreadable { field: "value", problem: "no JSON".into(), number: Some(number) });
    let verdict = fold.apply(7, 100 * MILLIS_PER_DAY, &Err(unreadable.clone())).unwrap();
    assert_eq!(verdict, Verdict::Dead(Reason::Unreadable(unreadable.clone())));
    let rows = fold.take_rows();
    assert_eq!(
        (rows.len(), rows[0].at.aggregate, &*rows[0].at.key, rows[0].count),
        (1, Aggregate::Dead, UNREADABLE, 1)
    );
    assert_eq!(fold.apply(8, 100 * MILLIS_PER_DAY, &Err(unreadable.clone())), Ok(Verdict::Redelivered));
    let unnumbered = Unreadable { number: None, ..unreadable };
    for offset in [9, 10] {
        assert!(matches!(fold.apply(offset, 100 * MILLIS_PER_DAY, &Err(unnumbered.clone())), Ok(Verdict::Dead(_))));
    }
}

#[test]
fn a_row_that_took_the_record_already_is_written_again_unchanged() {
    let (mut first, mut store) = (fold(), BTreeMap::new());
    give(&mut first, 5, sent(1, 1, 100, 5, 100));
    flush(&mut first, &mut store);
    let mut second = fold();
    store.values().cloned().for_each(|row| second.hold(row));
    give(&mut second, 5, sent(1, 1, 100, 5, 100));
    let rows: BTreeMap<RowKey, Row> = second.take_rows().into_iter().map(|row| (row.at.clone(), row)).collect();
    assert_eq!(rows, store);
}

#[test]
fn rule_13_one_cent_changed_in_one_row_is_noticed() {
    let (mut first, mut store) = (fold(), BTreeMap::new());
    for (offset, amount) in [(0, 5), (1, 7)] {
        give(&mut first, offset, sent(offset as u64, offset as u8, 100, amount, 100));
    }
    assert_eq!(first.imbalance(), None);
    flush(&mut first, &mut store);
    for at in store.keys().cloned().collect::<Vec<_>>() {
        let mut changed = store.clone();
        let row = changed.get_mut(&at).unwrap();
        row.sum = row.sum.plus("0.01".parse().unwrap());
        let mut second = fold();
        changed.into_values().for_each(|row| second.hold(row));
        let found = second.imbalance().expect("it differs");
        assert_eq!((found.day, found.currency), (at.day, at.currency));
    }
}

#[test]
fn a_sum_that_no_longer_fits_is_an_error() {
    let mut fold = fold();
    let full = sent(1, 1, 100, 5, 100);
    give(&mut fold, 0, full);
    for mut row in fold.take_rows() {
        row.sum = crate::money::Sum::from_units(i128::MAX);
        fold.hold(row);
    }
    let more = sent(2, 12, 100, 5, 100);
    assert_eq!(more.key(), full.key());
    assert!(fold.apply(1, more.appended(), &more.entry()).is_err());
}
