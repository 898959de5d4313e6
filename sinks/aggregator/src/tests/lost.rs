//! What is lost, one by one: the store, its rows, the group, the topic of sums, the beginning of the log, the clock.

use std::sync::atomic::Ordering;
use std::time::Duration;

use tallygate_core::{Aggregate, LogId, RowKey};
use tallygate_stream::Start;

use super::rules::{appended, twenty_folded, world};
use crate::tests::world::{DAY, NOON, Running, Sent, World};
use crate::timeouts::STAND_EVERY;

/// Longer than a comparison takes.
const COMPARED: Duration = Duration::from_secs(30);

/// Begins anew, folds ten records more, and lets everything come to rest.
async fn goes_on(world: &World) -> Running {
    let running = world.start();
    for id in 20..30 {
        world.append(Sent::of(0, id));
    }
    world.settle().await;
    tokio::time::sleep(COMPARED).await;
    assert_eq!(running.handle.stopped_partitions(), Default::default());
    running
}

/// Begins anew, and stands with a reason that says so.
async fn stands(world: &World, why: &[&str]) -> Running {
    let running = world.start();
    let before = world.log.state().committed[0];
    for id in 20..30 {
        world.append(Sent::of(0, id));
    }
    tokio::time::sleep(Duration::from_secs(100)).await;
    let reason = running.handle.stopped_partitions().remove(&0).expect("it stands");
    assert!(why.iter().all(|why| reason.contains(why)), "{reason}");
    assert_eq!(world.log.state().committed[0], before, "nothing more is folded");
    let told: Vec<_> = world.store.told().iter().filter_map(|notice| notice.partition()).collect();
    assert_eq!(told.iter().find(|told| told.partition == 10).unwrap().stands, Some(reason), "readers are told");
    running
}

fn a_row(world: &World) -> RowKey {
    world.store.rows().into_keys().find(|at| at.aggregate == Aggregate::Daily).unwrap()
}

#[tokio::test(start_paused = true)]
async fn rule_12_a_store_that_was_emptied_between_two_runs_takes_the_log_on_and_is_filled() {
    let world = twenty_folded().await;
    world.store.clear();
    let running = goes_on(&world).await;
    world.check();
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn rule_12_a_store_that_is_emptied_while_it_runs_is_filled_again_and_readers_are_told() {
    let world = world();
    let running = world.start();
    for id in 0..20 {
        world.append(Sent::of(0, id));
    }
    world.settle().await;
    world.store.clear();
    tokio::time::sleep(COMPARED).await;
    world.check();
    let status = running.handle.statuses().remove(&0).unwrap();
    assert!(status.repaired > 0 && !status.repairing && status.wrong.is_empty(), "{status:?}");
    world.store.truncate();
    tokio::time::sleep(COMPARED).await;
    world.check();
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn rule_12_a_store_put_back_from_a_copy_whole_or_row_by_row_heals() {
    for whole in [true, false] {
        let world = world();
        let running = world.start();
        for id in 0..7 {
            world.append(Sent::of(0, id));
        }
        world.settle().await;
        let copy = world.store.copy();
        for id in 7..40 {
            world.append(Sent::of(0, id));
        }
        world.settle().await;
        if whole {
            world.store.put_back(copy)
        } else {
            world.store.lose_some(&copy)
        }
        for id in 40..60 {
            world.append(Sent::of(0, id));
        }
        world.settle().await;
        tokio::time::sleep(COMPARED).await;
        world.check();
        running.stop().await;
    }
}

#[tokio::test(start_paused = true)]
async fn rule_12_a_takeover_begins_to_fold_before_the_store_was_looked_at() {
    let world = twenty_folded().await;
    world.store.go_away();
    let running = world.start();
    for id in 20..30 {
        world.append(Sent::of(0, id));
    }
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(world.log.state().starts, [(0, Start::Offset(0))]);
    assert_eq!(running.handle.statuses().len(), 1);
    world.store.come_back();
    world.settle().await;
    tokio::time::sleep(COMPARED).await;
    world.check();
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn rule_12_a_row_that_a_delete_by_hand_hides_is_named() {
    let world = world();
    let running = world.start();
    for id in 0..20 {
        world.append(Sent::of(0, id));
    }
    world.settle().await;
    let at = a_row(&world);
    world.store.hide(&at);
    tokio::time::sleep(COMPARED).await;
    assert_eq!(running.handle.statuses()[&0].wrong, [at.topic_key()]);
    assert_eq!(running.handle.stopped_partitions(), Default::default());
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn rule_7_a_store_of_another_log_stops_everything_by_name() {
    for while_running in [false, true] {
        let world = twenty_folded().await;
        let task = if while_running {
            let running = goes_on(&world).await;
            world.store.belongs_to(LogId(99));
            running.task
        } else {
            world.store.belongs_to(LogId(99));
            world.start().task
        };
        let error = task.await.unwrap().unwrap_err().to_string();
        assert!(error.contains("belongs to log 00000000000000000000000000000063"), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn rule_12_a_group_that_was_deleted_or_whose_offsets_expired_is_no_loss() {
    let world = twenty_folded().await;
    world.log.state().committed[0] = None;
    let running = goes_on(&world).await;
    world.check();
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn rule_12_a_group_at_another_offset_than_the_position_stands_by_name() {
    for other in [5, 19] {
        let world = twenty_folded().await;
        let next = world.log.state().committed[0].unwrap();
        world.log.state().committed[0] = Some(other);
        let why = [format!("position in the topic of sums is {next}"), format!("group has committed {other}")];
        stands(&world, &[&why[0], &why[1], "tallygate recover"]).await.kill().await;
    }
}

#[tokio::test(start_paused = true)]
async fn rule_12_a_partition_without_a_position_stands_when_anything_knows_it() {
    let world = twenty_folded().await;
    world.log.state().sums[0].clear();
    stands(&world, &["no position", "group has committed offset", "rows of", "tallygate recover"]).await.kill().await;
    world.log.state().committed[0] = None;
    stands(&world, &["no position", "rows of"]).await.kill().await;
    world.store.truncate();
    world.log.state().dead_letters.push(tallygate_stream::NewRecord::default());
    stands(&world, &["no position", "dead letters of it up to 1"]).await.kill().await;
    world.log.state().dead_letters.clear();
    world.log.state().lows[0] = 3;
    stands(&world, &["no position", "the log begins at offset 3", "holds offsets 3 to"]).await.kill().await;
    // Nothing knows it any more, and the log is whole.
    world.log.state().lows[0] = 0;
    let running = goes_on(&world).await;
    world.check();
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn rule_12_a_topic_of_sums_that_lost_rows_stands_by_name() {
    let world = twenty_folded().await;
    world.log.state().sums[0].remove(3);
    world.log.state().sums[0].retain(|record| !record.key().starts_with(b"[\"daily\""));
    stands(&world, &["rows of days that may still count", "were lost with the topic"]).await.kill().await;
}

#[tokio::test(start_paused = true)]
async fn rule_13_a_cent_that_changed_in_the_topic_stands_by_name() {
    let world = twenty_folded().await;
    {
        let mut state = world.log.state();
        let place = state.sums[0].iter().rposition(|record| record.key().starts_with(b"[\"daily\"")).unwrap();
        let was = state.sums[0][place].clone();
        let value =
            String::from_utf8(was.value().to_vec()).unwrap().replace(".25\"", ".26\"").replace(".50\"", ".51\"");
        let value = value.replace(".75\"", ".76\"").replace(".00\"", ".01\"");
        assert_ne!(value.as_bytes(), was.value());
        state.sums[0][place] = tallygate_stream::Record::new((0, was.offset, 0), was.key(), &[], value.as_bytes());
    }
    stands(&world, &["the sums do not balance"]).await.kill().await;
}

#[tokio::test(start_paused = true)]
async fn rule_8_a_log_that_was_put_back_from_a_copy_is_found_out_by_the_store() {
    let world = twenty_folded().await;
    let (log, sums, committed) = {
        let state = world.log.state();
        (state.log.clone(), state.sums.clone(), state.committed.clone())
    };
    let running = goes_on(&world).await;
    running.stop().await;
    {
        let mut state = world.log.state();
        (state.log, state.sums, state.committed) = (log, sums, committed);
    }
    // Before anything new comes.
    let running = world.start();
    tokio::time::sleep(Duration::from_secs(100)).await;
    let reason = running.handle.stopped_partitions().remove(&0).expect("it stands");
    assert!(reason.contains("put back from an earlier copy"), "{reason}");
    running.kill().await;
}

#[tokio::test(start_paused = true)]
async fn rule_12_identities_are_learnt_from_the_first_day_that_may_matter() {
    let world = world();
    for id in 0..10 {
        world.append(appended(Sent::of(0, id), NOON - 20 * DAY + id as i64));
    }
    let first_of_window = world.append(appended(Sent::of(0, 10), NOON - 2 * DAY));
    for id in 11..20 {
        world.append(Sent::of(0, id));
    }
    let first = world.start();
    world.settle().await;
    first.stop().await;
    let second = world.start();
    // One from the learnt part of the log: the same transaction under another number.
    world.append(Sent { message: 1_000, ..appended(Sent::of(0, 12), NOON + 1_000) });
    world.settle().await;
    tokio::time::sleep(COMPARED).await;
    second.stop().await;
    world.check();
    assert_eq!(world.log.state().starts, [(0, Start::Offset(first_of_window))]);
}

#[tokio::test(start_paused = true)]
async fn rule_12_a_record_that_may_repeat_one_of_a_day_that_is_gone_stands_by_name() {
    let world = twenty_folded().await;
    world.log.state().lows[0] = 5;
    stands(&world, &["the log no longer holds all of that day", "2026-11-22", "stream.lag_days"]).await.kill().await;
}

#[tokio::test(start_paused = true)]
async fn rule_12_a_partition_whose_folded_records_were_all_pruned_goes_on_once_none_of_them_can_matter() {
    let world = twenty_folded().await;
    let high = world.log.state().high(0);
    world.log.state().lows[0] = high;
    let running = world.start();
    let later = NOON + 30 * DAY;
    world.append(Sent { day: later / DAY, ..appended(Sent::of(0, 100), later) });
    world.settle().await;
    tokio::time::sleep(COMPARED).await;
    world.check();
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn rule_12_records_that_were_pruned_before_they_were_folded_stand_by_name() {
    let world = twenty_folded().await;
    let next = world.log.state().high(0);
    for id in 20..30 {
        world.append(Sent::of(0, id));
    }
    let low = world.log.state().log[0][25].offset;
    world.log.state().lows[0] = low;
    let running = world.start();
    tokio::time::sleep(Duration::from_secs(10)).await;
    let reason = running.handle.stopped_partitions().remove(&0).expect("it stands");
    assert!(reason.contains(&format!("offsets {next} to {}", low - 1)), "{reason}");
    running.kill().await;
}

#[tokio::test(start_paused = true)]
async fn rule_6_a_record_stamped_more_than_a_day_ahead_stands_until_the_clock_has_come_there() {
    let world = world();
    world.now.store(NOON, Ordering::Relaxed);
    let running = world.start();
    for id in 0..5 {
        world.append(Sent::of(0, id));
    }
    let wrong = world.append(Sent { day: NOON / DAY + 365, ..appended(Sent::of(0, 5), NOON + 365 * DAY) });
    world.append(Sent::of(0, 6));
    tokio::time::sleep(Duration::from_secs(100)).await;
    let reason = running.handle.stopped_partitions().remove(&0).expect("it stands");
    assert!(reason.contains(&format!("offset {wrong} was stamped 2027-11-22")), "{reason}");
    assert!(reason.contains("tallygate clock correct"), "{reason}");
    // What came before it is folded, or will be.
    assert!(world.log.state().committed[0] <= Some(wrong));
    // It was this machine's clock.
    world.now.store(NOON + 365 * DAY, Ordering::Relaxed);
    tokio::time::sleep(STAND_EVERY * 2).await;
    world.settle().await;
    tokio::time::sleep(COMPARED).await;
    world.check();
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn rule_6_a_position_from_the_future_stands_by_name() {
    let world = twenty_folded().await;
    world.now.store(NOON - 2 * DAY, Ordering::Relaxed);
    stands(&world, &["more than a day ahead of this machine's clock"]).await.kill().await;
}

#[tokio::test(start_paused = true)]
async fn rule_12_position_and_rows_are_written_again_while_nothing_comes() {
    let world = twenty_folded().await;
    let running = world.start();
    tokio::time::sleep(Duration::from_secs(5)).await;
    let before = world.log.state().sums[0].len();
    tokio::time::sleep(Duration::from_secs(7 * 3_600)).await;
    // Days do not end without records, and the topic forgets what was written long ago.
    let rows = world.topic().len();
    assert_eq!(world.log.state().sums[0].len(), before + rows + 1);
    running.stop().await;
    world.check();
}

#[tokio::test(start_paused = true)]
async fn a_lag_that_eats_into_what_the_log_keeps_is_told_long_before() {
    let world = twenty_folded().await;
    let now = NOON + 2 * DAY;
    world.now.store(now, Ordering::Relaxed);
    let running = world.start();
    tokio::time::sleep(COMPARED).await;
    assert_eq!(running.handle.statuses()[&0].warning, None, "nothing waits");
    // The store is away, and more waits than is held.
    world.store.go_away();
    for id in 20..30 {
        world.append(Sent::of(0, id));
    }
    let beyond = world.append(Sent::of(0, 30));
    world.log.state().log[0].extend((1..200).map(|n| Sent::of(0, 30 + n).record(beyond + n)));
    world.log.stall(true);
    world.log.state().log[0].push(Sent::of(0, 500).record(beyond + 500));
    tokio::time::sleep(COMPARED).await;
    let warning = running.handle.statuses()[&0].warning.clone().expect("it lags");
    assert!(warning.contains("2.0 days behind") && warning.contains("stream.lag_days"), "{warning}");
    world.log.stall(false);
    world.store.come_back();
    world.settle().await;
    tokio::time::sleep(COMPARED).await;
    assert_eq!(running.handle.statuses()[&0].warning, None);
    running.stop().await;
}
