//! Aggregators that come, stop and are killed while records flow: for how long each partition's sums do not move, and that they are
//! exact after it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{JoinHandle, sleep};
use std::time::{Duration, Instant};

use tallygate::config::Config;
use tallygate_core::envelope::{Head, Line};
use tallygate_core::record::MessageHeaders;
use tallygate_core::{Amount, partition};
use tallygate_core::{Draft, Identity, MessageNumber, PartitionBy, Run, Sum, SumsRecord, Transaction};
use tallygate_stream::{NewHeaders, NewRecord, Start, Stream, Topic};
use tallygate_test_servers::{Cassandra, Kafka};

use crate::harness::eventually::eventually;
use crate::harness::ledger::daily_rows;
use crate::harness::process::Process;
use crate::harness::site::Site;

const PARTITIONS: u32 = 4;
const KEYS_OF_A_PARTITION: usize = 50;
/// Records of each partition that are there before; identities to be known.
const BEFORE: u64 = 10_000;
const BATCH: u64 = 1_000;
/// Between two records of a partition.
const PACE: Duration = Duration::from_millis(5);
/// One in so many records repeats an earlier transaction.
const REPEATS: u64 = 10;
const SETTLED: Duration = Duration::from_secs(180);
/// For how long it is watched after a change.
const WATCHED: Duration = Duration::from_secs(20);
/// The same after a kill: a session's time, and twice a transaction's.
const WATCHED_AFTER_A_KILL: Duration = Duration::from_secs(40);
/// From the last commit before to the first after it, of what stays and of what moves; by far less on a machine of one's own.
const STALLS: Duration = Duration::from_secs(5);
const MOVES: Duration = Duration::from_secs(15);

/// What is put on the log, and what must come of it.
struct Traffic {
    stream: Arc<dyn Stream>,
    /// Of each partition.
    keys: Vec<Vec<String>>,
    sent: u64,
    expected: Mutex<BTreeMap<String, Sum>>,
}

/// When each partition's position was seen on the topic of sums.
struct Watch {
    seen: Arc<Mutex<Vec<(u32, Instant)>>>,
    ends: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Traffic {
    fn new(stream: &Arc<dyn Stream>) -> Self {
        let mut keys = vec![Vec::new(); PARTITIONS as usize];
        for key in (0..).map(|n| format!("key-{n}")) {
            let of = &mut keys[partition::partition(PartitionBy::Key, &key, Identity(0), PARTITIONS) as usize];
            if of.len() < KEYS_OF_A_PARTITION {
                of.push(key);
            } else if keys.iter().all(|keys| keys.len() == KEYS_OF_A_PARTITION) {
                break;
            }
        }
        Self { stream: Arc::clone(stream), keys, sent: 0, expected: Mutex::default() }
    }

    /// The `n`th record of a partition, or once more an earlier one under a number of its own.
    fn record(&self, number: u32, n: u64) -> NewRecord {
        let is_repeat = n > REPEATS && n.is_multiple_of(REPEATS);
        // Of long ago, so that only who knows all identities knows this one.
        let told = if is_repeat { n / REPEATS } else { n };
        let told = if told.is_multiple_of(REPEATS) { told + 1 } else { told };
        let key = &self.keys[number as usize][told as usize % KEYS_OF_A_PARTITION];
        let draft = Draft {
            id: format!("{number}-{told}"),
            time: jiff::Timestamp::now().strftime("%Y-%m-%dT12:00:00Z").to_string(),
            key: key.clone(),
            amount: format!("{}.{:02}", told % 1_000, told % 100),
            currency: "EUR".into(),
            kind: "sale".into(),
            ..Draft::default()
        };
        let transaction = Transaction::check_all(vec![draft], "shop-1", &"UTC".parse().unwrap()).unwrap().remove(0);
        let line = Line::read(&transaction.json).unwrap();
        if told == n {
            let amount: Amount = format!("{}.{:02}", told % 1_000, told % 100).parse().unwrap();
            let mut expected = self.expected.lock().unwrap();
            let sum = expected.entry(key.clone()).or_default();
            *sum = sum.plus(amount);
        }
        let head = Head {
            number: MessageNumber { run: Run(7), sequence: n * u64::from(PARTITIONS) + u64::from(number) },
            partner: "shop-1".into(),
            policy: "json".into(),
            version: "0".repeat(64).into(),
            traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".into(),
        };
        let headers = MessageHeaders::new(head, 1);
        let headers = headers.of(&line, 0);
        let headers = headers.each_ref().map(|(name, value)| (*name, value.as_bytes()));
        let headers = NewHeaders::of(&headers);
        NewRecord { partition: number, key: key.clone().into_bytes().into(), headers, value: transaction.json.into() }
    }

    async fn send(&mut self, count: u64) {
        let records = (self.sent..self.sent + count)
            .flat_map(|n| (0..PARTITIONS).map(move |number| (number, n)))
            .map(|(number, n)| self.record(number, n))
            .collect();
        self.sent += count;
        self.stream.append(records).await.unwrap();
    }

    /// Sends in the background until it is told to end.
    fn flows(mut self, ends: &Arc<AtomicBool>) -> JoinHandle<Self> {
        let ends = Arc::clone(ends);
        std::thread::spawn(move || {
            tokio::runtime::Runtime::new().unwrap().block_on(async {
                let mut ticks = tokio::time::interval(PACE);
                while !ends.load(Ordering::Relaxed) {
                    ticks.tick().await;
                    self.send(1).await;
                }
            });
            self
        })
    }
}

impl Watch {
    fn of(stream: &Arc<dyn Stream>) -> Self {
        let (stream, ends) = (Arc::clone(stream), Arc::new(AtomicBool::new(false)));
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (over, seeing) = (Arc::clone(&ends), Arc::clone(&seen));
        let thread = std::thread::spawn(move || {
            tokio::runtime::Runtime::new().unwrap().block_on(async {
                let starts = (0..PARTITIONS).map(|number| (number, Start::End)).collect();
                let mut follower = stream.follow(Topic::DailySums, starts).await.unwrap();
                while !over.load(Ordering::Relaxed) {
                    let next = tokio::time::timeout(Duration::from_millis(200), follower.next()).await;
                    let Ok(batch) = next else { continue };
                    let now = Instant::now();
                    for record in batch.unwrap().records {
                        if let Ok(SumsRecord::Position(_)) = SumsRecord::read(record.key(), record.value()) {
                            seeing.lock().unwrap().push((record.partition, now));
                        }
                    }
                }
            });
        });
        Self { seen, ends, thread: Some(thread) }
    }

    /// The longest time since then for which each partition stood.
    fn stalls_since(&self, since: Instant) -> BTreeMap<u32, Duration> {
        let (now, seen) = (Instant::now(), self.seen.lock().unwrap());
        let longest = |number: u32| {
            let of = seen.iter().filter(|(of, at)| *of == number && *at > since).map(|(_, at)| *at);
            let times: Vec<Instant> = std::iter::once(since).chain(of).chain([now]).collect();
            times.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap_or_default()
        };
        (0..PARTITIONS).map(|number| (number, longest(number))).collect()
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Each time that a partition was taken over, in order: the partition, when, and by whom.
fn takeovers(processes: &[&Process]) -> Vec<(u32, String, String)> {
    let mut taken = Vec::new();
    for process in processes {
        for line in process.said().lines().filter(|line| line.contains("taken over")) {
            let time = line.split_whitespace().next().unwrap_or_default().to_owned();
            let number = line.split(" partition=").nth(1).and_then(|rest| rest.split(' ').next()).unwrap();
            taken.push((number.parse().unwrap(), time, process.name.clone()));
        }
    }
    taken.sort_by(|one, next| one.1.cmp(&next.1));
    taken
}

/// Makes a change and tells what it did: what stays where it was is not taken over, and goes on.
fn change(what: &str, watch: &Watch, processes: &[&Process], watched: Duration, make: impl FnOnce()) {
    let before = takeovers(processes);
    let since = Instant::now();
    make();
    sleep(watched);
    let (stalls, after) = (watch.stalls_since(since), takeovers(processes));
    let mut moved = 0;
    for (number, stall) in stalls {
        let of = |all: &[(u32, String, String)]| -> Vec<String> {
            all.iter().filter(|(of, ..)| *of == number).map(|(.., name)| name.clone()).collect()
        };
        let (then, now) = (of(&before), of(&after));
        let (from, to) = (then.last().unwrap(), now.last().unwrap());
        println!("{what}: partition {number}, {from} to {to}, stood for {} ms", stall.as_millis());
        if from == to {
            assert_eq!(then.len(), now.len(), "{what}: partition {number} stayed and was taken over");
            assert!(stall < STALLS, "{what}: partition {number} stayed and stood for {stall:?}");
        } else {
            moved += 1;
            let most = if watched == WATCHED { MOVES } else { watched };
            assert!(stall < most, "{what}: partition {number} stood for {stall:?}");
        }
    }
    assert!(moved > 0, "{what}: nothing moved");
}

/// The sums of the topic, by key.
async fn sums(stream: &Arc<dyn Stream>) -> BTreeMap<String, Sum> {
    let mut sums: BTreeMap<String, Sum> = BTreeMap::new();
    for (at, row) in daily_rows(&**stream, PARTITIONS).await {
        let all = sums.entry(at.key).or_default();
        *all = *all + row.sum;
    }
    sums
}

fn until_folded(runtime: &tokio::runtime::Runtime, stream: &Arc<dyn Stream>) {
    eventually("all is folded", SETTLED, || {
        let bounds = runtime.block_on(stream.bounds(Topic::Transactions)).map_err(|error| error.to_string())?;
        let left: u64 = bounds.iter().map(|bounds| bounds.high - bounds.committed).sum();
        if left == 0 && !bounds.is_empty() { Ok(()) } else { Err(format!("{left} records are left")) }
    });
}

#[test]
fn rules_11_and_12_aggregators_come_and_go_and_what_stays_goes_on_and_all_of_it_is_exact() {
    let cassandra = std::thread::spawn(|| Cassandra::start().unwrap());
    let kafka = Kafka::start().unwrap();
    let cassandra = cassandra.join().unwrap();
    let site = Site::with_log(&kafka, &cassandra);
    let [first, second, third] = ["first", "second", "third"].map(|name| site.process(name, "aggregator"));
    let all = [&first, &second, &third];
    first.start();
    first.wait_until_up();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let stream = tallygate::parts::read_stream(&Config::load(&first.config).unwrap()).unwrap();
    let mut traffic = Traffic::new(&stream);
    runtime.block_on(async {
        for _ in 0..BEFORE / BATCH {
            traffic.send(BATCH).await;
        }
    });
    until_folded(&runtime, &stream);

    let (watch, ends) = (Watch::of(&stream), Arc::new(AtomicBool::new(false)));
    let flowing = traffic.flows(&ends);
    sleep(Duration::from_secs(3));
    change("a second one", &watch, &all, WATCHED, || second.start());
    change("a third one", &watch, &all, WATCHED, || third.start());
    change("one stops", &watch, &all, WATCHED, || assert!(second.stop().success()));
    change("it is back", &watch, &all, WATCHED, || second.start());
    change("one is killed", &watch, &all, WATCHED_AFTER_A_KILL, || third.kill());

    ends.store(true, Ordering::Relaxed);
    let traffic = flowing.join().unwrap();
    until_folded(&runtime, &stream);
    let found = runtime.block_on(sums(&stream));
    assert_eq!(found, *traffic.expected.lock().unwrap());
    assert!(traffic.sent > BEFORE + 1_000, "{}", traffic.sent);
}
