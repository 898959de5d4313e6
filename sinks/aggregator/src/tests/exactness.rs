//! Whatever dies, and whenever: the same rows, and each dead letter once.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::time::Duration;

use tokio::time::Instant;

use super::SPREAD;
use crate::tests::traffic::next_sent;
use crate::tests::world::{NOON, Running, World};

/// Sends, kills, starts, takes the store away; then lets everything come to rest, and checks.
async fn whatever_happens(world: World, steps: usize, pause: Duration, store_dies: bool) {
    let (mut running, mut zombies): (Vec<Running>, Vec<Running>) = (vec![world.start()], Vec::new());
    let (mut log_time, mut sent, mut away_until) = (NOON, Vec::new(), None);
    world.store.fail_one_in(20);
    world.log.fail_one_in(20);
    let mut copy = world.store.copy();
    for step in 0..steps {
        if step % 50 == 0 {
            copy = world.store.copy();
        }
        for _ in 0..world.chance.below(10) {
            let one = next_sent(&world, &mut log_time, &mut sent);
            world.append(one);
        }
        world.chance.pause(pause).await;
        match world.chance.below(60) {
            0 => {
                if let Some(one) = running.pop() {
                    one.kill().await;
                }
                running.push(world.start());
            }
            // The former owner lives on and learns of it late.
            1 => {
                zombies.append(&mut running);
                running.push(world.start());
            }
            2 if store_dies && away_until.is_none() => {
                world.store.go_away();
                world.store.lose_some(&copy);
                away_until = Some(Instant::now() + pause * 20);
            }
            _ => {}
        }
        if away_until.is_some_and(|until| Instant::now() > until) {
            world.store.come_back();
            away_until = None;
        }
    }
    if let Some(until) = away_until {
        tokio::time::sleep_until(until).await;
        world.store.come_back();
    }
    world.store.fail_one_in(0);
    world.log.fail_one_in(0);
    for zombie in zombies {
        zombie.kill().await;
    }
    world.settle().await;
    // The comparison finds out what the store lost, and it is written again.
    tokio::time::sleep(Duration::from_secs(if store_dies { 120 } else { 2 })).await;
    for one in running {
        assert_eq!(one.handle.stopped_partitions(), Default::default());
        one.stop().await;
    }
    world.check();
    assert!(sent.len() > steps);
}

#[tokio::test(start_paused = true)]
async fn rules_10_to_12_sums_are_exact_whatever_dies_between_the_steps_of_a_flush() {
    for seed in 0..6 {
        println!("seed {seed}");
        let mut world = World::new(SPREAD, seed, 3, Duration::from_millis(200));
        world.side_by_side = if seed % 3 == 2 { usize::MAX } else { 2 };
        whatever_happens(world, 300, Duration::from_secs(8), true).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_10_to_12_sums_are_exact_with_local_state_too() {
    for seed in 100..103 {
        println!("seed {seed}");
        let directory = tempfile::tempdir().unwrap();
        let mut world = World::new(SPREAD, seed, 3, Duration::from_micros(300));
        world.state_path = Some(directory.path().join("identities.db"));
        // Nobody would notice that a store was away for such times.
        whatever_happens(world, 300, Duration::from_millis(2), false).await;
    }
}

/// Members, each with a local state of its own, if any.
struct Members<'w> {
    world: &'w World,
    running: Vec<(Option<PathBuf>, Running)>,
    /// The local states of those who are gone.
    free: VecDeque<Option<PathBuf>>,
}

impl Members<'_> {
    fn start(&mut self) {
        if let Some(state) = self.free.pop_front() {
            self.running.push((state.clone(), self.world.start_keeping(state)));
        }
    }

    async fn kill(&mut self, at: usize) {
        let (state, running) = self.running.swap_remove(at);
        running.kill().await;
        self.free.push_back(state);
    }

    async fn stop(&mut self, at: usize) {
        let (state, running) = self.running.remove(at);
        running.stop().await;
        self.free.push_back(state);
    }
}

/// Members come, go, and take partitions from each other; some miss that they lost theirs, some are refused for nothing.
async fn members_share(world: &World, states: [Option<PathBuf>; 4], steps: usize, pause: Duration) {
    world.log.share();
    let mut members = Members { world, running: Vec::new(), free: states.into() };
    members.start();
    members.start();
    let (mut log_time, mut sent) = (NOON, Vec::new());
    world.store.fail_one_in(20);
    world.log.fail_one_in(50);
    for _ in 0..steps {
        for _ in 0..world.chance.below(10) {
            let one = next_sent(world, &mut log_time, &mut sent);
            world.append(one);
        }
        world.chance.pause(pause).await;
        match world.chance.below(40) {
            0 => {
                members.kill(world.chance.below(members.running.len() as u64) as usize).await;
                members.start();
            }
            1 => members.start(),
            2 if members.running.len() > 2 => members.stop(0).await,
            3..6 => world.log.rebalance(),
            6 => world.log.fence(1),
            7 => world.log.end_producer(1),
            _ => {}
        }
    }
    world.store.fail_one_in(0);
    world.log.fail_one_in(0);
    world.log.fence(0);
    world.settle().await;
    for (_, one) in members.running {
        assert_eq!(one.handle.stopped_partitions(), Default::default());
        one.stop().await;
    }
    world.check();
    assert!(sent.len() > steps);
}

#[tokio::test(start_paused = true)]
async fn rules_10_to_12_sums_are_exact_when_members_own_some_of_the_partitions_and_change_them_all_the_time() {
    let (mut met, mut kept) = (Vec::new(), 0);
    for seed in 200..206 {
        println!("seed {seed}");
        let world = World::new(SPREAD, seed, 3, Duration::from_millis(200));
        members_share(&world, [const { None }; 4], 300, Duration::from_secs(8)).await;
        met.push(world.log.state().met);
        kept += world.metrics.kept.get();
    }
    // What it is about did happen.
    assert!(met.iter().map(|met| met.partial_assignments).sum::<u64>() > 100, "{met:?}");
    assert!(met.iter().map(|met| met.missed_revocations).sum::<u64>() > 5, "{met:?}");
    assert!(met.iter().map(|met| met.fenced).sum::<u64>() > 5, "{met:?}");
    assert!(met.iter().map(|met| met.fenced_in_part).sum::<u64>() > 5, "{met:?}");
    assert!(met.iter().map(|met| met.beside_others).sum::<u64>() > 5, "{met:?}");
    assert!(kept > 5, "{kept} were taken over with what was still known");
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_10_to_12_sums_are_exact_when_members_with_local_states_change_all_the_time() {
    let mut kept = 0;
    for seed in 300..303 {
        println!("seed {seed}");
        let directory = tempfile::tempdir().unwrap();
        let states = std::array::from_fn(|host| Some(directory.path().join(format!("{host}.db"))));
        let world = World::new(SPREAD, seed, 3, Duration::from_micros(300));
        members_share(&world, states, 300, Duration::from_millis(20)).await;
        kept += world.metrics.kept.get();
    }
    assert!(kept > 5, "{kept} were taken over with what was still known");
}

#[cfg(feature = "faults")]
#[tokio::test(start_paused = true)]
#[should_panic(expected = "the store: a row that was never true")]
async fn without_deduplication_the_sums_are_wrong_and_it_is_noticed() {
    use crate::tests::world::Sent;
    let mut world = World::new(SPREAD, 1, 1, Duration::from_millis(5));
    world.faults.without_deduplication = true;
    world.append(Sent::of(0, 1));
    world.append(Sent { message: 2, ..Sent::of(0, 1) });
    let running = world.start();
    world.settle().await;
    running.stop().await;
    world.check();
}
