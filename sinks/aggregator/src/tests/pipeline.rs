//! Rows go to the store while the last commit is out, and whatever becomes of that one, the sums are exact.

use std::time::Duration;

use tallygate_core::PartitionBy;

use super::world::{Running, Sent, World};

const SOON: Duration = Duration::from_secs(5);

async fn until(what: impl Fn() -> bool) {
    let wait = async {
        while !what() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(SOON, wait).await.unwrap();
}

/// The highest offset that a row of this partition took.
fn stored(world: &World, partition: u32) -> Option<u64> {
    let rows = world.store.rows().into_values();
    let log_partition = super::world::FIRST_PARTITION + partition;
    rows.filter(|row| row.at.partition == log_partition).map(|row| row.offset).max()
}

/// A world whose first records are committed, with a commit of the next ones out and rows of those after them in the store.
async fn world_with_a_commit_out() -> (World, Running) {
    let world = World::new(PartitionBy::Key, 21, 2, Duration::from_millis(2));
    let running = world.start();
    append(&world, 0..20);
    world.settle().await;
    world.log.hold_commits(true);
    append(&world, 20..30);
    until(|| world.log.commits_held() == 1).await;
    append(&world, 30..40);
    until(|| (0..2).all(|number| stored(&world, number) == Some(world.log.state().high(number as usize) - 1))).await;
    assert_eq!(world.log.commits_held(), 1, "commits follow each other");
    assert!((0..2).all(|number| !world.log.is_folded(number)));
    (world, running)
}

fn append(world: &World, ids: std::ops::Range<u64>) {
    for id in ids {
        world.append(Sent::of((id % 2) as u32, id));
    }
}

#[tokio::test(start_paused = true)]
async fn rule_11_rows_reach_the_store_while_a_commit_is_out_and_are_committed_together_behind_it() {
    let (world, running) = world_with_a_commit_out().await;
    append(&world, 40..44);
    until(|| stored(&world, 0) == Some(world.log.state().high(0) - 1)).await;
    let before = world.log.state().met.commits;
    world.log.hold_commits(false);
    world.settle().await;
    assert!(world.log.state().met.commits <= before + 3, "one that was out, and one with what the store had by then");
    running.stop().await;
    world.check();
}

#[tokio::test(start_paused = true)]
async fn rule_11_killed_with_a_commit_out_and_the_next_rows_in_the_store_the_sums_are_exact() {
    let (world, running) = world_with_a_commit_out().await;
    running.kill().await;
    world.log.hold_commits(false);
    append(&world, 44..60);
    let next = world.start();
    world.settle().await;
    next.stop().await;
    world.check();
}

#[tokio::test(start_paused = true)]
async fn rule_11_nothing_is_committed_that_rests_on_a_commit_that_was_refused() {
    let (world, running) = world_with_a_commit_out().await;
    // What is out is refused as a former owner's, and its successors with it; all of it is folded again.
    world.log.fence(1);
    world.log.hold_commits(false);
    world.settle().await;
    running.stop().await;
    world.check();
}

#[tokio::test(start_paused = true)]
async fn rule_11_a_partition_goes_to_its_next_owner_without_what_waited_behind_a_commit() {
    let (world, running) = world_with_a_commit_out().await;
    let next = world.start();
    tokio::time::sleep(Duration::from_millis(50)).await;
    world.log.hold_commits(false);
    append(&world, 44..60);
    world.settle().await;
    next.stop().await;
    running.kill().await;
    world.check();
}
