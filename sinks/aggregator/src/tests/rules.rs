//! The numbered rules, one by one.

use std::time::Duration;

use tallygate_core::record::REASON;
use tallygate_stream::Start;
use tokio::time::Instant;

use super::SPREAD;
use crate::tests::world::{Running, Sent, World};
use crate::timeouts::FENCED_WAIT;

pub(super) fn world() -> World {
    let mut world = World::new(SPREAD, 7, 1, Duration::from_millis(5));
    world.has_gaps = false;
    world
}

/// A world in which twenty records were folded, and nothing runs.
pub(super) async fn twenty_folded() -> World {
    let world = world();
    for id in 0..20 {
        world.append(Sent::of(0, id));
    }
    let first = world.start();
    world.settle().await;
    first.stop().await;
    world
}

pub(super) fn appended(sent: Sent, appended: i64) -> Sent {
    Sent { appended, ..sent }
}

#[tokio::test(start_paused = true)]
async fn rule_5_records_that_a_reader_passes_over_are_read_once_more() {
    let world = World::new(SPREAD, 3, 2, Duration::from_millis(5));
    let pass_over = |partition, offset| {
        world.log.state().passed_over.insert((partition, offset));
    };
    let running = world.start();
    for id in 0..80 {
        let partition = (id % 2) as u32;
        let offset = world.append(Sent::of(partition, id));
        // None that another follows much later: until then nobody can know of it.
        if id % 7 == 0 || id % 11 == 0 {
            pass_over(partition, offset);
        }
        if id % 20 == 19 {
            world.settle().await;
        }
    }
    world.settle().await;
    running.stop().await;
    assert!(world.log.state().passed_over.is_empty(), "they were to be read");
    world.check();
    // While it learns, and the last record that was folded, which has to be found again.
    let (first, last) = {
        let log = &world.log.state().log[0];
        (log[3].clone(), log.last().unwrap().offset)
    };
    pass_over(0, first.offset);
    pass_over(0, last);
    world.append(Sent { message: 1_000, ..Sent::of(0, 6) });
    let running = world.start();
    world.settle().await;
    running.stop().await;
    assert!(world.log.state().passed_over.is_empty());
    world.check();
}

#[tokio::test(start_paused = true)]
async fn rule_8_another_record_at_the_committed_place_stops_the_partition_alone() {
    let world = World::new(SPREAD, 1, 2, Duration::from_millis(5));
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
    let position = world.log.state().committed[0];
    world.append(Sent::of(0, 100));
    let other = world.append(Sent::of(1, 101));
    tokio::time::sleep(Duration::from_secs(5)).await;
    let stopped = second.handle.stopped_partitions();
    assert_eq!(stopped.keys().collect::<Vec<_>>(), [&0]);
    assert!(stopped[&0].contains("made anew"), "{stopped:?}");
    assert_eq!(world.log.state().committed[0], position);
    assert_eq!(world.log.state().committed[1], Some(other + 1));
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
async fn rule_11_nothing_is_on_the_stream_that_is_not_in_the_store() {
    let world = world();
    let running = world.start();
    world.store.gate.forget_permits(usize::MAX >> 3);
    world.append(Sent::of(0, 1));
    tokio::time::sleep(Duration::from_secs(20)).await;
    assert_eq!(world.topic().len(), 0);
    assert_eq!(world.log.state().committed[0], Some(0));
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

#[tokio::test(flavor = "multi_thread")]
async fn rule_12_local_state_spares_reading_the_log_again_and_may_vanish() {
    let directory = tempfile::tempdir().unwrap();
    let mut world = World::new(SPREAD, 3, 1, Duration::from_micros(100));
    let path = directory.path().join("identities.db");
    world.state_path = Some(path.clone());
    world.has_gaps = false;
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
    // Without the file what may still be known was learnt from the log, which is all of it here.
    assert_eq!(world.log.state().starts, [(0, Start::Offset(0))]);
    let running = world.start();
    tokio::time::sleep(Duration::from_millis(500)).await;
    running.stop().await;
    let high = world.log.state().high(0);
    assert_eq!(world.log.state().starts, [(0, Start::Offset(high - 1))]);
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
    assert_eq!(world.log.state().committed[0], Some(1));
    world.store.come_back();
    world.settle().await;
    assert_eq!(world.log.state().subscriptions, 1);
    running.stop().await;
    world.check();
}

/// Twenty records, of which the second ten meet a refusal; how long it took to fold them.
async fn refused(refuse: impl FnOnce(&World)) -> (World, Running, Duration) {
    let world = World::new(SPREAD, 7, 2, Duration::from_millis(5));
    let running = world.start();
    for id in 0..10 {
        world.append(Sent::of(id as u32 % 2, id));
    }
    world.settle().await;
    let begun = Instant::now();
    refuse(&world);
    for id in 10..20 {
        world.append(Sent::of(id as u32 % 2, id));
    }
    world.settle().await;
    (world, running, begun.elapsed())
}

#[tokio::test(start_paused = true)]
async fn rule_11_what_is_refused_though_it_stayed_ours_is_taken_over_again_at_once() {
    let (world, running, took) = refused(|world| world.log.fence(1)).await;
    assert!(took < Duration::from_secs(2), "{took:?}");
    assert_eq!(world.log.state().subscriptions, 1);
    running.stop().await;
    world.check();
}

#[tokio::test(start_paused = true)]
async fn rule_11_one_that_is_refused_on_and_on_though_nobody_else_owns_its_partitions_joins_anew() {
    let (world, running, took) = refused(|world| {
        let log = world.log.clone();
        log.fence(u64::MAX);
        tokio::spawn(async move {
            tokio::time::sleep(FENCED_WAIT * 3 / 2).await;
            log.fence(0);
        });
    })
    .await;
    assert!(took >= FENCED_WAIT, "{took:?}");
    assert_eq!(world.log.state().subscriptions, 2);
    running.stop().await;
    world.check();
}

#[tokio::test(start_paused = true)]
async fn rule_11_a_producer_that_is_refused_while_the_group_stays_as_it_was_is_made_anew_at_once() {
    let (world, running, took) = refused(|world| world.log.end_producer(1)).await;
    assert!(took < Duration::from_secs(2), "{took:?}");
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
            String::from_utf8_lossy(reason.1).into_owned()
        })
        .collect();
    for (reason, start) in reasons.iter().zip(["conflict:", "outside the horizon:", "unreadable: value"]) {
        assert!(reason.starts_with(start), "{reason}");
    }
    assert_eq!(state.dead_letters[0].value, state.log[0][1].value());
    assert_eq!(state.dead_letters[0].headers.iter().count(), 4);
}
