//! Rule 13: what lies outside the horizon is filed under the log's day, and found there.

use tallygate_core::checkpoint::Correction;
use tallygate_core::{Aggregate, Day};
use tallygate_reading::reconcile::{GroupReport, Report, Scope, Verdict};
use tallygate_stream::Topic;

use crate::store::{DAY, row};
use crate::world::{RUN, World};

const LONG_AGO: &str = "2026-11-14";
const JUST_INSIDE: &str = "2026-11-15";

/// A sound line, and a message of one transaction of this day, which is dead under [`DAY`].
fn dead_of(day: &str) -> World {
    let world = World::sound();
    world.accept_on(3, &[(day, 1, "4.00")]);
    world.ship_on(day, RUN, 3, 0, "4.00");
    world.sum(Aggregate::Dead, 1, "4.00");
    world.log.commit_all();
    world
}

fn of<'r>(report: &'r Report, day: &str) -> &'r GroupReport {
    let day: Day = day.parse().unwrap();
    report.groups.iter().find(|group| group.day == day).unwrap()
}

#[tokio::test(start_paused = true)]
async fn rule_13_what_lies_outside_the_horizon_is_filed_under_the_logs_day() {
    for day in [LONG_AGO, "2026-11-30"] {
        let world = dead_of(day);
        let report = world.reconcile(0).await;
        assert_eq!(report.verdict, Verdict::Balanced, "{}", report.to_text());
        let (own, filed) = (of(&report, day), of(&report, DAY));
        assert_eq!((own.accepted.count, own.filed_elsewhere.count, own.dead.count), (1, 1, 0));
        assert_eq!((filed.filed_here.count, filed.filed_here.sum.to_string(), filed.dead.count), (1, "4.00".into(), 1));
        assert!(report.to_json().contains("\"filed_elsewhere\": {"));
        for day in [day, DAY] {
            let scope = Scope { day: day.parse().ok(), partner: None };
            let report = world.reconcile_of(async || Ok(0), &scope).await;
            assert_eq!((report.verdict, report.groups.len()), (Verdict::Balanced, 1), "{}", report.to_text());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn rule_13_what_lies_inside_the_horizon_is_filed_under_its_own_day() {
    for day in [JUST_INSIDE, "2026-11-29"] {
        let report = dead_of(day).reconcile(0).await;
        assert_eq!(report.verdict, Verdict::NotBalanced, "{}", report.to_text());
        assert_eq!((of(&report, day).difference.unwrap().count, of(&report, DAY).difference.unwrap().count), (1, -1));
    }
}

#[tokio::test(start_paused = true)]
async fn rule_13_what_is_delivered_again_outside_the_horizon_counts_nowhere() {
    let world = dead_of(LONG_AGO);
    world.ship_on(LONG_AGO, RUN, 3, 0, "4.00");
    world.log.commit_all();
    let report = world.reconcile(0).await;
    assert_eq!((report.verdict, report.redelivered), (Verdict::Balanced, 1), "{}", report.to_text());
}

#[tokio::test(start_paused = true)]
async fn rule_6_the_logs_day_is_that_of_corrected_append_times() {
    let world = dead_of(JUST_INSIDE);
    // The message is the second of its log partition, and was appended a day later than it was stamped.
    let correction = Correction { first: 1, last: 1, time: 1_795_375_181_500 + 86_400_000 };
    world.position(1, 2, &[correction]).await;
    let report = world.reconcile(0).await;
    let next = of(&report, "2026-11-23");
    assert_eq!((next.filed_here.count, of(&report, JUST_INSIDE).filed_elsewhere.count), (1, 1), "{}", report.to_text());
    assert_eq!(report.verdict, Verdict::NotBalanced, "it is dead under the other day");

    let world = World::sound();
    world.accept_on(3, &[(JUST_INSIDE, 1, "4.00")]);
    world.ship_on(JUST_INSIDE, RUN, 3, 0, "4.00");
    let mut dead = row(Aggregate::Dead, "shop-1", "EUR", 1, 1, 1, "4.00");
    dead.at.day = "2026-11-23".parse().unwrap();
    world.both(dead);
    world.log.commit_all();
    world.position(1, 2, &[correction]).await;
    let report = world.reconcile(0).await;
    assert_eq!(report.verdict, Verdict::Balanced, "{}", report.to_text());
}

#[tokio::test(start_paused = true)]
async fn rule_6_what_lies_behind_the_position_may_yet_be_corrected_and_is_under_way() {
    let world = World::sound();
    world.position(1, 0, &[]).await;
    let report = world.reconcile(0).await;
    assert_eq!((report.verdict, report.backlog.fold), (Verdict::NotYet, 1), "{}", report.to_text());
}

#[tokio::test(start_paused = true)]
async fn what_does_not_read_but_bears_a_known_number_counts_nowhere() {
    let world = World::sound();
    let number = format!("{RUN}/1/0");
    world.log.put(Topic::Transactions, 1, &[("tallygate-number", &number)], "not json");
    world.log.commit_all();
    let report = world.reconcile(0).await;
    assert_eq!((report.verdict, report.redelivered, report.unreadable_in_log), (Verdict::Balanced, 1, 0));
}

#[tokio::test(start_paused = true)]
async fn rule_13_what_was_accepted_and_does_not_read_in_the_log_is_lost() {
    let world = World::sound();
    world.accept(5, 1, "2.00");
    let number = format!("{RUN}/5/0");
    world.log.put(Topic::Transactions, 1, &[("tallygate-number", &number)], "not json");
    world.both(row(Aggregate::Dead, "?", "XXX", 0, 9, 1, "0.00"));
    world.log.commit_all();
    let report = world.reconcile(0).await;
    assert_eq!((report.verdict, report.lost_messages), (Verdict::NotBalanced, 1), "{}", report.to_text());
}

#[tokio::test(start_paused = true)]
async fn a_pruned_log_proves_no_day_that_may_have_been_filed_before() {
    let world = World::sound();
    *world.log.low.lock().unwrap() = [1, 0];
    world.accept_on(9, &[("2027-06-01", 1, "4.00")]);
    let report = world.reconcile(0).await;
    assert_eq!((report.verdict, report.lost_messages), (Verdict::Balanced, 0), "{}", report.to_text());
    assert!(!of(&report, "2027-06-01").provable);
}

#[tokio::test(start_paused = true)]
async fn a_number_that_no_gateway_gives_is_named_and_ends_nothing() {
    let world = World::sound();
    for amount in ["1.00", "1.00"] {
        world.ship(1 << 41, 0, amount);
    }
    let number = format!("{RUN}/{}/0", (1_u64 << 41) + 1);
    world.log.put(Topic::Transactions, 1, &[("tallygate-number", &number)], "not json");
    world.sum(Aggregate::Dead, 1, "1.00");
    world.both(row(Aggregate::Dead, "?", "XXX", 0, 9, 1, "0.00"));
    world.log.commit_all();
    let report = world.reconcile(0).await;
    let named = report.damage.join("; ");
    assert!(
        named.contains(&format!("{RUN}/{}/0, which is no number", 1_u64 << 41)) && named.contains(&number),
        "{named}"
    );
    assert_eq!((report.verdict, report.redelivered, report.unreadable_in_log), (Verdict::NotBalanced, 1, 1));
    let group = of(&report, DAY);
    assert_eq!((group.never_answered.count, group.difference.unwrap().count), (1, 0), "{}", report.to_text());
}
