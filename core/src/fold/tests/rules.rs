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
fn rule_9_each_sight_keeps_an_identity_known() {
    let all = [sent(1, 1, 100, 5, 100), sent(2, 1, 100, 5, 102), sent(3, 1, 100, 5, 104), sent(4, 1, 100, 5, 106)];
    assert_eq!(verdicts(&all)[1..], [Verdict::Duplicate, Verdict::Duplicate, Verdict::Duplicate]);
}

#[test]
fn rule_9_a_conflict_is_no_sight() {
    let all = [sent(1, 1, 100, 5, 100), sent(2, 1, 100, 6, 102), sent(3, 1, 103, 5, 103)];
    assert_eq!(verdicts(&all)[1..], [Verdict::Dead(Reason::Conflict), Verdict::Counted]);
}

#[test]
fn rule_9_the_same_amount_written_otherwise_is_no_conflict() {
    let (mut fold, store) = (fold(), BTreeMap::new());
    let first = sent(1, 1, 100, 5, 100);
    give(&mut fold, &store, 0, first);
    let mut again = sent(2, 1, 100, 5, 100).entry().unwrap();
    again.amount = "5.00".parse().unwrap();
    assert_eq!(fold.apply(1, first.appended(), &Ok(again)), Ok(Verdict::Duplicate));
}

#[test]
fn a_record_that_does_not_read_is_dead_on_the_day_of_the_log() {
    let (mut fold, unreadable) = (fold(), Unreadable { field: "value", problem: "no JSON".into() });
    fold.open(Day::from_epoch_days(100), vec![]);
    let verdict = fold.apply(7, 100 * MILLIS_PER_DAY, &Err(unreadable.clone())).unwrap();
    assert_eq!(verdict, Verdict::Dead(Reason::Unreadable(unreadable)));
    let rows = fold.take_rows();
    assert_eq!(
        (rows.len(), rows[0].at.aggregate, &*rows[0].at.key, rows[0].count),
        (1, Aggregate::Dead, UNREADABLE, 1)
    );
}

#[test]
fn a_row_that_took_the_record_already_is_written_again_unchanged() {
    let (mut first, mut store) = (fold(), BTreeMap::new());
    give(&mut first, &store, 5, sent(1, 1, 100, 5, 100));
    flush(&mut first, &mut store);
    let mut second = fold();
    give(&mut second, &store, 5, sent(1, 1, 100, 5, 100));
    let rows: BTreeMap<RowKey, Row> = second.take_rows().into_iter().map(|row| (row.at.clone(), row)).collect();
    assert_eq!(rows, store);
}
