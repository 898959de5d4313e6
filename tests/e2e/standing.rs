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
use crate::harness::site::Site;

const ALL: &str = "gateway,shipper,aggregator,console";
const SETTLED: Duration = Duration::from_secs(120);
const TOLD: Duration = Duration::from_secs(60);
const TRANSACTIONS: u64 = 300;
/// Messages a second for each partner.
const PACE: u64 = 10;
const ROTATED: &str = "rotated";
const CONFIGS: &str = "kafka.admin.ConfigCommand";

struct Line {
    servers: Servers,
    process: Process,
}

#[test]
fn who_is_refused_by_one_server_stands_by_name_while_partners_are_served() {
    let servers = Servers::start_with(Options { tls: false, password: true });
    let site = Site::real(&servers);
    let process = site.up("all", ALL);
    let senders = Arc::new(Senders::new(&site.certs(), &[process.partners_port]));
    let sending = senders.start(TRANSACTIONS, PACE);
    let line = Line { servers, process };
    line.all_goes_on();

    line.with_another_password_of_kafka();
    line.with_another_password_of_cassandra();
    line.with_another_password_of_rabbitmq();
    line.with_a_topic_that_cannot_be_worked_with();

    sending.finish();
    until_balanced(&line.process, &[], SETTLED);
    assert_eq!(Audit::of(&Ledger::of(&line.process), &senders).differences(), Vec::<String>::new());
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
        self.tells("uthentication");
        self.serves_partners();
        assert!(self.value("shipper_held_up_messages") > 0);
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
        assert_eq!(self.value("aggregator_store_away"), 1);
        rotate(rotated, known);
        self.all_goes_on();
    }

    /// Partners need the queue themselves.
    fn with_another_password_of_rabbitmq(&self) {
        let rabbit = &self.servers.rabbit;
        let Credentials { user, password } = rabbit.credentials().unwrap();
        rabbit.control(&["change_password", user, ROTATED]).unwrap();
        rabbit.control(&["close_all_connections", "the password was changed"]).unwrap();
        self.tells("ACCESS_REFUSED");
        assert_eq!(self.value("aggregator_store_away"), 0);
        rabbit.control(&["change_password", user, password]).unwrap();
        self.all_goes_on();
    }

    fn with_a_topic_that_cannot_be_worked_with(&self) {
        let topic = Names::of(&self.process).sums_topic;
        let policy = |policy: &str| {
            let setting = format!("cleanup.policy={policy}");
            let arguments = ["--alter", "--entity-type", "topics", "--entity-name", &topic, "--add-config", &setting];
            self.servers.kafka.tool(CONFIGS, &arguments).unwrap();
        };
        self.process.kill();
        policy("delete");
        self.process.start();
        self.process.wait_until_up();
        let told = self.tells("cleanup.policy");
        assert!(told.contains("the shipper stands") && told.contains("the aggregator stands"), "{told}");
        self.serves_partners();
        for role in ["shipper", "aggregator"] {
            let label = format!("role=\"{role}\"");
            assert_eq!(self.process.metrics().unwrap().value("role_stands", &label), 1, "{role}");
        }
        policy("compact");
        self.all_goes_on();
    }

    /// Waits until the page says this, and returns all that it says is wrong.
    fn tells(&self, why: &str) -> String {
        eventually(&format!("the page tells of {why}"), TOLD, || {
            let status = self.process.status()?;
            let told = format!("{} {}", status["troubles"], status["warnings"]);
            if told.contains(why) { Ok(told) } else { Err(told) }
        })
    }

    fn serves_partners(&self) {
        let before = self.value("front_messages_total");
        sleep(Duration::from_secs(1));
        assert!(self.value("front_messages_total") > before, "{}", self.process.last_words());
    }

    /// From partners to the sums, and nothing is said to be wrong.
    fn all_goes_on(&self) {
        let counted = self.value("aggregator_rows_total");
        eventually("all goes on", SETTLED, || {
            let (now, status) = (self.value("aggregator_rows_total"), self.process.status()?);
            let is_well =
                ["troubles", "warnings"].iter().all(|kind| status[kind].as_array().is_some_and(Vec::is_empty));
            if now > counted && is_well { Ok(()) } else { Err(format!("{now} rows after {counted}, {status:#}")) }
        });
    }

    fn value(&self, metric: &str) -> u64 {
        self.process.metrics().unwrap().value(metric, "")
    }
}
