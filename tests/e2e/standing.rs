//! A server that refuses us, or holds what cannot be worked with: what needs it stands by name, and the rest goes on.

use std::sync::Arc;
use std::thread::sleep;
use std::time::Duration;

use tallygate_test_servers::{Credentials, Options};

use crate::harness::audit::Audit;
use crate::harness::backends::Servers;
use crate::harness::eventually::eventually;
use crate::harness::ledger::Ledger;
use crate::harness::names::Names;
use crate::harness::process::Process;
use crate::harness::sender::Senders;
use crate::harness::settled::until_balanced;
use crate::harness::site::{SPREADS, Site};

const FRONT: &str = "gateway,console";
const BACK: &str = "shipper,aggregator";
const SETTLED: Duration = Duration::from_secs(120);
const TOLD: Duration = Duration::from_secs(60);
const TRANSACTIONS: u64 = 300;
/// Messages a second for each partner.
const PACE: u64 = 10;
const ROTATED: &str = "rotated";

struct Line {
    servers: Servers,
    /// Takes messages, and has the page.
    front: Process,
    back: Process,
}

#[test]
fn who_is_refused_by_one_server_stands_by_name_while_partners_are_served() {
    let servers = Servers::start_with(Options { tls: false, password: true });
    let site = Site::real(&servers).spread_by(SPREADS[1]);
    let (front, back) = (site.up("front", FRONT), site.up("back", BACK));
    let senders = Arc::new(Senders::new(&site.certs(), &[front.partners_port]));
    let sending = senders.start(TRANSACTIONS, PACE);
    let line = Line { servers, front, back };
    line.all_goes_on();

    line.with_another_password_of_kafka();
    line.with_another_password_of_cassandra();
    line.with_a_cassandra_that_hangs();
    line.with_another_password_of_rabbitmq();
    line.with_a_topic_that_cannot_be_worked_with();

    sending.finish();
    until_balanced(&line.front, &[], SETTLED);
    assert_eq!(Audit::of(&Ledger::of(&line.front), &senders).differences(), Vec::<String>::new());
}

impl Line {
    fn with_another_password_of_kafka(&self) {
        let kafka = &self.servers.kafka;
        let known = kafka.credentials().unwrap().password;
        let rotate = |from, to| {
            kafka.change_password(from, to).unwrap();
            kafka.kill().unwrap();
            kafka.restart().unwrap();
        };
        rotate(known, ROTATED);
        self.stand(&["shipper", "aggregator"], "uthentication");
        self.serves_partners();
        assert!(self.value(&self.back, "shipper_held_up_messages") > 0);
        // Nor can they begin.
        self.starts_again();
        self.stand(&["shipper", "aggregator"], "uthentication");
        self.serves_partners();
        rotate(ROTATED, known);
        self.all_goes_on();
    }

    fn with_another_password_of_cassandra(&self) {
        let cassandra = &self.servers.cassandra;
        let known = cassandra.credentials().unwrap();
        let rotated = Credentials { password: ROTATED, ..known };
        let rotate = |from, to: Credentials| {
            cassandra.cql_as(from, &format!("ALTER ROLE {} WITH PASSWORD = '{}'", to.user, to.password)).unwrap();
        };
        rotate(known, rotated);
        // Who is logged in stays so.
        cassandra.shut_down().unwrap();
        cassandra.restart().unwrap();
        self.tells("password");
        self.serves_partners();
        assert_eq!(self.value(&self.back, "aggregator_store_away"), 1);
        self.begins_without_a_store("password");
        self.serves_partners();
        rotate(rotated, known);
        self.all_goes_on();
    }

    /// Whether a first try has ended by then or not.
    fn with_a_cassandra_that_hangs(&self) {
        self.servers.cassandra.pause().unwrap();
        self.begins_without_a_store("store");
        self.tells("sums store is away");
        self.serves_partners();
        self.servers.cassandra.resume().unwrap();
        self.all_goes_on();
    }

    /// Partners need the queue themselves.
    fn with_another_password_of_rabbitmq(&self) {
        let rabbit = &self.servers.rabbit;
        let Credentials { user, password } = rabbit.credentials().unwrap();
        rabbit.control(&["change_password", user, ROTATED]).unwrap();
        rabbit.control(&["close_all_connections", "the password was changed"]).unwrap();
        self.tells("ACCESS_REFUSED");
        self.stand(&["shipper"], "ACCESS_REFUSED");
        self.tells("a shipper: nothing can be taken from the queue");
        assert_eq!(self.value(&self.back, "aggregator_store_away"), 0);
        rabbit.control(&["change_password", user, password]).unwrap();
        self.all_goes_on();
    }

    fn with_a_topic_that_cannot_be_worked_with(&self) {
        let topic = Names::of(&self.front).sums_topic;
        let policy = |policy| self.servers.kafka.set_topic(&topic, &format!("cleanup.policy={policy}")).unwrap();
        self.back.kill();
        policy("delete");
        self.back.start();
        self.back.wait_until_up();
        self.stand(&["shipper", "aggregator"], "cleanup.policy");
        let sums = self.front.says(&["sums"]).good();
        assert!(sums.starts_with("warning: the aggregator stands"), "{sums}");
        self.serves_partners();
        policy("compact");
        self.all_goes_on();
    }

    fn starts_again(&self) {
        self.back.kill();
        self.back.start();
        self.back.wait_until_up();
    }

    /// Waits until these roles stand for this reason, and the page of the other process tells it.
    fn stand(&self, roles: &[&str], why: &str) {
        self.gauges_are(roles);
        for role in roles {
            let told = self.tells(&format!("the {role} stands"));
            assert!(told.contains(why), "{told}");
        }
    }

    /// Nothing can be told in the store; what its own process shows and logs is left.
    fn begins_without_a_store(&self, why: &str) {
        let before = self.back.said().len();
        self.starts_again();
        self.gauges_are(&["shipper", "aggregator"]);
        let said = self.back.said().split_off(before);
        let stand = said.lines().filter(|line| line.contains("the role stands") && line.contains(why)).count();
        assert!(stand >= 2, "{said}");
    }

    /// Waits until these roles stand, and no other.
    fn gauges_are(&self, standing: &[&str]) {
        eventually(&format!("{standing:?} stand"), TOLD, || {
            let metrics = self.back.metrics()?;
            let stands = |role: &&str| metrics.value("role_stands", &format!("role=\"{role}\"")) == 1;
            let now: Vec<&str> = ["shipper", "aggregator"].into_iter().filter(stands).collect();
            if now == standing { Ok(()) } else { Err(format!("{now:?} do")) }
        });
    }

    /// Waits until the page says this, and returns all that it says is wrong.
    fn tells(&self, why: &str) -> String {
        eventually(&format!("the page tells of {why}"), TOLD, || {
            let status = self.front.status()?;
            let told = format!("{} {}", status["troubles"], status["warnings"]);
            if told.contains(why) { Ok(told) } else { Err(told) }
        })
    }

    fn serves_partners(&self) {
        let before = self.value(&self.front, "front_messages_total");
        sleep(Duration::from_secs(1));
        assert!(self.value(&self.front, "front_messages_total") > before, "{}", self.front.last_words());
    }

    /// From partners to the sums, and nothing is said to be wrong.
    fn all_goes_on(&self) {
        let counted = self.value(&self.back, "aggregator_rows_total");
        eventually("all goes on", SETTLED, || {
            let (now, status) = (self.value(&self.back, "aggregator_rows_total"), self.front.status()?);
            let is_well =
                ["troubles", "warnings"].iter().all(|kind| status[kind].as_array().is_some_and(Vec::is_empty));
            if now > counted && is_well { Ok(()) } else { Err(format!("{now} rows after {counted}, {status:#}")) }
        });
        self.gauges_are(&[]);
    }

    fn value(&self, process: &Process, metric: &str) -> u64 {
        process.metrics().unwrap().value(metric, "")
    }
}
