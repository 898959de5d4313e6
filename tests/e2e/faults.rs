//! Every role and every real server killed in turn under traffic, an aggregator put to sleep; the sums stay exact.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::harness::audit::Audit;
use crate::harness::backends::Servers;
use crate::harness::eventually::eventually;
use crate::harness::kept::Kept;
use crate::harness::ledger::Ledger;
use crate::harness::line::Line;
use crate::harness::names::Names;
use crate::harness::process::Process;
use crate::harness::sender::{Senders, under_way};
use crate::harness::settled::until_balanced;
use crate::harness::site::Site;

const SETTLED: Duration = Duration::from_secs(180);
const TRANSACTIONS: u64 = 6_000;
/// Messages a second for each partner.
const PACE: u64 = 40;
const PARTITIONS: u64 = 4;
/// A kill meets a message between the log and its acknowledgement every few times.
const KILLS: u32 = 30;
const YEAR: i32 = 365;

#[test]
fn on_real_servers_whatever_is_killed_every_acknowledged_transaction_counts_once() {
    whatever_is_killed("key");
}

#[test]
fn on_real_servers_whatever_is_killed_every_acknowledged_transaction_counts_once_spread_by_id() {
    whatever_is_killed("id");
}

fn whatever_is_killed(partition_by: &'static str) {
    let (transactions, pace) = under_way(TRANSACTIONS, PACE);
    let servers = Servers::start();
    let site = Site::real(&servers).spread_by(partition_by);
    let line = Line::up(&site);
    let senders = Arc::new(Senders::new(&site.certs(), &line.ports()));
    let sending = senders.start(transactions, pace);
    pause();
    let earlier = Kept::of(&line.gateways[0]);
    line.kill_everything_in_turn(&servers);
    line.lose_everything_in_turn(&servers, &earlier);
    sending.finish();

    let [gateway, other] = &line.gateways;
    let report = until_balanced(gateway, &[other], SETTLED);
    assert_eq!(Audit::of(&Ledger::of(gateway), &senders).differences(), Vec::<String>::new());
    assert!(senders.books.count() >= transactions);
    // Faults that hit nothing prove nothing.
    assert!(senders.repeats.unanswered.load(Ordering::Relaxed) > 0, "no kill hit a message that was under way");
    assert!(report["redelivered"].as_u64().unwrap() > 0, "nothing came into the log twice: {report}");
    line.stop();
}

/// What is killed, once each, under traffic.
impl Line {
    fn kill_everything_in_turn(&self, servers: &Servers) {
        kill_and_restart(&self.gateways[0]);
        self.kill_shippers_until_records_come_twice();
        self.kill_an_aggregator();
        kill_and_restart(&self.consoles[0]);
        servers.rabbit.kill().unwrap();
        pause();
        servers.rabbit.restart().unwrap();
        pause();
        servers.kafka.kill().unwrap();
        pause();
        servers.kafka.restart().unwrap();
        pause();
        servers.cassandra.kill().unwrap();
        pause();
        servers.cassandra.restart().unwrap();
        self.put_an_aggregator_to_sleep();
        pause();
    }

    /// A shipper that dies between the log's answer and its own to the queue leaves messages that are shipped again.
    fn kill_shippers_until_records_come_twice(&self) {
        let redelivered = || self.of_aggregators("aggregator_records_total", "verdict=\"redelivered\"").unwrap();
        let before = redelivered();
        for turn in 0..KILLS {
            kill_and_restart(&self.shippers[turn as usize % 2]);
            if redelivered() > before {
                eprintln!("records came twice after {} kills of shippers", turn + 1);
                return;
            }
        }
        panic!("{KILLS} kills of shippers hit nothing: no record came into the log twice");
    }

    /// The other one goes on with all partitions, before the killed one is back.
    fn kill_an_aggregator(&self) {
        let [first, second] = &self.aggregators;
        pause();
        first.kill();
        owns_all(second);
        first.start();
        first.wait_until_up();
    }

    /// While it sleeps, the other one takes its partitions over.
    fn put_an_aggregator_to_sleep(&self) {
        let [first, second] = &self.aggregators;
        eventually("the second aggregator owns partitions", SETTLED, || match owned(second)? {
            0 => Err("it owns none".to_owned()),
            _ => Ok(()),
        });
        second.pause();
        owns_all(first);
        pause();
        second.resume();
    }
}

/// What is lost, once each, under traffic.
impl Line {
    fn lose_everything_in_turn(&self, servers: &Servers, earlier: &Kept) {
        let names = Names::of(&self.aggregators[0]);
        let truncate = format!("TRUNCATE {}.daily_sums", names.keyspace);
        servers.cassandra.cql(&truncate).unwrap();
        pause();
        servers.cassandra.cql(&truncate).unwrap();
        earlier.put_back(&self.gateways[0]);
        pause();
        self.without_aggregators(|| {
            let group = ["--delete", "--group", &names.group];
            servers.kafka.tool("org.apache.kafka.tools.consumer.group.ConsumerGroupCommand", &group).unwrap();
        });
        pause();
        // Its clock judges nothing.
        let [first, _] = &self.aggregators;
        first.kill();
        first.start_days_off(YEAR);
        first.wait_until_up();
        pause();
        kill_and_restart(first);
        servers.kafka.restart_days_off(YEAR).unwrap();
        self.until_a_partition_stands();
        servers.kafka.restart().unwrap();
        pause();
        self.without_aggregators(|| self.correct_the_clock());
    }

    /// At the first record that was stamped while the broker's clock was wrong.
    fn until_a_partition_stands(&self) {
        eventually("a partition stands", SETTLED, || {
            match self.of_aggregators("aggregator_stopped_partitions", "")? {
                0 => Err("none does".to_owned()),
                _ => Ok(()),
            }
        });
    }

    /// What both say of a metric.
    fn of_aggregators(&self, metric: &str, label: &str) -> Result<u64, String> {
        self.aggregators.iter().map(|process| Ok(process.metrics()?.value(metric, label))).sum()
    }

    fn without_aggregators(&self, then: impl FnOnce()) {
        for aggregator in &self.aggregators {
            assert!(aggregator.stop().success(), "{}", aggregator.last_words());
        }
        then();
        self.aggregators.iter().for_each(Process::start);
        self.aggregators.iter().for_each(Process::wait_until_up);
    }

    /// What the broker stamped while its clock was wrong is told to be of now; nothing of it was folded.
    fn correct_the_clock(&self) {
        let now = jiff::Timestamp::now().to_string();
        let said = self.aggregators[0].says(&["clock", "correct", "--time", &now, "--yes"]);
        assert!(said.code == 0, "{}{}", said.out, said.err);
    }
}

fn pause() {
    std::thread::sleep(Duration::from_secs(2));
}

fn kill_and_restart(process: &Process) {
    pause();
    process.kill();
    pause();
    process.start();
    process.wait_until_up();
}

fn owned(process: &Process) -> Result<u64, String> {
    Ok(process.metrics()?.value("aggregator_partitions", ""))
}

fn owns_all(process: &Process) {
    eventually(&format!("{} has taken all partitions over", process.name), SETTLED, || match owned(process)? {
        PARTITIONS => Ok(()),
        owned => Err(format!("it owns {owned}")),
    });
}
