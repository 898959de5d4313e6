//! Partitions whose records come together are folded side by side, and what becomes of each is its own matter, as it is in turn.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use tallygate_core::PartitionBy;

use super::world::{DAY, NOON, Sent, World};
use crate::WallClock;
use crate::timeouts::STAND_EVERY;

/// One is folded after the other, or all of them side by side.
const BOTH: [usize; 2] = [usize::MAX, 2];
/// For so long one who is folded waits for another.
const PATIENCE: Duration = Duration::from_secs(2);

fn world(partitions: usize, side_by_side: usize) -> World {
    let mut world = World::new(PartitionBy::Key, 17, partitions, Duration::from_millis(5));
    world.side_by_side = side_by_side;
    world.has_gaps = false;
    world
}

fn append(world: &World, ids: std::ops::Range<u64>) {
    let partitions = u64::from(world.partitions());
    for id in ids {
        world.append(Sent::of((id % partitions) as u32, id));
    }
}

/// Where those meet who are folded: each looks at the clock when it begins.
#[derive(Default)]
struct Meeting {
    state: Mutex<Looks>,
    changed: Condvar,
}

#[derive(Default)]
struct Looks {
    are_awaited: bool,
    looking: usize,
    have_met: bool,
}

impl Meeting {
    fn look(&self) {
        let mut state = self.state.lock().unwrap();
        if state.are_awaited {
            state.looking += 1;
            state.have_met |= state.looking > 1;
            self.changed.notify_all();
            state = self.changed.wait_timeout_while(state, PATIENCE, |state| !state.have_met).unwrap().0;
            state.looking -= 1;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_partitions_whose_records_come_together_are_folded_at_the_same_time() {
    for side_by_side in BOTH {
        let (world, meeting) = (world(2, side_by_side), Arc::new(Meeting::default()));
        let clock = Arc::clone(&meeting);
        let running = world.start_by(WallClock::new(move || {
            clock.look();
            i64::MAX / 2
        }));
        append(&world, 0..10);
        world.settle().await;
        world.log.stall(true);
        append(&world, 10..30);
        meeting.state.lock().unwrap().are_awaited = true;
        world.log.stall(false);
        world.settle().await;
        let have_met = meeting.state.lock().unwrap().have_met;
        assert_eq!(have_met, side_by_side == 2);
        running.stop().await;
        world.check();
    }
}

#[tokio::test(start_paused = true)]
async fn of_records_that_come_together_each_partition_stands_waits_or_is_read_again_by_itself() {
    for side_by_side in BOTH {
        let mut world = world(4, side_by_side);
        world.flush_rows = 6;
        world.now.store(NOON + DAY, Ordering::Relaxed);
        let running = world.start();
        append(&world, 0..4);
        world.settle().await;
        world.log.stall(true);
        let same_rows = |partition, id| Sent { key: 1, ..Sent::of(partition, id) };
        for id in (100..120).step_by(2) {
            world.append(same_rows(0, id));
            // So many rows that most of its records have no room.
            world.append(Sent { key: id, ..Sent::of(1, 1_000 + id) });
            world.append(same_rows(2, 2_000 + id));
            let offset = world.append(same_rows(3, 3_000 + id));
            if id == 108 {
                world.log.state().passed_over.insert((3, offset));
            }
        }
        // Here it stands, and what was taken of it before is dropped.
        world.append(Sent { appended: NOON + 3 * DAY, ..same_rows(0, 200) });
        world.log.stall(false);
        tokio::time::sleep(Duration::from_secs(5)).await;
        let stopped = running.handle.stopped_partitions();
        assert_eq!(stopped.keys().collect::<Vec<_>>(), [&0], "{stopped:?}");
        assert!(stopped[&0].contains("ahead of this machine's clock"), "{stopped:?}");
        assert!((1..4).all(|number| world.log.is_folded(number)));
        assert!(world.log.state().passed_over.is_empty(), "it was read again");
        world.check_but(&BTreeSet::from([0]));
        world.now.store(NOON + 3 * DAY, Ordering::Relaxed);
        tokio::time::sleep(STAND_EVERY).await;
        world.settle().await;
        assert_eq!(world.log.state().subscriptions, 1, "nobody begins anew");
        running.stop().await;
        assert_eq!(world.log.state().met.most_rows, 6);
        world.check();
    }
}

#[tokio::test(start_paused = true)]
async fn a_panic_in_a_partition_s_folding_ends_the_role() {
    for side_by_side in BOTH {
        let (world, panics) = (world(2, side_by_side), Arc::new(AtomicBool::new(false)));
        let clock = Arc::clone(&panics);
        let running = world.start_by(WallClock::new(move || {
            assert!(!clock.load(Ordering::Relaxed), "this is to be seen outside");
            i64::MAX / 2
        }));
        append(&world, 0..10);
        world.settle().await;
        panics.store(true, Ordering::Relaxed);
        append(&world, 10..12);
        assert!(running.task.await.unwrap_err().is_panic());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_local_state_of_another_log_is_forgotten_for_each_partition_and_the_sums_are_exact() {
    for side_by_side in BOTH {
        let directory = tempfile::tempdir().unwrap();
        let path = Some(directory.path().join("identities.db"));
        let other = World { state_path: path.clone(), ..world(2, side_by_side) };
        append(&other, 0..20);
        let running = other.start();
        other.settle().await;
        running.stop().await;
        let mut world = world(2, side_by_side);
        append(&world, 100..140);
        let running = world.start();
        world.settle().await;
        running.stop().await;
        world.state_path = path;
        append(&world, 100..150);
        let running = world.start();
        world.settle().await;
        running.stop().await;
        assert_eq!(world.log.state().subscriptions, 3, "one more for both together");
        world.check();
    }
}
