//! (k) Aggregators that join and leave: for how long the sums of each partition stand still meanwhile.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use futures::future::try_join_all;
use tallygate_stream::{NewRecord, Stream, Topic};
use tallygate_test_servers::{Cassandra, Kafka};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;
use tokio::time::{sleep, timeout};

use crate::child::Measured;
use crate::log::{committed, prepared};
use crate::progress;
use crate::records::{fill, record_of_key};
use crate::site::Site;

/// In all four partitions: two of them, with half of these, move.
const RECORDS: u64 = 4_000_000;
const FILLERS: u64 = 4;
/// Between two records of each partition that come meanwhile.
const PAUSE: Duration = Duration::from_millis(20);
const LOOK: Duration = Duration::from_millis(5);
/// Without one that joins or leaves.
const CALM: Duration = Duration::from_secs(5);
/// For so long it is watched on, behind a change.
const SETTLED: Duration = Duration::from_secs(3);
const TIME: Duration = Duration::from_secs(300);

pub fn measure() -> Result<()> {
    let (kafka, cassandra) = (Kafka::start()?, Cassandra::start()?);
    let site = || Site::behind_the_queue(&kafka, &cassandra);
    let (stays, comes, runtime) = (site()?, site()?, Runtime::new()?);
    let stream: Arc<dyn Stream> = prepared(&runtime, &kafka.brokers())?;
    runtime.block_on(fill_by_several(&stream))?;
    let process = Measured::tallygate(&stays.config(), "aggregator")?;
    progress::cost_of_all(&process, RECORDS, TIME, || committed(&runtime, &*stream))?;
    runtime.block_on(async {
        tokio::select! {
            ended = send(&stream) => ended,
            ended = changes(&stream, &comes) => ended,
        }
    })?;
    drop(process);
    Ok(())
}

/// Another aggregator joins and leaves, and once more.
async fn changes(stream: &Arc<dyn Stream>, site: &Site) -> Result<()> {
    sleep(CALM).await;
    let calm = async {
        sleep(CALM).await;
        Ok(())
    };
    let (pauses, ()) = watch(stream, calm).await?;
    tell("nobody comes or goes", &pauses, &BTreeSet::new(), "");
    for (what, aim) in [("one joins that knows nothing", "<= 20 s"), ("it joins again", "<= 2 s")] {
        let join = async {
            let process = Measured::tallygate(&site.config(), "aggregator")?;
            loop {
                let moved = owned(site.metrics).await.unwrap_or_default();
                if moved.len() == 2 {
                    return anyhow::Ok((process, moved));
                }
                sleep(LOOK).await;
            }
        };
        let (pauses, (process, moved)) = watch(stream, join).await?;
        tell(what, &pauses, &moved, aim);
        let leave = async { Ok(tokio::task::spawn_blocking(move || drop(process)).await?) };
        let (pauses, ()) = watch(stream, leave).await?;
        tell("it is asked to stop", &pauses, &moved, "<= 2 s");
    }
    Ok(())
}

fn tell(what: &str, pauses: &BTreeMap<u32, Duration>, moved: &BTreeSet<u32>, aim: &str) {
    let longest = |is_moved: bool| {
        let of = pauses.iter().filter(|(number, _)| moved.contains(number) == is_moved).map(|(_, pause)| *pause);
        of.max().unwrap_or_default()
    };
    print!("(k) {what}: no commit of a partition that stays for {:.2?}", longest(false));
    if moved.is_empty() {
        println!();
    } else {
        println!(", of one that moves for {:.2?}  aim {aim}", longest(true));
    }
}

/// The longest time of each partition without a commit, from the beginning of a change until all go on behind it.
async fn watch<T>(
    stream: &Arc<dyn Stream>,
    change: impl Future<Output = Result<T>>,
) -> Result<(BTreeMap<u32, Duration>, T)> {
    let (mut watched, mut change, begun) = (Watched::default(), pin!(change), Instant::now());
    let outcome = loop {
        watched.look(stream, begun).await?;
        if let Ok(outcome) = timeout(LOOK, &mut change).await {
            break outcome?;
        }
    };
    let changed = Instant::now();
    while changed.elapsed() <= SETTLED || !watched.all_go_on_since(changed) {
        sleep(LOOK).await;
        watched.look(stream, begun).await?;
    }
    Ok((watched.pauses, outcome))
}

/// What was seen of the partitions.
#[derive(Default)]
struct Watched {
    /// Up to where each was committed, and since when no further.
    last: BTreeMap<u32, (u64, Instant)>,
    pauses: BTreeMap<u32, Duration>,
}

impl Watched {
    async fn look(&mut self, stream: &Arc<dyn Stream>, begun: Instant) -> Result<()> {
        ensure!(begun.elapsed() < TIME, "not all partitions go on after {TIME:?}");
        for bounds in stream.bounds(Topic::Transactions).await? {
            let now = Instant::now();
            let (committed, since) = self.last.entry(bounds.partition).or_insert((bounds.committed, now));
            let pause = self.pauses.entry(bounds.partition).or_default();
            *pause = (*pause).max(now - *since);
            // Where all is committed none is missing.
            if *committed != bounds.committed || bounds.committed == bounds.high {
                (*committed, *since) = (bounds.committed, now);
            }
        }
        Ok(())
    }

    fn all_go_on_since(&self, time: Instant) -> bool {
        self.last.values().all(|(_, since)| *since > time)
    }
}

/// The partitions that an aggregator says are its own, by its metrics.
async fn owned(metrics: SocketAddr) -> Result<BTreeSet<u32>> {
    let mut connection = TcpStream::connect(metrics).await?;
    connection.write_all(b"GET /metrics HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").await?;
    let mut text = String::new();
    connection.read_to_string(&mut text).await?;
    let number = |line: &str| {
        let (number, _) = line.strip_prefix("tallygate_aggregator_lag_records{partition=\"")?.split_once('"')?;
        number.parse().ok()
    };
    Ok(text.lines().filter_map(number).collect())
}

/// Several at a time make the records, each a share of them.
async fn fill_by_several(stream: &Arc<dyn Stream>) -> Result<()> {
    let share = RECORDS / FILLERS;
    let fillers = (0..FILLERS).map(|filler| {
        let stream = Arc::clone(stream);
        tokio::spawn(async move { fill(&*stream, filler * share..(filler + 1) * share).await })
    });
    try_join_all(fillers).await?.into_iter().collect()
}

/// A record into each partition after each pause, for ever.
async fn send(stream: &Arc<dyn Stream>) -> Result<()> {
    let mut keys: BTreeMap<u32, String> = BTreeMap::new();
    for n in 0..1_000 {
        let key = format!("probe-{n}");
        keys.entry(record_of_key(n, key.clone())?.partition).or_insert(key);
    }
    let mut turns = tokio::time::interval(PAUSE);
    for n in (RECORDS..).step_by(keys.len()) {
        turns.tick().await;
        let records: Vec<NewRecord> =
            keys.values().zip(n..).map(|(key, n)| record_of_key(n, key.clone())).collect::<Result<_>>()?;
        stream.append(records).await?;
    }
    Ok(())
}
