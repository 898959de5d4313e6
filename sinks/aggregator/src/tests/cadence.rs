//! How often what was folded is written: at once where the fold is up with the log, seldom while it works off what lies before it.

use std::time::Duration;

use tallygate_core::PartitionBy;
use tokio::time::Instant;

use super::world::{Sent, World};
use crate::timeouts::LONGEST_PAUSE;

/// In records; with one key in seven they change few rows.
const BACKLOG: u64 = 20_000;
/// Of a partition, as the test counts commits of both.
const FEW: u64 = 12;

fn world_with_a_backlog() -> World {
    let mut world = World::new(PartitionBy::Key, 3, 2, Duration::from_millis(2));
    world.has_gaps = false;
    for id in 0..BACKLOG {
        world.append(Sent::of((id % 2) as u32, id));
    }
    // Forty thousand a second.
    world.log.state().pace = Duration::from_millis(1);
    world
}

#[tokio::test(start_paused = true)]
async fn a_backlog_is_worked_off_with_few_flushes_and_what_comes_later_is_flushed_at_once() {
    let world = world_with_a_backlog();
    let running = world.start();
    world.settle().await;
    let commits = world.log.state().met.commits;
    assert!(commits <= FEW, "{commits} commits of {BACKLOG} records");
    for id in BACKLOG..BACKLOG + 20 {
        tokio::time::sleep(Duration::from_millis(20)).await;
        let begun = Instant::now();
        world.append(Sent::of((id % 2) as u32, id));
        world.settle().await;
        assert!(begun.elapsed() <= Duration::from_millis(20), "{:?}", begun.elapsed());
    }
    running.stop().await;
    world.check();
}

#[tokio::test(start_paused = true)]
async fn what_was_folded_before_the_log_fell_silent_is_flushed_though_it_holds_more() {
    let world = world_with_a_backlog();
    let running = world.start();
    tokio::time::sleep(Duration::from_millis(100)).await;
    world.log.stall(true);
    tokio::time::sleep(LONGEST_PAUSE).await;
    let folded: u64 = (0..2).map(|number| world.log.state().position(number).unwrap()).sum();
    assert!(folded > 100 && folded < BACKLOG, "{folded}");
    world.log.stall(false);
    world.settle().await;
    running.stop().await;
    world.check();
}
