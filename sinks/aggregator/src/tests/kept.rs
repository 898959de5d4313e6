//! A partition that goes and comes back: it is taken over with what is still known of it, or built anew.

use std::time::Duration;

use tallygate_core::checkpoint::Correction;
use tallygate_core::{PartitionBy, SumsRecord};
use tallygate_stream::Record;
use tokio::time::Instant;

use super::world::{NOON, Running, Sent, World};
use crate::flush::records;
use crate::metrics::PartitionLabel;
use crate::timeouts::{KEPT, LAG_EVERY};

/// Long enough to hear of something.
const SOON: Duration = Duration::from_secs(1);
/// Of a world that is slow to learn.
const RECORDS: u64 = 2_000;

/// One that has folded thirty records, and has no partition any more.
async fn gone() -> (World, Running) {
    let world = World::new(PartitionBy::Key, 5, 1, Duration::from_millis(5));
    let running = world.start();
    append(&world, 0..30);
    world.settle().await;
    world.log.hand(0, false);
    tokio::time::sleep(SOON).await;
    (world, running)
}

/// One whose records are all folded, and take seconds to be learnt.
async fn slow_to_learn() -> World {
    let world = World::new(PartitionBy::Key, 5, 1, Duration::from_millis(5));
    let first = world.start();
    append(&world, 0..RECORDS);
    world.settle().await;
    first.stop().await;
    world.log.state().pace = Duration::from_millis(100);
    world
}

fn append(world: &World, ids: std::ops::Range<u64>) {
    for id in ids {
        world.append(Sent::of(0, id));
    }
}

async fn until(is_so: impl Fn() -> bool) {
    let waiting = async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), waiting).await.expect("it never was");
}

/// Once more, under another number.
fn repeat(world: &World, id: u64) {
    world.append(Sent { message: 1_000_000 + id, ..Sent::of(0, id) });
}

/// All is folded, exactly; tells how many were taken over with what was still known of them.
async fn settled(world: &World, running: Running) -> u64 {
    world.settle().await;
    assert_eq!(running.handle.stopped_partitions(), Default::default());
    running.stop().await;
    world.check();
    world.metrics.kept.get()
}

#[tokio::test(start_paused = true)]
async fn rule_12_at_the_same_position_it_is_taken_over_as_it_was_left_and_learns_nothing() {
    let (world, running) = gone().await;
    let learnt = world.metrics.learnt.get();
    world.log.hand(0, true);
    append(&world, 30..40);
    repeat(&world, 3);
    assert_eq!(settled(&world, running).await, 1);
    assert_eq!(world.metrics.learnt.get(), learnt);
}

#[tokio::test(start_paused = true)]
async fn rule_12_what_another_folded_meanwhile_is_all_that_one_that_gets_it_back_learns() {
    let (world, running) = gone().await;
    let other = world.start();
    append(&world, 30..40);
    world.settle().await;
    let learnt = world.metrics.learnt.get();
    other.stop().await;
    repeat(&world, 3);
    repeat(&world, 35);
    append(&world, 40..50);
    assert_eq!(settled(&world, running).await, 1);
    assert_eq!(world.metrics.learnt.get(), learnt + 10);
}

#[tokio::test(start_paused = true)]
async fn rule_12_what_was_folded_and_not_committed_is_another_s_to_commit() {
    let world = World::new(PartitionBy::Key, 5, 1, Duration::from_millis(5));
    let running = world.start();
    append(&world, 0..30);
    world.settle().await;
    world.log.hold_commits(true);
    append(&world, 30..40);
    tokio::time::sleep(SOON).await;
    assert!(world.log.commits_held() > 0);
    let other = world.start();
    tokio::time::sleep(SOON).await;
    world.log.hold_commits(false);
    append(&world, 40..50);
    world.settle().await;
    let learnt = world.metrics.learnt.get();
    other.stop().await;
    repeat(&world, 3);
    repeat(&world, 35);
    repeat(&world, 45);
    assert_eq!(settled(&world, running).await, 1);
    assert_eq!(world.metrics.learnt.get(), learnt + 10, "those that were folded when it went are known");
}

#[tokio::test(start_paused = true)]
async fn rule_12_a_topic_that_shows_too_little_of_what_happened_since_has_it_built_anew() {
    let (world, running) = gone().await;
    let other = world.start();
    append(&world, 30..40);
    world.settle().await;
    other.stop().await;
    {
        // As a compaction leaves it.
        let mut state = world.log.state();
        let is_position =
            |record: &Record| matches!(SumsRecord::read(record.key(), record.value()), Ok(SumsRecord::Position(_)));
        let last = state.sums[0].iter().filter(|record| is_position(record)).map(|record| record.offset).max();
        state.sums[0].retain(|record| !is_position(record) || Some(record.offset) == last);
    }
    repeat(&world, 35);
    append(&world, 40..50);
    assert_eq!(settled(&world, running).await, 0);
}

#[tokio::test(start_paused = true)]
async fn rule_12_a_position_that_was_written_by_hand_is_another() {
    let (world, running) = gone().await;
    let mut position = world.log.state().last_position(0).unwrap();
    position.recoveries += 1;
    world.log.state().show(records::position(0, &position));
    world.log.hand(0, true);
    repeat(&world, 3);
    assert_eq!(settled(&world, running).await, 0);
}

#[tokio::test(start_paused = true)]
async fn rules_6_and_12_where_times_were_corrected_since_what_it_knew_is_of_no_use() {
    let (world, running) = gone().await;
    let mut position = world.log.state().last_position(0).unwrap();
    let first = position.next + 100;
    position.corrections.push(Correction { first, last: first + 1, time: NOON });
    world.log.state().show(records::position(0, &position));
    let other = world.start();
    append(&world, 30..40);
    world.settle().await;
    other.stop().await;
    repeat(&world, 3);
    append(&world, 40..50);
    assert_eq!(settled(&world, running).await, 0);
}

#[tokio::test(start_paused = true)]
async fn rule_12_after_a_while_it_is_built_anew() {
    let (world, running) = gone().await;
    tokio::time::sleep(KEPT).await;
    world.log.hand(0, true);
    repeat(&world, 3);
    assert_eq!(settled(&world, running).await, 0);
}

#[tokio::test(start_paused = true)]
async fn rule_8_the_last_record_is_read_again_also_of_one_that_comes_back() {
    let (world, running) = gone().await;
    {
        let mut state = world.log.state();
        let last = state.log[0].pop().unwrap();
        state.log[0].push(Sent::of(0, 77).record(last.offset));
    }
    world.log.hand(0, true);
    append(&world, 30..31);
    tokio::time::sleep(SOON).await;
    let standing = running.handle.stopped_partitions();
    assert!(standing[&0].contains("is not the one that was folded"), "{standing:?}");
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn rule_12_one_that_went_while_it_learnt_learns_on_where_it_was() {
    let world = slow_to_learn().await;
    // Less than between two other things that happen.
    let running = world.start();
    tokio::time::sleep(Duration::from_secs(3)).await;
    let learnt = world.metrics.learnt.get();
    assert!((1..RECORDS).contains(&learnt), "{learnt}");
    world.log.hand(0, false);
    tokio::time::sleep(SOON).await;
    world.log.hand(0, true);
    repeat(&world, 3);
    repeat(&world, RECORDS - 1);
    assert_eq!(settled(&world, running).await, 1);
    assert_eq!(world.metrics.learnt.get(), RECORDS, "none of them twice");
}

#[tokio::test(start_paused = true)]
async fn a_partition_that_learns_lies_behind_by_what_is_not_folded_alone() {
    let world = slow_to_learn().await;
    append(&world, RECORDS..RECORDS + 7);
    let running = world.start();
    tokio::time::sleep(LAG_EVERY + Duration::from_secs(1)).await;
    let learnt = world.metrics.learnt.get();
    assert!((1..RECORDS).contains(&learnt), "{learnt}");
    let lag = world.metrics.lag.get_or_create(&PartitionLabel { partition: 0 }).get();
    assert!((7..=14).contains(&lag), "{lag}");
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn rule_12_no_other_partition_waits_while_one_is_taken_over() {
    let world = World::new(PartitionBy::Key, 5, 2, Duration::from_millis(5));
    let running = world.start();
    append(&world, 0..2_000);
    world.append(Sent::of(1, 1));
    world.settle().await;
    world.log.hand(0, false);
    tokio::time::sleep(KEPT).await;
    // So the rows of one take a minute to be read.
    world.log.state().pace_of_sums = Duration::from_secs(5);
    world.log.hand(0, true);
    tokio::time::sleep(SOON).await;
    for id in 2..10 {
        world.append(Sent::of(1, id));
        tokio::time::sleep(Duration::from_secs(2)).await;
        assert!(world.log.is_folded(1), "{id}");
        append(&world, id + 2_000..id + 2_001);
        assert!(!world.log.is_folded(0));
    }
    world.log.state().pace_of_sums = Duration::ZERO;
    settled(&world, running).await;
}

#[tokio::test(start_paused = true)]
async fn rule_12_partitions_that_come_together_are_read_side_by_side() {
    const PARTITIONS: u32 = 4;
    const PACE: Duration = Duration::from_secs(60);
    let world = World::new(PartitionBy::Key, 6, PARTITIONS as usize, Duration::from_millis(5));
    let append = |ids: std::ops::Range<u64>| {
        for id in ids {
            world.append(Sent::of(id as u32 % PARTITIONS, id));
        }
    };
    let running = world.start();
    append(0..40);
    world.settle().await;
    running.stop().await;
    // What is read of the topic of sums comes as slowly for all of them together as for one.
    world.log.state().pace_of_sums = PACE;
    let longest = world.log.state().sums.iter().map(Vec::len).max().unwrap().div_ceil(20) as u32;
    let (running, begun) = (world.start(), Instant::now());
    append(40..48);
    world.settle().await;
    let took = begun.elapsed();
    assert!(took < PACE * (longest + 1), "{took:?} for {longest}");
    settled(&world, running).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_12_a_process_that_comes_back_knows_what_others_folded_before_it_shares_the_log() {
    let directory = tempfile::tempdir().unwrap();
    let state = Some(directory.path().join("identities.db"));
    let mut world = World::new(PartitionBy::Key, 5, 1, Duration::from_micros(300));
    world.has_gaps = false;
    let first = world.start_keeping(state.clone());
    append(&world, 0..30);
    world.settle().await;
    first.stop().await;
    let other = world.start();
    append(&world, 30..40);
    world.settle().await;
    let learnt = world.metrics.learnt.get();
    world.log.state().shut = true;
    let running = world.start_keeping(state);
    until(|| world.metrics.learnt.get() >= learnt + 10).await;
    append(&world, 40..50);
    world.settle().await;
    world.log.state().shut = false;
    repeat(&world, 3);
    repeat(&world, 35);
    until(|| world.metrics.kept.get() > 0).await;
    // Or it would succeed the one that is looked at when that stops, and count as well.
    other.stop().await;
    repeat(&world, 45);
    assert_eq!(settled(&world, running).await, 1);
    assert!(world.metrics.learnt.get() < learnt + 30, "what came meanwhile, and nothing twice");
}
