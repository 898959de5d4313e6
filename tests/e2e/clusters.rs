//! Clusters whose nodes are killed, hung and cut off in an order from a seed, and processes with them; the sums stay exact.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::harness::audit::Audit;
use crate::harness::chance::{Chance, seeds};
use crate::harness::clusters::Clusters;
use crate::harness::eventually::eventually;
use crate::harness::ledger::Ledger;
use crate::harness::line::Line;
use crate::harness::names::Names;
use crate::harness::process::Process;
use crate::harness::sender::{Senders, soak};
use crate::harness::settled::until_balanced;
use crate::harness::site::{SPREADS, Site};

const SETTLED: Duration = Duration::from_secs(300);
/// In which a cluster has found out what is wrong with it, and moved what had to move.
const FOUND_OUT: Duration = Duration::from_secs(120);
/// In which what was under way when a node went has come to its end, one way or the other.
const UNDER_WAY: Duration = Duration::from_secs(15);
/// Messages a second for each partner: what three brokers keep up with beside everything else.
const PACE: u64 = 60;
const TRANSACTIONS: u64 = 2_000;
const PARTITIONS: usize = 4;
/// Of the topics in which Kafka keeps groups and transactions.
const OWN_PARTITIONS: i32 = 4;
const TRANSACTIONS_TOOL: &str = "org.apache.kafka.tools.TransactionsCommand";

/// What is done to a line, once each in a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    LeaderKilled,
    LeaderHung,
    LeaderCutOff,
    TooFewCopies,
    GroupCoordinatorKilled,
    TransactionCoordinatorKilled,
    QueueLeaderKilled,
    QueueLeaderHung,
    QueueLeaderCutOff,
    StoreNodeKilled,
    StoreNodeHung,
    ProcessKilled,
}

const FAULTS: [Fault; 12] = [
    Fault::LeaderKilled,
    Fault::LeaderHung,
    Fault::LeaderCutOff,
    Fault::TooFewCopies,
    Fault::GroupCoordinatorKilled,
    Fault::TransactionCoordinatorKilled,
    Fault::QueueLeaderKilled,
    Fault::QueueLeaderHung,
    Fault::QueueLeaderCutOff,
    Fault::StoreNodeKilled,
    Fault::StoreNodeHung,
    Fault::ProcessKilled,
];

#[test]
#[ignore = "takes some ten minutes; make soak runs it"]
fn on_clusters_whatever_fails_every_acknowledged_transaction_counts_once() {
    let soak = soak().unwrap_or(0);
    let clusters = Clusters::start();
    let mut sent = 0;
    for seed in seeds(0..1) {
        eprintln!("this run is TALLYGATE_SEEDS={seed}..{}", seed + 1);
        sent += run(&clusters, seed);
        if sent >= soak {
            break;
        }
    }
}

/// One line, all faults, and the audit; returns how many transactions it took.
fn run(clusters: &Clusters, seed: u64) -> u64 {
    let spread = SPREADS[seed as usize % SPREADS.len()];
    let site = Site::clustered(clusters).spread_by(spread);
    let line = Line::up(&site);
    let senders = Arc::new(Senders::new(&site.certs(), &line.ports()));
    let sending = senders.start(TRANSACTIONS, PACE);
    let names = Names::of(&line.gateways[0]);
    let mut storm = Storm { clusters, line: &line, names, chance: Chance::of(seed), restarting: None };
    sleep(Duration::from_secs(5));
    let faults = storm.chance.shuffled(FAULTS.to_vec());
    for fault in &faults {
        let began = Instant::now();
        storm.strike(*fault);
        eprintln!("seed {seed}: {fault:?} bit, and was over after {:?}", began.elapsed());
    }
    sending.finish();
    clusters.until_whole();

    let [gateway, other] = &line.gateways;
    until_balanced(gateway, &[other], SETTLED);
    assert_eq!(Audit::of(&Ledger::of(gateway), &senders).differences(), Vec::<String>::new(), "seed {seed}");
    assert!(senders.books.count() >= TRANSACTIONS);
    let unanswered = senders.repeats.unanswered.load(Ordering::Relaxed);
    assert!(unanswered > 0, "no fault hit a message that was under way");
    eprintln!("seed {seed}, by {spread}: {} transactions, {unanswered} sent again, all exact", senders.books.count());
    line.stop();
    senders.books.count()
}

/// A line under way, and what is done to it; each fault is seen to bite before it ends.
struct Storm<'a> {
    clusters: &'a Clusters,
    line: &'a Line,
    names: Names,
    chance: Chance,
    /// Killed beside a node, and started while it is away.
    restarting: Option<&'a Process>,
}

impl Storm<'_> {
    fn strike(&mut self, fault: Fault) {
        let partition = self.chance.below(PARTITIONS) as u32;
        match fault {
            Fault::LeaderKilled => self.without_leader(&self.names.topic.clone(), partition, How::Killed),
            Fault::LeaderHung => self.without_leader(&self.names.topic.clone(), partition, How::Hung),
            Fault::LeaderCutOff => self.without_leader(&self.names.topic.clone(), partition, How::CutOff),
            Fault::TooFewCopies => self.too_few_copies(partition),
            Fault::GroupCoordinatorKilled => {
                let partition = place_of_group(&self.names.group);
                self.without_leader("__consumer_offsets", partition, How::Killed);
            }
            Fault::TransactionCoordinatorKilled => {
                let partition = self.place_of_a_transaction();
                self.without_leader("__transaction_state", partition, How::Killed);
            }
            Fault::QueueLeaderKilled => self.without_queue_leader(How::Killed),
            Fault::QueueLeaderHung => self.without_queue_leader(How::Hung),
            Fault::QueueLeaderCutOff => self.without_queue_leader(How::CutOff),
            Fault::StoreNodeKilled => self.without_store(How::Killed),
            Fault::StoreNodeHung => self.without_store(How::Hung),
            Fault::ProcessKilled => {
                self.kill_a_process();
                sleep(Duration::from_secs(2));
            }
        }
        if let Some(process) = self.restarting.take() {
            process.wait_until_up();
        }
    }

    /// Another node of Kafka comes to lead the partition; the one that did so is back afterwards.
    fn without_leader(&mut self, topic: &str, partition: u32, how: How) {
        let kafka = &self.clusters.kafka;
        let leader = self.leader(topic, partition);
        let other = (leader + 1) % kafka.size();
        self.perhaps_kill_a_process();
        match how {
            How::Killed => kafka[leader].kill().unwrap(),
            How::Hung => kafka[leader].pause().unwrap(),
            How::CutOff => kafka.cut_off(leader),
        }
        eventually(&format!("another node leads {topic}/{partition}"), FOUND_OUT, || {
            match kafka.leader(other, topic, partition) {
                Ok(now) if now != leader => Ok(()),
                Ok(_) => Err("it is the same".to_owned()),
                Err(error) => Err(format!("{error:#}")),
            }
        });
        sleep(UNDER_WAY);
        match how {
            How::Killed => kafka[leader].restart().unwrap(),
            How::Hung => kafka[leader].resume().unwrap(),
            How::CutOff => kafka.heal(leader),
        }
        self.clusters.until_kafka_is_whole();
    }

    fn leader(&self, topic: &str, partition: u32) -> usize {
        eventually(&format!("{topic}/{partition} has a leader"), FOUND_OUT, || {
            self.clusters.kafka.leader(0, topic, partition).map_err(|error| format!("{error:#}"))
        })
    }

    /// One copy falls out of sync, then another's node hangs too: nothing may be appended, and nothing is lost.
    fn too_few_copies(&mut self, partition: u32) {
        let kafka = &self.clusters.kafka;
        let leader = self.leader(&self.names.topic, partition);
        let [first, second] = [1, 2].map(|step| (leader + step) % kafka.size());
        kafka[first].pause().unwrap();
        eventually("copies are out of sync", FOUND_OUT, || match kafka.under_replicated(leader) {
            Ok(0) => Err("none is".to_owned()),
            Ok(_) => Ok(()),
            Err(error) => Err(format!("{error:#}")),
        });
        kafka[second].pause().unwrap();
        sleep(UNDER_WAY);
        let (appended, taken) = (self.appended(), self.taken());
        sleep(UNDER_WAY);
        assert_eq!(self.appended(), appended, "something was appended with one copy in sync");
        assert!(self.taken() > taken, "nothing was sent meanwhile");
        kafka[second].resume().unwrap();
        kafka[first].resume().unwrap();
        self.clusters.until_kafka_is_whole();
    }

    /// Another node of RabbitMQ comes to lead the queue; the smaller part of a parted cluster pauses.
    fn without_queue_leader(&mut self, how: How) {
        let (rabbit, queue) = (&self.clusters.rabbit, self.names.topic.clone());
        let leader = eventually("the queue has a leader", FOUND_OUT, || {
            rabbit.leader(0, &queue).map_err(|error| format!("{error:#}"))
        });
        let other = (leader + 1) % rabbit.size();
        self.perhaps_kill_a_process();
        match how {
            How::Killed => rabbit[leader].kill().unwrap(),
            How::Hung => rabbit[leader].pause().unwrap(),
            How::CutOff => rabbit.cut_off(leader),
        }
        self.clusters.rabbit_runs(other, rabbit.size() - 1);
        // The node that led is gone, so another one does. A parted cluster is slow to say which.
        let before = self.taken();
        eventually("the queue takes messages without it", FOUND_OUT, || match self.taken() {
            taken if taken > before => Ok(()),
            taken => Err(format!("{taken} as before")),
        });
        sleep(UNDER_WAY);
        match how {
            How::Killed => rabbit[leader].restart().unwrap(),
            How::Hung => rabbit[leader].resume().unwrap(),
            How::CutOff => rabbit.heal(leader),
        }
        self.clusters.until_rabbit_is_whole_again(leader);
    }

    /// Rows are on both nodes, so that neither may be missing.
    fn without_store(&mut self, how: How) {
        let node = &self.clusters.cassandra[self.chance.below(2)];
        self.perhaps_kill_a_process();
        match how {
            How::Killed => node.kill().unwrap(),
            How::Hung | How::CutOff => node.pause().unwrap(),
        }
        eventually("an aggregator misses the store", FOUND_OUT, || {
            let away = self.sum(&self.line.aggregators, "aggregator_store_away");
            if away > 0 { Ok(()) } else { Err("none does".to_owned()) }
        });
        match how {
            How::Killed => node.restart().unwrap(),
            How::Hung | How::CutOff => node.resume().unwrap(),
        }
        eventually("the aggregators have the store again", FOUND_OUT, || {
            match self.sum(&self.line.aggregators, "aggregator_store_away") {
                0 => Ok(()),
                away => Err(format!("{away} miss it")),
            }
        });
    }

    /// Two faults at once, every second time.
    fn perhaps_kill_a_process(&mut self) {
        if self.chance.below(2) == 0 {
            self.kill_a_process();
        }
    }

    fn kill_a_process(&mut self) {
        let all: Vec<&Process> = self.line.processes().collect();
        let process = all[self.chance.below(all.len())];
        process.kill();
        process.start();
        self.restarting = Some(process);
    }

    /// Where Kafka keeps the transactions of one of our producers.
    fn place_of_a_transaction(&self) -> u32 {
        let ours = format!("{}-", self.names.group);
        eventually("a producer has a transactional id", FOUND_OUT, || {
            let listed =
                self.clusters.kafka[0].tool(TRANSACTIONS_TOOL, &["list"]).map_err(|error| format!("{error:#}"))?;
            let id = listed.lines().find_map(|line| line.split_whitespace().next().filter(|id| id.starts_with(&ours)));
            id.map(place_of_group).ok_or(listed)
        })
    }

    /// Records that the log has confirmed.
    fn appended(&self) -> u64 {
        self.sum(&self.line.shippers, "shipper_records_total")
    }

    /// Messages that were acknowledged to partners.
    fn taken(&self) -> u64 {
        self.sum(&self.line.gateways, "front_messages_total")
    }

    fn sum(&self, processes: &[Process], metric: &str) -> u64 {
        let of = |process: &Process| {
            let read = || Ok(process.metrics()?.value(metric, ""));
            eventually(&format!("{} tells its metrics", process.name), FOUND_OUT, read)
        };
        processes.iter().map(of).sum()
    }
}

/// What becomes of a node.
#[derive(Clone, Copy)]
enum How {
    Killed,
    Hung,
    CutOff,
}

/// The partition that Kafka keeps a group in, or a transactional id: by Java's hash of its name.
fn place_of_group(name: &str) -> u32 {
    let hash = name.encode_utf16().fold(0_i32, |hash, unit| hash.wrapping_mul(31).wrapping_add(unit.into()));
    ((hash & i32::MAX) % OWN_PARTITIONS) as u32
}
