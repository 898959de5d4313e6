//! Owners in processes of their own: one that is killed is replaced, one that sleeps and wakes up is refused.

use std::io::{BufRead, BufReader, Lines, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tallygate_stream::{Retention, Stream, Topic};
use tallygate_test_servers::shared;

use crate::fixture::{Fixture, flush, numbered, record, value};
use crate::kafka::{named, open, options};

const BROKERS: &str = "TALLYGATE_TEST_BROKERS";
const NAME: &str = "TALLYGATE_TEST_NAME";
/// A session's time, the broker's own delay, and a busy machine.
const REPLACED_WITHIN: Duration = Duration::from_secs(40);

/// An owner in a process of its own: says `owner` when it has records, then commits at each line it is sent.
struct Owner {
    child: Child,
    orders: ChildStdin,
    says: Lines<BufReader<ChildStdout>>,
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_owner_is_replaced() {
    let (fixture, mut owner) = owned_elsewhere().await;
    owner.child.kill().unwrap();
    owner.child.wait().unwrap();
    let begun = Instant::now();
    let mut subscription = fixture.subscribe().await;
    let told = subscription.assigned_all().await;
    assert!(begun.elapsed() < REPLACED_WITHIN, "{:?}", begun.elapsed());
    assert_eq!(told[&0], Some(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_that_slept_is_refused_and_can_come_back() {
    let (fixture, mut owner) = owned_elsewhere().await;
    owner.signal(Signal::STOP);
    let mut subscription = fixture.subscribe().await;
    let told = subscription.assigned_all().await;
    assert_eq!(told[&0], Some(1));
    subscription.take(1).await;
    let right = flush(vec![record(0, "row", "right")], vec![(0, 2)]);
    subscription.commit(right).await.unwrap();
    owner.signal(Signal::CONT);
    let answer = owner.order("zombie");
    assert!(answer.contains("refused a former owner"), "{answer}");
    drop(subscription);
    assert_eq!(owner.order("again"), "owner 2");
    let values: Vec<String> = fixture.all(Topic::DailySums).await.iter().map(value).collect();
    assert_eq!(values, ["first", "right"]);
}

/// Not a test of its own: the owner in the other process.
#[tokio::test(flavor = "multi_thread")]
async fn owner_process() {
    let (Ok(brokers), Ok(name)) = (std::env::var(BROKERS), std::env::var(NAME)) else { return };
    let stream = Arc::new(open(&named(brokers, &name)));
    let fixture = Fixture { stream: stream.clone(), other: stream, directory: None };
    let mut subscription = fixture.subscribe().await;
    subscription.take(2).await;
    say("owner");
    let mut committer = subscription.subscription.committer();
    // Not taken from meanwhile, as by one who is busy: it does not hear that it lost its partitions.
    for line in std::io::stdin().lines() {
        let line = line.unwrap();
        if line == "again" {
            drop((committer, subscription));
            subscription = fixture.subscribe().await;
            let told = subscription.assigned_all().await;
            committer = subscription.subscription.committer();
            say(&format!("owner {}", told[&0].unwrap_or_default()));
            continue;
        }
        let commit = flush(vec![record(0, "row", &line)], vec![(0, 1)]);
        match committer.commit(commit).await {
            Ok(()) => say("done"),
            Err(error) => say(&error.to_string()),
        }
    }
}

fn say(line: &str) {
    println!("owner-says {line}");
}

async fn owned_elsewhere() -> (Fixture, Owner) {
    let kafka = shared::kafka().unwrap();
    let options = options(kafka);
    let stream = Arc::new(open(&options));
    stream.prepare(Retention { fold_days: 15, lag_days: 0 }).await.unwrap();
    stream.append(numbered(0, 0, 2)).await.unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "zombie::owner_process", "--nocapture"])
        .env(BROKERS, kafka.brokers())
        .env(NAME, &options.group)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let orders = child.stdin.take().unwrap();
    let says = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut owner = Owner { child, orders, says };
    assert_eq!(owner.hear(), "owner");
    assert_eq!(owner.order("first"), "done");
    (Fixture { stream: stream.clone(), other: stream, directory: None }, owner)
}

impl Owner {
    fn order(&mut self, line: &str) -> String {
        writeln!(self.orders, "{line}").unwrap();
        self.hear()
    }

    fn hear(&mut self) -> String {
        loop {
            let line = self.says.next().expect("the owner lives").unwrap();
            // The harness prints the test's name before it without a line's end.
            if let Some((_, said)) = line.split_once("owner-says ") {
                return said.to_owned();
            }
        }
    }

    fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(i32::try_from(self.child.id()).unwrap()).unwrap();
        kill_process(pid, signal).unwrap();
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        // One that ended already is no trouble.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
