//! Whatever is lost, killed, delayed or put back, in any order: the sums are exact, or the partition stands by name.

use std::collections::BTreeSet;
use std::time::Duration;

use tallygate_core::PartitionBy;

use super::fake_store::Contents;
use super::traffic::next_sent;
use super::world::{DAY, NOON, Running, Sent, World};
use crate::limits::FLUSH_ROWS;

/// Runs in a test; a soak asks for more.
const SEEDS: u64 = 10_000;
const STEPS: u64 = 24;
const PARTITIONS: usize = 2;
/// Longer than a comparison, and a second one.
const REST: Duration = Duration::from_secs(45);

/// What has happened to a world.
#[derive(Default)]
struct Met {
    kills: u64,
    zombies: u64,
    emptied: u64,
    put_back: u64,
    rows_lost: u64,
    groups_lost: u64,
    groups_moved: u64,
    topics_lost: u64,
    compacted: u64,
    pruned: u64,
    expired: u64,
    stood: u64,
}

struct Run {
    world: World,
    running: Vec<Running>,
    zombies: Vec<Running>,
    copy: Contents,
    log_time: i64,
    sent: Vec<Sent>,
    /// Something was lost that a partition may stand for.
    may_stand: bool,
    met: Met,
}

impl Run {
    fn new(seed: u64) -> Self {
        let spread = if seed.is_multiple_of(2) { PartitionBy::Key } else { PartitionBy::Id };
        let mut world = World::new(spread, seed, PARTITIONS, Duration::from_millis(200));
        // Now and then with commits so small that what is folded waits for several.
        world.flush_rows = if seed.is_multiple_of(7) { 5 } else { FLUSH_ROWS };
        world.side_by_side = if seed.is_multiple_of(3) { usize::MAX } else { 2 };
        let (copy, running) = (world.store.copy(), vec![world.start()]);
        Self {
            world,
            running,
            zombies: Vec::new(),
            copy,
            log_time: NOON,
            sent: Vec::new(),
            may_stand: false,
            met: Met::default(),
        }
    }

    async fn step(&mut self) {
        let world = &self.world;
        self.log_time += world.chance.below(DAY as u64 / 2) as i64;
        for _ in 0..world.chance.below(6) {
            let one = next_sent(world, &mut self.log_time, &mut self.sent);
            world.append(one);
        }
        world.chance.pause(Duration::from_secs(4)).await;
        match world.chance.below(24) {
            0 | 1 => {
                if let Some(one) = self.running.pop() {
                    one.kill().await;
                }
                self.met.kills += 1;
                self.running.push(self.world.start());
            }
            // The former owner lives on and learns of it late.
            2 | 3 => {
                self.met.zombies += 1;
                self.zombies.append(&mut self.running);
                self.running.push(self.world.start());
            }
            4 => {
                let was = world.store.is_away();
                if was { world.store.come_back() } else { world.store.go_away() }
            }
            5 => {
                self.met.emptied += 1;
                world.store.clear();
            }
            6 => {
                self.met.emptied += 1;
                world.store.truncate();
            }
            7 => self.copy = world.store.copy(),
            8 => {
                self.met.put_back += 1;
                world.store.put_back(self.copy.clone());
            }
            9 => {
                self.met.rows_lost += 1;
                world.store.lose_some(&self.copy);
            }
            10 => {
                self.met.groups_lost += 1;
                world.log.state().committed = vec![None; PARTITIONS];
            }
            11 if world.chance.one_in(3) => {
                self.met.groups_moved += 1;
                self.may_stand = true;
                let other = world.chance.below(self.sent.len() as u64 + 1);
                world.log.state().committed[0] = Some(other);
            }
            12 if world.chance.one_in(3) => {
                self.met.topics_lost += 1;
                self.may_stand = true;
                world.log.state().sums[1].clear();
            }
            13..16 => {
                self.met.compacted += 1;
                world.log.state().compact(&world.chance);
            }
            16 => self.prune(),
            17 if world.chance.one_in(2) => self.met.expired += world.log.state().expire(),
            17 => world.log.rebalance(),
            18 => world.log.fence(1),
            _ => {}
        }
    }

    /// Whole days go that no fold needs; now and then more than that.
    fn prune(&mut self) {
        let world = &self.world;
        let too_much = world.chance.one_in(4);
        let mut state = world.log.state();
        for number in 0..PARTITIONS {
            // The log keeps what the fold needs, with room for its lag; or it does not.
            let position = state.last_position(number);
            let clock = position.and_then(|position| position.clock).unwrap_or(0);
            let before = if too_much { self.log_time / DAY - 1 } else { clock / DAY - 3 };
            let old = state.log[number].iter().take_while(|record| record.appended / DAY < before);
            let end = old.map(|record| record.offset + 1).last().unwrap_or(0);
            if end > state.lows[number] {
                self.met.pruned += 1;
                self.may_stand |= too_much;
                state.lows[number] = end;
            }
        }
    }

    async fn rest(mut self) -> Met {
        let world = &self.world;
        world.store.fail_one_in(0);
        world.log.fail_one_in(0);
        world.log.fence(0);
        world.store.come_back();
        for zombie in self.zombies.drain(..) {
            zombie.kill().await;
        }
        for one in self.running.drain(..) {
            one.kill().await;
        }
        let last = world.start();
        for _ in 0..2_000 {
            let stands: BTreeSet<u32> = last.handle.stopped_partitions().into_keys().collect();
            let is_done = |number: usize| stands.contains(&(number as u32)) || world.log.is_folded(number);
            if (0..PARTITIONS).all(is_done) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        tokio::time::sleep(REST).await;
        let standing = last.handle.stopped_partitions();
        assert!(self.may_stand || standing.is_empty(), "nothing was lost that it may stand for: {standing:?}");
        for number in 0..PARTITIONS as u32 {
            let state = world.log.state();
            let (position, high) = (state.position(number as usize), state.high(number as usize));
            drop(state);
            let is_done = position.unwrap_or(0) == high;
            let ended = last.task.is_finished();
            assert!(
                is_done || standing.contains_key(&number),
                "{number} stays at {position:?} of {high}; ended: {ended}"
            );
        }
        world.check_but(&standing.keys().copied().collect());
        last.kill().await;
        self.met.stood = standing.len() as u64;
        self.met
    }
}

async fn run(seed: u64) -> Met {
    let mut run = Run::new(seed);
    run.world.store.fail_one_in(20);
    run.world.log.fail_one_in(20);
    for _ in 0..STEPS {
        run.step().await;
    }
    run.rest().await
}

/// `TALLYGATE_SEEDS=from..to` runs others.
fn seeds() -> std::ops::Range<u64> {
    let asked = std::env::var("TALLYGATE_SEEDS").ok();
    let range = asked.as_deref().and_then(|asked| asked.split_once(".."));
    range.map_or(0..SEEDS, |(from, to)| from.parse().unwrap()..to.parse().unwrap())
}

#[test]
fn rules_6_to_13_whatever_is_lost_the_sums_are_exact_or_the_partition_stands() {
    if seeds().count() == 1 {
        // One that is looked into tells what it does.
        let log = tracing_subscriber::fmt().with_max_level(tracing::Level::DEBUG).with_ansi(false).without_time();
        let _ = log.with_test_writer().try_init();
    }
    let next = std::sync::atomic::AtomicU64::new(seeds().start);
    let met = std::sync::Mutex::new(Met::default());
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                    if seed >= seeds().end {
                        return;
                    }
                    let name = Seed(seed);
                    let runtime =
                        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
                    let one = runtime.unwrap().block_on(run(seed));
                    name.passed();
                    met.lock().unwrap().add(&one);
                }
            });
        }
    });
    let met = met.into_inner().unwrap();
    let all = seeds().end - seeds().start;
    if all >= 1_000 {
        for (what, count) in met.all() {
            assert!(count * 40 >= all, "{what} happened {count} times in {all} runs");
        }
    }
}

/// Says which seed it was, when it fails.
struct Seed(u64);

impl Seed {
    fn passed(self) {
        std::mem::forget(self);
    }
}

impl Drop for Seed {
    fn drop(&mut self) {
        eprintln!("failed with TALLYGATE_SEEDS={}..{}", self.0, self.0 + 1);
    }
}

impl Met {
    fn add(&mut self, one: &Self) {
        for (sum, (_, count)) in [
            &mut self.kills,
            &mut self.zombies,
            &mut self.emptied,
            &mut self.put_back,
            &mut self.rows_lost,
            &mut self.groups_lost,
            &mut self.groups_moved,
            &mut self.topics_lost,
            &mut self.compacted,
            &mut self.pruned,
            &mut self.expired,
            &mut self.stood,
        ]
        .into_iter()
        .zip(one.all())
        {
            *sum += count;
        }
    }

    fn all(&self) -> [(&'static str, u64); 12] {
        [
            ("a kill", self.kills),
            ("a zombie", self.zombies),
            ("an emptied store", self.emptied),
            ("a store put back", self.put_back),
            ("rows lost", self.rows_lost),
            ("a group lost", self.groups_lost),
            ("a group moved", self.groups_moved),
            ("a topic lost", self.topics_lost),
            ("a compaction", self.compacted),
            ("a pruned log", self.pruned),
            ("a row that expired in the topic", self.expired),
            ("a partition that stands", self.stood),
        ]
    }
}
