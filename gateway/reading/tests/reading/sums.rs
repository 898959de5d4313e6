//! Rule 13: the sums by key add up to what counted, and topic and store have each row alike.

use tallygate_core::notice::PartitionNotice;
use tallygate_core::{Aggregate, PartitionBy};
use tallygate_reading::reconcile::{Report, Scope, Verdict};
use tallygate_sums::Notices;
use tokio::time::{Duration, sleep};

use crate::store::{DAY, row};
use crate::world::World;

fn says(report: &Report, text: &str) {
    assert!(report.to_text().contains(text), "{}", report.to_text());
}

#[tokio::test(start_paused = true)]
async fn rule_13_a_cent_in_a_row_by_key_is_found_in_topic_and_store_alike() {
    let world = World::sound();
    world.both(row(Aggregate::Daily, "k", "EUR", 0, 9, 2, "20.01"));
    let report = world.reconcile(0).await;
    assert_eq!((report.verdict, report.daily_different, report.rows_different), (Verdict::NotBalanced, 1, 0));
    says(&report, &format!("{DAY}  EUR  log partition 0: by key 2: 20.01, counted 2: 20.00"));
}

#[tokio::test(start_paused = true)]
async fn rule_13_sums_that_agree_over_all_log_partitions_but_in_none_are_wrong() {
    let world = World::sound();
    world.both(row(Aggregate::Daily, "k", "EUR", 0, 9, 1, "10.00"));
    world.both(row(Aggregate::Daily, "k", "EUR", 1, 9, 1, "10.00"));
    let report = world.reconcile(0).await;
    assert_eq!((report.verdict, report.daily_different), (Verdict::NotBalanced, 2), "{}", report.to_text());
}

#[tokio::test(start_paused = true)]
async fn rule_13_a_key_with_rows_in_all_log_partitions_balances_and_a_cent_in_any_of_them_is_found() {
    let spread = |cent: Option<u32>| {
        let world = World::sound_but_for_sums(PartitionBy::Id);
        for partition in [0, 1] {
            let sum = if cent == Some(partition) { "10.01" } else { "10.00" };
            world.both(row(Aggregate::Daily, "k", "EUR", partition, 9, 1, sum));
            world.both(row(Aggregate::Counted, "shop-1", "EUR", partition, 9, 1, "10.00"));
        }
        world
    };
    let report = spread(None).reconcile(0).await;
    assert_eq!(report.verdict, Verdict::Balanced, "{}", report.to_text());
    for partition in [0, 1] {
        let report = spread(Some(partition)).reconcile(0).await;
        assert_eq!((report.verdict, report.daily_different), (Verdict::NotBalanced, 1), "{}", report.to_text());
        says(&report, &format!("{DAY}  EUR  log partition {partition}: by key 1: 10.01, counted 1: 10.00"));
    }
}

#[tokio::test(start_paused = true)]
async fn rule_13_a_cent_in_any_row_of_the_store_is_named() {
    for (aggregate, key) in [(Aggregate::Daily, "k"), (Aggregate::Counted, "shop-1"), (Aggregate::Duplicate, "shop-1")]
    {
        let world = World::sound();
        let count = if aggregate == Aggregate::Duplicate { 1 } else { 2 };
        world.store.put(row(aggregate, key, "EUR", 0, 9, count, "20.01"));
        let report = world.reconcile(0).await;
        assert_eq!((report.verdict, report.rows_different), (Verdict::NotBalanced, 1), "{}", report.to_text());
        let found = &report.row_differences[0];
        assert_eq!((found.aggregate, &*found.key, found.partition), (aggregate, key, 0));
        assert_eq!(found.store.unwrap().sum.to_string(), "20.01");
        says(&report, &format!("{aggregate}  {DAY}  {key}  EUR  log partition 0: the topic has {count}: "));
    }
}

#[tokio::test(start_paused = true)]
async fn rule_13_a_cent_in_a_row_of_the_topic_is_named_though_everything_flows() {
    let world = World::sound();
    world.log.put_row(&row(Aggregate::Daily, "k", "EUR", 0, 9, 2, "19.99"));
    for depth in [0, 5] {
        let report = world.reconcile(depth).await;
        assert_eq!((report.verdict, report.rows_different), (Verdict::NotBalanced, 1), "{}", report.to_text());
        says(&report, "the topic has 2: 19.99 (offset 9");
    }
}

#[tokio::test(start_paused = true)]
async fn rule_13_a_row_that_the_store_lacks_or_has_not_in_full_is_under_way_until_nothing_moves() {
    for behind in [false, true] {
        let world = World::sound();
        world.both(row(Aggregate::Dead, "shop-2", "EUR", 1, 3, 0, "0.00"));
        world.log.put_row(&row(Aggregate::Dead, "shop-2", "EUR", 1, 4, 0, "0.00"));
        if !behind {
            world.log.put_row(&row(Aggregate::Dead, "shop-3", "EUR", 1, 3, 0, "0.00"));
            world.log.put_row(&row(Aggregate::Dead, "shop-2", "EUR", 1, 3, 0, "0.00"));
        }
        assert_eq!(world.reconcile(1).await.verdict, Verdict::NotYet);
        let report = world.reconcile(0).await;
        assert_eq!((report.verdict, report.rows_different), (Verdict::NotBalanced, 1), "{}", report.to_text());
        assert_eq!(report.row_differences[0].store.is_some(), behind);
        let repairing = PartitionNotice { partition: 1, repairing: true, ..PartitionNotice::default() };
        world.store.tell(&repairing.notice(1)).await.unwrap();
        let report = world.reconcile(0).await;
        assert_eq!((report.verdict, report.backlog.repairing), (Verdict::NotYet, 1), "{}", report.to_text());
        says(&report, "are being written again");
    }
}

#[tokio::test(start_paused = true)]
async fn rule_13_a_row_that_the_store_has_beyond_an_open_day_of_the_topic_is_named() {
    let world = World::sound();
    world.store.put(row(Aggregate::Dead, "shop-9", "EUR", 0, 1, 0, "0.00"));
    assert_eq!(world.reconcile(0).await.verdict, Verdict::Balanced, "no position says what the topic must hold");
    world.position(0, 2, &[]).await;
    let report = world.reconcile(0).await;
    assert_eq!((report.verdict, report.rows_different), (Verdict::NotBalanced, 1), "{}", report.to_text());
    assert_eq!((report.row_differences[0].topic, &*report.row_differences[0].key), (None, "shop-9"));
}

#[tokio::test(start_paused = true)]
async fn rule_13_days_that_the_topic_let_go_are_the_stores_own() {
    let world = World::sound();
    world.position(0, 2, &[]).await;
    let mut old = row(Aggregate::Daily, "k", "EUR", 0, 1, 1, "5.00");
    old.at.day = "2025-01-01".parse().unwrap();
    world.store.put(old);
    let report = world.reconcile(0).await;
    assert_eq!(report.verdict, Verdict::Balanced, "{}", report.to_text());
    assert_eq!(report.store_only_days, ["2025-01-01".parse().unwrap()]);
    says(&report, "in the store alone, let go by the topic of sums: 2025-01-01");
    let scope = Scope { day: DAY.parse().ok(), partner: None };
    let report = world.reconcile_of(async || Ok(0), &scope).await;
    assert_eq!((report.verdict, report.store_only_days.len(), report.rows_compared), (Verdict::Balanced, 0, 3));
}

#[tokio::test(start_paused = true)]
async fn rule_13_sums_that_a_flush_is_just_writing_are_no_difference() {
    let world = World::sound();
    let later = |aggregate, key| row(aggregate, key, "EUR", 2, 10, 1, "10.00");
    // By key it is written, by partner it will be.
    world.both(later(Aggregate::Daily, "k"));
    let flush = async {
        sleep(Duration::from_millis(1_500)).await;
        world.both(later(Aggregate::Counted, "shop-1"));
    };
    let (report, ()) = tokio::join!(world.reconcile(1), flush);
    assert_eq!((report.verdict, report.daily_different), (Verdict::NotYet, 0), "{}", report.to_text());

    // One that stands half-way while its records are not committed waits for its owner.
    let world = World::sound();
    world.both(later(Aggregate::Daily, "k"));
    assert_eq!(world.reconcile(1).await.verdict, Verdict::NotYet);
    assert_eq!(world.reconcile(0).await.verdict, Verdict::NotBalanced);
    // What was committed stands, whatever flows.
    for (aggregate, key, sum) in [(Aggregate::Daily, "k", "20.01"), (Aggregate::Counted, "shop-1", "20.00")] {
        world.both(row(aggregate, key, "EUR", 3, 1, 2, sum));
    }
    *world.log.committed.lock().unwrap() = [2, 2];
    let report = world.reconcile(1).await;
    assert_eq!((report.verdict, report.daily_different), (Verdict::NotBalanced, 1), "{}", report.to_text());
    assert_eq!(report.daily_differences[0].partition, 3);
}

#[tokio::test(start_paused = true)]
async fn rule_13_rows_that_keep_changing_are_under_way() {
    let world = World::sound();
    let change = |n: u64| world.store.put(row(Aggregate::Daily, "k", "EUR", 0, 10 + n, 3 + n, "20.01"));
    change(0);
    let changes = async {
        for n in 1..60 {
            change(n);
            sleep(Duration::from_millis(300)).await;
        }
    };
    let (report, ()) = tokio::join!(world.reconcile(0), changes);
    assert_eq!((report.verdict, report.backlog.changing > 0), (Verdict::NotYet, true), "{}", report.to_text());
}

#[tokio::test(start_paused = true)]
async fn what_does_not_read_of_the_topic_is_told() {
    let world = World::sound();
    world.log.put(tallygate_stream::Topic::DailySums, 0, &[], "{}");
    let report = world.reconcile(0).await;
    assert_eq!((report.verdict, report.damaged), (Verdict::Balanced, 1));
    says(&report, "damaged: topic of sums, 0/3: ");
}
