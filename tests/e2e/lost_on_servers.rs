//! What is lost on the real servers: the store's rows, the group, the topic of sums, the broker's clock.

use std::sync::Arc;
use std::thread::sleep;
use std::time::Duration;

use tallygate_core::Aggregate;

use crate::harness::audit::Audit;
use crate::harness::backends::Servers;
use crate::harness::eventually::eventually;
use crate::harness::kept::Kept;
use crate::harness::ledger::Ledger;
use crate::harness::names::Names;
use crate::harness::process::Process;
use crate::harness::sender::Senders;
use crate::harness::settled::until_balanced;
use crate::harness::site::Site;

const SETTLED: Duration = Duration::from_secs(120);
const GROUPS: &str = "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand";
const TOPICS: &str = "org.apache.kafka.tools.TopicCommand";
const YEAR: i32 = 365;

struct Line {
    servers: Servers,
    site: Site,
    /// Everything but the folding.
    front: Process,
    aggregator: Process,
    senders: Arc<Senders>,
    names: Names,
}

impl Line {
    fn up(partition_by: &str) -> Self {
        let servers = Servers::start();
        let site = Site::real(&servers).spread_by(partition_by);
        let front = site.up("front", "gateway,shipper,console");
        let aggregator = site.up("aggregator", "aggregator");
        let senders = Arc::new(Senders::new(&site.certs(), &[front.partners_port]));
        let names = Names::of(&aggregator);
        Self { servers, site, front, aggregator, senders, names }
    }

    fn counts(&self) {
        self.senders.send(60, 400);
        self.is_exact();
    }

    fn is_exact(&self) {
        eventually("the sums are exact", SETTLED, || {
            let differences = Audit::of(&Ledger::of(&self.front), &self.senders).differences();
            if differences.is_empty() { Ok(()) } else { Err(format!("{differences:?}")) }
        });
        until_balanced(&self.front, &[], SETTLED);
    }

    fn again(&self) {
        self.aggregator.start();
        self.aggregator.wait_until_up();
    }

    fn stop(&self) {
        assert!(self.aggregator.stop().success(), "{}", self.aggregator.last_words());
    }

    fn cql(&self, statement: &str) {
        self.servers.cassandra.cql(&statement.replace("KEYSPACE_NAME", &self.names.keyspace)).unwrap();
    }

    fn stands(&self, why: &str) {
        eventually(&format!("it stands since {why:?}"), SETTLED, || {
            let warnings = self.front.says(&["sums", "--json"]).json()["warnings"].to_string();
            if warnings.contains(why) { Ok(()) } else { Err(format!("{warnings}; {}", self.aggregator.last_words())) }
        });
    }

    fn recovers(&self) {
        for partition in ["0", "1", "2", "3"] {
            self.aggregator.says(&["recover", "--partition", partition, "--from-store", "--yes"]).good();
        }
    }
}

#[test]
fn on_real_servers_what_is_lost_heals_or_stands_by_name_and_is_recovered() {
    let line = Line::up("key");
    line.counts();
    the_store_is_emptied_and_put_back(&line);
    the_group_is_deleted_and_moved(&line);
    the_topic_of_sums_is_deleted(&line);
    the_brokers_clock_is_a_year_ahead(&line);
    the_store_is_anothers(&line);
    a_row_is_deleted_by_hand(&line);
}

#[test]
fn on_real_servers_what_is_lost_heals_or_is_recovered_spread_by_id() {
    let line = Line::up("id");
    line.counts();
    the_store_is_emptied_and_put_back(&line);
    the_topic_of_sums_is_deleted(&line);
    a_row_is_deleted_by_hand(&line);
}

fn the_store_is_emptied_and_put_back(line: &Line) {
    let earlier = Kept::of(&line.front);
    assert!(!earlier.rows().is_empty());
    line.counts();
    line.cql("TRUNCATE KEYSPACE_NAME.daily_sums");
    line.counts();
    line.cql("TRUNCATE KEYSPACE_NAME.daily_sums");
    earlier.put_back(&line.front);
    line.counts();
    line.stop();
    line.cql("DROP KEYSPACE KEYSPACE_NAME");
    line.again();
    line.counts();
    assert!(line.aggregator.said().contains("were written again"), "{}", line.aggregator.last_words());
}

fn the_group_is_deleted_and_moved(line: &Line) {
    let (group, first) = (&line.names.group, format!("{}:0", line.names.topic));
    line.stop();
    line.servers.kafka.tool(GROUPS, &["--delete", "--group", group]).unwrap();
    line.again();
    line.counts();
    line.stop();
    let moved = ["--reset-offsets", "--group", group, "--topic", &first, "--to-offset", "1", "--execute"];
    line.servers.kafka.tool(GROUPS, &moved).unwrap();
    line.again();
    line.stands("the consumer group has committed 1");
    line.stop();
    line.recovers();
    line.again();
    line.counts();
}

fn the_topic_of_sums_is_deleted(line: &Line) {
    line.stop();
    line.servers.kafka.tool(TOPICS, &["--delete", "--topic", &line.names.sums_topic]).unwrap();
    line.again();
    line.stands("the topic of sums has no position for it");
    line.stop();
    line.recovers();
    line.again();
    line.counts();
}

fn the_brokers_clock_is_a_year_ahead(line: &Line) {
    line.servers.kafka.restart_days_off(YEAR).unwrap();
    line.senders.send(60, 400);
    line.stands("more than a day ahead of this machine's clock");
    line.servers.kafka.restart().unwrap();
    line.senders.send(60, 400);
    line.stop();
    let now = jiff::Timestamp::now().to_string();
    // What the wrong clock stamped is corrected; nothing of it was judged.
    let told = line.aggregator.says(&["clock", "correct", "--time", &now, "--yes"]).good();
    assert!(told.contains("corrected"), "{told}");
    line.again();
    line.counts();
    // The aggregator's own clock may stop it, and judges nothing.
    line.stop();
    line.aggregator.start_days_off(-YEAR);
    line.aggregator.wait_until_up();
    line.senders.send(60, 400);
    line.stands("more than a day ahead of this machine's clock");
    line.stop();
    line.aggregator.start_days_off(YEAR);
    line.aggregator.wait_until_up();
    line.counts();
    line.stop();
    line.again();
    line.counts();
}

fn the_store_is_anothers(line: &Line) {
    let other = line.site.process("other", "aggregator");
    let text = std::fs::read_to_string(&other.config).unwrap();
    let mistyped = text.replace(&format!("keyspace = \"{}\"", line.names.keyspace), "keyspace = \"mistyped\"");
    assert_ne!(text, mistyped);
    // Another line's keyspace.
    line.cql("CREATE KEYSPACE mistyped WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}");
    line.cql(
        "CREATE TABLE mistyped.generations (number int PRIMARY KEY, first_partition int, topic text, partitions int, \
         partition_by text, horizon_days int, future_days int, fold_rules int, log text, reader_group text)",
    );
    line.cql(&format!(
        "INSERT INTO mistyped.generations (number, first_partition, topic, partitions, partition_by, horizon_days, \
         future_days, fold_rules, log, reader_group) VALUES (1, 0, '{}', 4, 'key', 7, 7, 2, \
         '000000000000000000000000000000ff', '{}')",
        line.names.topic, line.names.group
    ));
    std::fs::write(&other.config, mistyped).unwrap();
    line.stop();
    other.start();
    assert!(!other.ended(SETTLED).success());
    assert!(other.said().contains("belongs to log 000000000000000000000000000000ff"), "{}", other.last_words());
    line.again();
    line.counts();
}

fn a_row_is_deleted_by_hand(line: &Line) {
    let row = Kept::of(&line.front).rows().iter().find(|row| row.at.aggregate == Aggregate::Daily).unwrap().at.clone();
    line.cql(&format!(
        "DELETE FROM KEYSPACE_NAME.daily_sums WHERE aggregate = 'daily' AND day = '{}' AND partition = {} AND key = '{}'",
        row.day, row.partition, row.key
    ));
    line.stands("the store does not show what was written again");
    let found = line.front.says(&["reconcile"]);
    assert!(found.code == 1 && found.out.contains(&row.key), "{}", found.out);
    sleep(Duration::from_secs(1));
    assert!(line.aggregator.stop().success() && line.front.stop().success());
}
