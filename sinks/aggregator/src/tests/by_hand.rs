//! What an operator does by hand: after it the sums are what the rules say, as far as anything still tells.

use std::sync::atomic::Ordering;
use std::time::Duration;

use tallygate_core::Aggregate;
use tallygate_core::checkpoint::Correction;
use tallygate_stream::Record;
use tallygate_sums::Sums;

use super::SPREAD;
use super::rules::{appended, twenty_folded, world};
use crate::WallClock;
use crate::by_hand::{ByHandError, Correcting, Source, correct, find_wrong_times, hold, plan_recovery};
use crate::tests::oracle::expected;
use crate::tests::world::{DAY, NOON, Sent, World, generation};

async fn recover(world: &World, source: Source) -> Result<Vec<String>, ByHandError> {
    let mut held = hold(&world.log).await?;
    let sums: &dyn Sums = &*world.store;
    let recovery = plan_recovery(&world.log, sums, &held, &generation(SPREAD), 0, source).await?;
    let lost = recovery.lost.clone();
    recovery.write(&mut held).await?;
    Ok(lost)
}

async fn goes_on_exactly(world: &World) {
    let running = world.start();
    for id in 15..40 {
        world.append(Sent { message: 1_000 + id, ..Sent::of(0, id) });
    }
    world.settle().await;
    tokio::time::sleep(Duration::from_secs(30)).await;
    assert_eq!(running.handle.stopped_partitions(), Default::default());
    world.check();
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_topic_of_sums_that_was_deleted_is_made_anew_from_the_store() {
    let world = twenty_folded().await;
    world.log.state().sums[0].clear();
    let lost = recover(&world, Source::Store).await.unwrap();
    assert!(lost.iter().any(|lost| lost.contains("the group's offset")), "{lost:?}");
    goes_on_exactly(&world).await;
}

#[tokio::test(start_paused = true)]
async fn rows_ahead_of_the_position_take_no_record_twice_after_a_recovery() {
    let world = twenty_folded().await;
    // A flush that reached the store and not the topic.
    let running = world.start();
    tokio::time::sleep(Duration::from_secs(1)).await;
    world.log.fail_one_in(1);
    for id in 20..25 {
        world.append(Sent::of(0, id));
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    running.kill().await;
    world.log.fail_one_in(0);
    world.log.state().sums[0].clear();
    recover(&world, Source::Store).await.unwrap();
    goes_on_exactly(&world).await;
}

#[tokio::test(start_paused = true)]
async fn a_group_at_another_offset_is_put_right_from_the_topic_and_the_store() {
    let world = twenty_folded().await;
    world.log.state().committed[0] = Some(3);
    recover(&world, Source::Store).await.unwrap();
    goes_on_exactly(&world).await;
}

#[tokio::test(start_paused = true)]
async fn rows_that_the_topic_lost_come_back_from_the_store() {
    let world = twenty_folded().await;
    world.log.state().sums[0].retain(|record| !record.key().starts_with(b"[\"daily\""));
    recover(&world, Source::Store).await.unwrap();
    goes_on_exactly(&world).await;
}

#[tokio::test(start_paused = true)]
async fn with_topic_and_store_gone_the_log_is_folded_from_its_beginning() {
    let world = twenty_folded().await;
    world.log.state().sums[0].clear();
    world.log.state().dead_letters.clear();
    world.store.truncate();
    recover(&world, Source::Log).await.unwrap();
    goes_on_exactly(&world).await;
}

#[tokio::test(start_paused = true)]
async fn a_log_without_its_beginning_is_not_folded_over_rows_that_had_it() {
    let world = twenty_folded().await;
    world.log.state().lows[0] = 3;
    let refused = recover(&world, Source::Log).await.unwrap_err().to_string();
    assert!(refused.contains("begins at offset 3") && refused.contains("recover from the store"), "{refused}");
}

#[tokio::test(start_paused = true)]
async fn what_is_lost_with_the_beginning_of_the_log_is_said() {
    let world = twenty_folded().await;
    let (low, high) = (5, world.log.state().high(0));
    world.log.state().lows[0] = low;
    let lost = recover(&world, Source::Store).await.unwrap();
    assert!(lost.iter().any(|lost| lost.contains("may count twice") && lost.contains("offset 5")), "{lost:?}");
    let running = world.start();
    let next = world.append(Sent::of(0, 50));
    world.settle().await;
    assert!(next >= high);
    assert_eq!(running.handle.stopped_partitions(), Default::default());
    running.stop().await;
}

/// A world that stands at records from next year, two stretches of them.
async fn a_year_ahead() -> (World, WallClock) {
    let world = world();
    world.now.store(NOON + DAY / 2, Ordering::Relaxed);
    let running = world.start();
    for id in 0..5 {
        world.append(Sent::of(0, id));
    }
    world.settle().await;
    for id in 5..12 {
        let time = if id == 8 { NOON + 8 } else { NOON + 365 * DAY + id as i64 };
        world.append(appended(Sent::of(0, id), time));
    }
    for id in 12..20 {
        world.append(Sent::of(0, id));
    }
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert!(running.handle.stopped_partitions().contains_key(&0));
    running.stop().await;
    let now = world.now.clone();
    (world, WallClock::new(move || now.load(Ordering::Relaxed)))
}

#[tokio::test(start_paused = true)]
async fn rule_6_a_corrected_time_holds_for_every_later_fold() {
    let (world, wall) = a_year_ahead().await;
    let corrected = NOON + 1_000;
    let mut held = hold(&world.log).await.unwrap();
    let found = find_wrong_times(&world.log, &held, &wall, 0, corrected).await.unwrap();
    assert_eq!(found.len(), 2, "{found:?}");
    for one in &found {
        correct(&world.log, &mut held, &wall, *one).await.unwrap();
    }
    drop(held);
    let corrections: Vec<Correction> = found.iter().map(|one| one.correction).collect();
    let holds = |record: &Record| {
        let is = |one: &&Correction| (one.first..=one.last).contains(&record.offset);
        corrections.iter().find(is).map_or(record.appended, |one| one.time)
    };
    for round in 0..3 {
        // Each takes over without anything of its own, and learns by the corrected times.
        let running = world.start();
        for id in 0..20 {
            world.append(Sent { message: 5_000 + 100 * round + id, ..Sent::of(0, id) });
        }
        world.settle().await;
        tokio::time::sleep(Duration::from_secs(30)).await;
        assert_eq!(running.handle.stopped_partitions(), Default::default());
        running.stop().await;
        let wanted = expected(&world.log.state().log, holds).rows;
        assert_eq!(world.store.rows(), wanted, "round {round}");
    }
}

#[tokio::test(start_paused = true)]
async fn rule_6_a_correction_of_what_was_folded_or_corrected_already_is_refused_by_offset() {
    let (world, wall) = a_year_ahead().await;
    let next = world.log.state().position(0).unwrap();
    let mut held = hold(&world.log).await.unwrap();
    let correcting = |first, last, time| Correcting { partition: 0, correction: Correction { first, last, time } };
    for (wrong, why) in [
        (correcting(next - 1, next + 1, NOON + 100), format!("before offset {next} were folded already")),
        (correcting(next + 1, next, NOON + 100), "lies before the first".to_owned()),
        (correcting(next, 10_000, NOON + 100), "the log ends at offset".to_owned()),
        (correcting(next, next, NOON + 9 * DAY), "more than a day ahead".to_owned()),
        (correcting(next, next, NOON - 365 * DAY), "lies before the clock of the fold".to_owned()),
        (Correcting { partition: 9, ..correcting(next, next, NOON) }, "there is no partition 9".to_owned()),
    ] {
        let refused = correct(&world.log, &mut held, &wall, wrong).await.unwrap_err().to_string();
        assert!(refused.contains(&why), "{refused}");
    }
    correct(&world.log, &mut held, &wall, correcting(next, next + 1, NOON + 100)).await.unwrap();
    let refused = correct(&world.log, &mut held, &wall, correcting(next + 1, next + 2, NOON + 100)).await.unwrap_err();
    assert!(refused.to_string().contains("were corrected already"), "{refused}");
}

#[tokio::test(start_paused = true)]
async fn nothing_is_done_by_hand_while_an_aggregator_has_partitions() {
    let world = World::new(SPREAD, 1, 3, Duration::from_millis(5));
    world.log.share();
    let running = [world.start(), world.start()];
    tokio::time::sleep(Duration::from_secs(1)).await;
    let mut refused = 0;
    for _ in 0..5 {
        if let Err(error) = hold(&world.log).await {
            assert!(error.to_string().contains("stop every process with the aggregator's role"), "{error}");
            refused += 1;
        }
    }
    assert!(refused > 0);
    for one in running {
        one.stop().await;
    }
}

#[tokio::test(start_paused = true)]
async fn rows_of_another_log_are_recovered_from_neither_way() {
    let world = twenty_folded().await;
    // The log was lost, and another one began.
    world.log.state().sums[0].clear();
    world.log.state().log[0].clear();
    world.log.state().committed[0] = None;
    world.append(Sent::of(0, 40));
    for source in [Source::Store, Source::Log] {
        let refused = recover(&world, source).await.unwrap_err().to_string();
        assert!(refused.contains("the log ends at 1"), "{refused}");
    }
}

#[tokio::test(start_paused = true)]
async fn rows_that_do_not_balance_are_no_checkpoint() {
    let world = twenty_folded().await;
    world.log.state().sums[0].clear();
    let lost = world.store.rows().into_keys().find(|at| at.aggregate == Aggregate::Daily).unwrap();
    world.store.hide(&lost);
    let refused = recover(&world, Source::Store).await.unwrap_err().to_string();
    assert!(refused.contains("do not balance"), "{refused}");
}
