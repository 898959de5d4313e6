//! The numbered rules, one by one.

use std::time::Duration;

use tallygate_core::record::REASON;
use tallygate_stream::Start;
use tokio::time::Instant;

use super::world::{DAY, NOON, Sent, World};
use crate::timeouts::FENCED_WAIT;

fn world() -> World {
    World::new(7, 1, Duration::from_millis(5))
}

/// A world in which twenty records were folded, and nothing runs.
async fn twenty_folded() -> World {
    let world = world();
    for id in 0..20 {
        world.append(Sent::of(0, id));
    }
    let first = world.start();
    world.settle().await;
    first.stop().await;
    world
}

fn appended(sent: Sent, appended: i64) -> Sent {
    Sent { appended, ..sent }
}

#[tokio::test(start_paused = true)]
async fn rule_12_what_a_store_lost_is_written_again_however_long_it_was_away() {
    // Of what is ready at the same time, chance picks what is done first.
    for _ in 0..10 {
        let world = world();
        let running = world.start();
        for id in 0..20 {
            world.append(Sent::of(0, id));
        }
        world.settle().await;
        world.store.go_away();
        world.store.lose_since(Instant::now() - Duration::from_secs(60));
        // The rows of another day are not at hand: while the store is away, folding waits for them.
        world.append(Sent { day: NOON / DAY - 1, ..Sent::of(0, 20) });
        tokio::time::sleep(Duration::from_secs(300)).await;
        world.store.come_back();
        world.settle().await;
        tokio::time::sleep(Duration::from_secs(5)).await;
        running.stop().await;
        world.check();
    }
}

#[tokio::test(start_paused = true)]
async fn rule_8_another_record_at_the_committed_place_stops_the_partition_alone() {
    let world = World::new(1, 2, Duration::from_millis(5));
    for id in 1..20 {
        world.append(Sent::of((id % 2) as u32, id));
    }
    let first = world.start();
    world.settle().await;
    first.stop().await;
    {
        let mut state = world.log.state();
        let last = state.log[0].len() - 1;
        let offset = state.log[0][last].offset;
        state.log[0][last] = Sent { amount: 9_999, ..Sent::of(0, 18) }.record(offset);
    }
    let second = world.start();
    let position = world.log.state().committed[0].clone();
    world.append(Sent::of(0, 100));
    let other = world.append(Sent::of(1, 101));
    tokio::time::sleep(Duration::from_secs(5)).await;
    let stopped = second.handle.stopped_partitions();
    assert_eq!(stopped.keys().collect::<Vec<_>>(), [&0]);
    assert!(stopped[&0].contains("made anew"), "{stopped:?}");
    assert_eq!(world.log.state().committed[0], position);
    assert_eq!(world.log.state().committed[1].as_ref().unwrap().offset, other + 1);
    second.stop().await;
}

#[tokio::test(start_paused = true)]
async fn rule_8_a_log_that_ends_before_what_was_folded_stops_the_partition() {
    let world = twenty_folded().await;
    world.log.state().log[0].truncate(10);
    let second = world.start();
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert!(second.handle.stopped_partitions()[&0].contains("the log ends at"));
    second.kill().await;
}

#[tokio::test(start_paused = true)]
async fn rule_8_a_new_topic_without_any_position_is_found_out_by_the_rows_in_the_store() {
    let world = twenty_folded().await;
    {
        let mut state = world.log.state();
        state.log[0].clear();
        state.committed[0] = None;
    }
    for id in 0..40 {
        world.append(appended(Sent::of(0, 500 + id), NOON + 60_000 + id as i64));
    }
    let second = world.start();
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert!(second.handle.stopped_partitions()[&0].contains("row of another record"));
    second.kill().await;
}

#[tokio::test(start_paused = true)]
async fn rule_8_a_partition_whose_folded_records_were_all_pruned_goes_on() {
    let world = twenty_folded().await;
    let (rows, _) = world.oracle();
    {
        let mut state = world.log.state();
        state.lows[0] = state.log[0].last().unwrap().offset + 1;
        state.log[0].clear();
    }
    let second = world.start();
    let later = NOON + 30 * DAY;
    world.append(Sent { day: later / DAY, ..appended(Sent::of(0, 100), later) });
    world.settle().await;
    second.stop().await;
    let found = world.store.rows();
    assert!(rows.iter().all(|(at, row)| found.get(at) == Some(row)));
    assert_eq!(found.len(), rows.len() + 2);
}

#[tokio::test(start_paused = true)]
async fn rule_8_records_that_were_pruned_before_they_were_folded_end_the_run_with_an_error() {
    let world = twenty_folded().await;
    for id in 20..30 {
        world.append(Sent::of(0, id));
    }
    {
        let mut state = world.log.state();
        let low = state.log[0][25].offset;
        state.lows[0] = low;
        state.log[0].retain(|record| record.offset >= low);
    }
    let error = world.start().task.await.unwrap().unwrap_err();
    assert!(error.to_string().contains("is not there"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn rule_11_nothing_is_on_the_stream_that_is_not_in_the_store() {
    let world = world();
    let running = world.start();
    world.store.gate.forget_permits(usize::MAX >> 3);
    world.append(Sent::of(0, 1));
    tokio::time::sleep(Duration::from_secs(20)).await;
    assert_eq!(world.log.state().sums.len(), 0);
    assert_eq!(world.log.state().committed[0], None);
    world.store.gate.add_permits(1_000);
    world.settle().await;
    running.stop().await;
    world.check();
}

#[tokio::test(start_paused = true)]
async fn rule_11_a_former_owner_who_wakes_up_late_does_no_harm() {
    let world = world();
    let former = world.start();
    for id in 0..10 {
        world.append(Sent::of(0, id));
    }
    world.settle().await;
    world.store.gate.forget_permits(usize::MAX >> 3);
    world.append(Sent::of(0, 10));
    // Its rows are on their way, and stay there.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let owner = world.start();
    for id in 11..20 {
        world.append(Sent::of(0, id));
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    world.store.gate.add_permits(1_000);
    world.settle().await;
    assert!(!former.task.is_finished());
    former.kill().await;
    owner.stop().await;
    world.check();
}

#[tokio::test(start_paused = true)]
async fn rule_12_the_first_takeover_reads_all_and_later_ones_what_is_still_known() {
    let world = world();
    for id in 0..10 {
        world.append(appended(Sent::of(0, id), NOON - 20 * DAY + id as i64));
    }
    for id in 10..20 {
        world.append(Sent::of(0, id));
    }
    let first = world.start();
    world.settle().await;
    assert_eq!(world.log.state().starts, [(0, Start::Beginning)]);
    // Records come until the beginning of the log is older than the tail.
    for id in 20..40 {
        tokio::time::sleep(Duration::from_secs(10)).await;
        world.append(Sent::of(0, id));
    }
    world.settle().await;
    first.stop().await;
    let second = world.start();
    // One from the learnt part of the log: the same transaction under another number.
    world.append(Sent { message: 1_000, ..appended(Sent::of(0, 12), NOON + 1_000) });
    world.settle().await;
    second.stop().await;
    world.check();
    let (_, start) = world.log.state().starts[0];
    let Start::Time(since) = start else { panic!("{start:?}") };
    assert!((NOON - 4 * DAY..NOON - 4 * DAY + 100).contains(&since), "{since}");
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_12_local_state_spares_reading_the_log_again_and_may_vanish() {
    let directory = tempfile::tempdir().unwrap();
    let mut world = World::new(3, 1, Duration::from_micros(100));
    let path = directory.path().join("identities.db");
    world.state_path = Some(path.clone());
    for round in 0..4_u64 {
        let running = world.start();
        for id in 0..50 {
            world.append(Sent::of(0, id));
            world.append(Sent { message: 10_000 * (round + 1) + id, ..Sent::of(0, id) });
        }
        world.settle().await;
        running.stop().await;
        world.check();
        if round == 2 {
            std::fs::write(&path, b"no database at all").unwrap();
        }
    }
    // The tail is younger than two minutes: it begins where the log does.
    assert!(matches!(world.log.state().starts[0], (0, Start::Beginning | Start::Offset(0))));
}

#[tokio::test(start_paused = true)]
async fn rule_12_a_store_that_lost_its_tail_while_nobody_looked_is_mended() {
    let world = world();
    let running = world.start();
    for id in 0..60 {
        tokio::time::sleep(Duration::from_secs(5)).await;
        world.append(Sent::of(0, id));
    }
    world.settle().await;
    world.check();
    world.store.go_away();
    world.store.lose_since(Instant::now() - Duration::from_secs(60));
    tokio::time::sleep(Duration::from_secs(600)).await;
    world.store.come_back();
    tokio::time::sleep(Duration::from_secs(20)).await;
    world.check();
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn rule_12_a_new_owner_mends_what_the_store_lost_before_it_came() {
    let world = world();
    let running = world.start();
    for id in 0..60 {
        tokio::time::sleep(Duration::from_secs(5)).await;
        world.append(Sent::of(0, id));
    }
    world.settle().await;
    running.kill().await;
    world.store.lose_since(Instant::now() - Duration::from_secs(60));
    tokio::time::sleep(Duration::from_secs(600)).await;
    let next = world.start();
    tokio::time::sleep(Duration::from_secs(5)).await;
    world.check();
    next.stop().await;
}

#[tokio::test(start_paused = true)]
async fn while_the_store_is_away_records_are_held_within_bounds_and_the_ownership_is_kept() {
    let world = world();
    let running = world.start();
    world.append(Sent::of(0, 0));
    world.settle().await;
    world.store.go_away();
    for id in 1..2_000 {
        world.append(Sent::of(0, id));
    }
    tokio::time::sleep(Duration::from_secs(3_600)).await;
    assert_eq!(world.log.state().committed[0].as_ref().unwrap().offset, 1);
    world.store.come_back();
    world.settle().await;
    assert_eq!(world.log.state().subscriptions, 1);
    running.stop().await;
    world.check();
}

#[tokio::test(start_paused = true)]
async fn rule_11_one_that_is_refused_though_nobody_else_owns_its_partitions_waits_and_begins_anew() {
    let world = World::new(7, 2, Duration::from_millis(5));
    let running = world.start();
    for id in 0..10 {
        world.append(Sent::of(id as u32 % 2, id));
    }
    world.settle().await;
    let refused = Instant::now();
    world.log.fence(1);
    for id in 10..20 {
        world.append(Sent::of(id as u32 % 2, id));
    }
    world.settle().await;
    assert!(refused.elapsed() >= FENCED_WAIT, "{:?}", refused.elapsed());
    assert_eq!(world.log.state().subscriptions, 2);
    running.stop().await;
    world.check();
}

#[tokio::test(start_paused = true)]
async fn rule_9_a_dead_letter_is_the_original_with_the_reason_and_where_it_stood() {
    let world = world();
    world.append(Sent::of(0, 1));
    world.append(Sent { message: 2, amount: 7, ..Sent::of(0, 1) });
    world.append(Sent { day: 1, ..Sent::of(0, 3) });
    world.append(Sent::of(0, 96));
    let running = world.start();
    world.settle().await;
    running.stop().await;
    world.check();
    let state = world.log.state();
    let reasons: Vec<String> = state
        .dead_letters
        .iter()
        .map(|letter| {
            let reason = letter.headers.iter().find(|(name, _)| *name == REASON).unwrap();
            String::from_utf8_lossy(&reason.1).into_owned()
        })
        .collect();
    for (reason, start) in reasons.iter().zip(["conflict:", "outside the horizon:", "unreadable: value"]) {
        assert!(reason.starts_with(start), "{reason}");
    }
    assert_eq!(state.dead_letters[0].value, state.log[0][1].value());
    assert_eq!(state.dead_letters[0].headers.len(), 4);
}
