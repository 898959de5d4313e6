//! What one partition, or one commit, may not hold up or grow beyond.

use std::collections::BTreeMap;
use std::time::Duration;

use tallygate_core::SumsRecord;
use tokio::time::Instant;

use super::SPREAD;
use crate::tests::world::{Sent, World};
use crate::timeouts::{POSITION_EVERY, STAND_EVERY};

/// Rows of one commit here.
const FEW: usize = 6;

fn world_of_few_rows() -> World {
    let mut world = World::new(SPREAD, 11, 3, Duration::from_millis(2));
    world.flush_rows = FEW;
    world
}

/// Of all partitions and days that may count, so that there are many more rows than one commit takes.
fn append_all_over(world: &World, ids: std::ops::Range<u64>) {
    for id in ids {
        let sent = Sent::of((id % 3) as u32, id);
        world.append(Sent { day: sent.day - (id / 3 % 3) as i64 + 1, ..sent });
    }
}

#[tokio::test(start_paused = true)]
async fn rule_11_no_commit_has_more_rows_than_it_may_and_each_position_comes_with_all_of_its_own() {
    let world = world_of_few_rows();
    let running = world.start();
    append_all_over(&world, 0..30);
    world.settle().await;
    // What comes while the store is away waits for one flush after the other.
    world.store.go_away();
    append_all_over(&world, 30..400);
    tokio::time::sleep(Duration::from_secs(60)).await;
    world.store.come_back();
    world.settle().await;
    running.stop().await;
    assert_eq!(world.log.state().met.most_rows, FEW);
    world.check();
}

#[tokio::test(start_paused = true)]
async fn a_store_that_answers_and_takes_no_rows_is_told_as_away() {
    let world = world_of_few_rows();
    let running = world.start();
    append_all_over(&world, 0..30);
    world.settle().await;
    assert_eq!(world.metrics.store_away.gauge.get(), 0);
    world.store.fill(true);
    append_all_over(&world, 30..60);
    for _ in 0..10 {
        tokio::time::sleep(Duration::from_secs(3)).await;
        assert_eq!(world.metrics.store_away.gauge.get(), 1);
    }
    world.store.fill(false);
    world.settle().await;
    assert_eq!(world.metrics.store_away.gauge.get(), 0);
    running.stop().await;
    world.check();
}

#[tokio::test(start_paused = true)]
async fn rule_11_killed_between_two_commits_of_few_rows_the_sums_are_those_of_a_prefix() {
    let world = world_of_few_rows();
    for round in 0..20 {
        append_all_over(&world, round * 30..round * 30 + 30);
        let running = world.start();
        tokio::time::sleep(Duration::from_millis(5 + world.chance.below(60))).await;
        running.kill().await;
    }
    let running = world.start();
    world.settle().await;
    running.stop().await;
    assert!(world.log.state().met.most_rows <= FEW);
    world.check();
}

#[tokio::test(start_paused = true)]
async fn rule_12_rows_of_a_quiet_log_are_written_again_piece_by_piece() {
    let world = world_of_few_rows();
    let running = world.start();
    append_all_over(&world, 0..100);
    world.settle().await;
    let written = |world: &World| {
        let mut times = BTreeMap::new();
        for record in world.log.state().sums.iter().flatten() {
            if let Some(row) = SumsRecord::read(record.key(), record.value()).unwrap().row() {
                *times.entry(row.at).or_insert(0) += 1;
            }
        }
        times
    };
    let before = written(&world);
    assert!(before.len() > 10 * FEW);
    tokio::time::sleep(POSITION_EVERY + Duration::from_secs(60)).await;
    let after = written(&world);
    let again: Vec<_> = after.iter().filter(|(at, times)| **times != before[*at] + 1).collect();
    assert!(again.is_empty(), "each once more: {again:?}");
    append_all_over(&world, 100..130);
    world.settle().await;
    running.stop().await;
    assert_eq!(world.log.state().met.most_rows, FEW);
    world.check();
}

#[tokio::test(start_paused = true)]
async fn rule_8_a_partition_that_cannot_be_read_from_where_it_must_stands_alone_and_goes_on_when_it_can() {
    let world = World::new(SPREAD, 5, 2, Duration::from_millis(5));
    let first = world.start();
    for id in 0..80 {
        world.append(Sent::of(id as u32 % 2, id));
    }
    world.settle().await;
    first.stop().await;
    world.log.state().moves = Some(0);
    let second = world.start();
    for id in 80..100 {
        world.append(Sent::of(id as u32 % 2, id));
    }
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert!(!second.task.is_finished());
    let stopped = second.handle.stopped_partitions();
    assert_eq!(stopped.keys().collect::<Vec<_>>(), [&0], "{stopped:?}");
    assert!(stopped[&0].contains("is read from offset 0 on, and the log holds"), "{stopped:?}");
    assert!(world.log.is_folded(1));
    world.log.state().moves = None;
    tokio::time::sleep(STAND_EVERY).await;
    assert!(second.handle.stopped_partitions().is_empty());
    world.settle().await;
    second.stop().await;
    world.check();
}

#[tokio::test(start_paused = true)]
async fn rule_8_a_partition_whose_dead_letters_are_refused_stands_alone_and_goes_on_when_they_are_taken() {
    let world = World::new(SPREAD, 9, 3, Duration::from_millis(5));
    world.log.state().refuses_letters_of = Some(1);
    let running = world.start();
    let append = |ids: std::ops::Range<u64>| {
        for id in ids {
            world.append(Sent::of((id % 3) as u32, id));
        }
    };
    append(0..90);
    world.settle().await;
    // Of this one partition, and a dead letter of another beside it.
    world.append(Sent::of(1, 96));
    world.append(Sent::of(0, 2 * 97 - 1));
    append(300..360);
    let begun = Instant::now();
    while begun.elapsed() < STAND_EVERY * 5 / 2 {
        append(400..403);
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert!(!running.task.is_finished());
    }
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert!(world.log.is_folded(0) && world.log.is_folded(2) && !world.log.is_folded(1));
    let stopped = running.handle.stopped_partitions();
    assert_eq!(stopped.keys().collect::<Vec<_>>(), [&1], "{stopped:?}");
    assert!(stopped[&1].contains("topic letters: too large"), "{stopped:?}");
    {
        let state = world.log.state();
        assert_eq!(state.subscriptions, 1, "nobody else begins anew");
        assert!((2..=4).contains(&state.refusals), "it is tried once a minute: {}", state.refusals);
    }
    world.log.state().refuses_letters_of = None;
    world.settle().await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(running.handle.stopped_partitions().is_empty());
    running.stop().await;
    world.check();
}
