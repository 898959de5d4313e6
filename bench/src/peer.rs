//! (d) The peer: Kafka Streams doing the aggregator's work on the same log, and how long both take from stream to stream.

use std::collections::HashMap;
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use rdkafka::Offset;
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::Message;
use tallygate_stream::{KafkaOptions, KafkaStream, Retention, Stream, StreamMetrics};
use tallygate_test_servers::{Kafka, java_with};
use tokio::runtime::Runtime;

use crate::child::Measured;
use crate::log::{TOPIC, committed, options, partitions};
use crate::measure::{Cost, cpu_of, quantile};
use crate::progress;
use crate::records::record_of_key;

const SUMS: &str = "peer.daily-sums";
/// Threads of the peer; there are two cores.
const THREADS: &str = "2";
/// It gives way to whatever else runs, as the aggregator's threads do.
const NICENESS: &str = "10";
/// It has as much memory as it likes below this.
const HEAP: &str = "-Xmx1g";
const WITHIN: Duration = Duration::from_secs(900);
const RATE: u64 = 5_000;
const TURNS_A_SECOND: u64 = 100;
const WARM_UP: Duration = Duration::from_secs(3);
const WATCHED: Duration = Duration::from_secs(10);

/// One who makes sums of the log, and where they come out.
pub struct Folds<'a> {
    pub name: &'static str,
    pub process: &'a Measured,
    pub kafka: &'a Kafka,
    pub sums: &'static str,
}

/// The broker's CPU time so far.
pub fn broker(kafka: &Kafka) -> Result<Duration> {
    cpu_of(kafka.pid().context("the broker is gone")?)
}

/// Has Kafka Streams fold all records of the log, which are so many, and more as they come.
pub fn measure(runtime: &Runtime, kafka: &Kafka, records: u64) -> Result<()> {
    let folder = tempfile::Builder::new().prefix("tallygate-bench-peer-").tempdir()?;
    let (classes, stores) = (folder.path().join("classes"), folder.path().join("stores"));
    std::fs::create_dir(&classes)?;
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/peer/Peer.java");
    let compiled = java_with("streams", &classes)?
        .args(["org.eclipse.jdt.internal.compiler.batch.Main", "-17", "-d"])
        .args([classes.as_os_str(), source.as_ref()])
        .status()?;
    ensure!(compiled.success(), "{source} does not compile");
    let own = KafkaOptions {
        sums_topic: SUMS.to_owned(),
        dead_letters_topic: "peer.dead-letters".to_owned(),
        group: "peer".to_owned(),
        ..options(&kafka.brokers())
    };
    let stream: Arc<dyn Stream> = Arc::new(KafkaStream::new(own, StreamMetrics::default())?);
    runtime.block_on(stream.prepare(Retention { fold_days: 15, lag_days: 0 }))?;
    let before = broker(kafka)?;
    let java = java_with("streams", &classes)?;
    let mut command = Command::new("nice");
    command.args(["-n", NICENESS]).arg(java.get_program()).args(java.get_args()).env_remove("JAVA_TOOL_OPTIONS");
    command.args([HEAP, "Peer", &kafka.brokers(), TOPIC, SUMS]).arg(stores).arg(THREADS);
    let process = Measured::peer(command)?;
    let cost = progress::cost_of_all(&process, records, WITHIN, || committed(runtime, &*stream))?;
    let folds = Folds { name: "Kafka Streams, exactly_once_v2", process: &process, kafka, sums: SUMS };
    folds.tell(&cost, before)?;
    folds.stream_to_stream(runtime, &stream)
}

impl Folds<'_> {
    /// Prints what it took, with the broker's CPU time since it had taken so much.
    pub fn tell(&self, cost: &Cost, broker_before: Duration) -> Result<()> {
        let broker = (broker(self.kafka)?.saturating_sub(broker_before)).as_secs_f64() * 1e6 / cost.units as f64;
        println!(
            "(d) {}: {:.0} records per core and second, cpu {:.2} us, in the broker {broker:.2} us, wall {:.2} us, memory {:.0} MB",
            self.name,
            1e6 / cost.cpu_micros(),
            cost.cpu_micros(),
            cost.wall_micros(),
            self.process.peak()? as f64 / 1e6,
        );
        Ok(())
    }

    /// Appends records at a rate, each under a key of its own, and prints how long it takes until the keys' sums are committed.
    pub fn stream_to_stream(&self, runtime: &Runtime, stream: &Arc<dyn Stream>) -> Result<()> {
        let consumer: BaseConsumer = ClientConfig::new()
            .set("bootstrap.servers", self.kafka.brokers())
            .set("group.id", "stream-to-stream")
            .set("enable.auto.commit", "false")
            .set("isolation.level", "read_committed")
            .set("fetch.wait.max.ms", "5")
            .create()?;
        consumer.assign(&partitions(&consumer, self.sums, Offset::End)?)?;
        // It knows its offsets once it was asked for something.
        let _ = consumer.poll(Duration::from_secs(2));
        let sent = Arc::new(Mutex::new(HashMap::new()));
        let sending = runtime.spawn(send(Arc::clone(stream), Arc::clone(&sent)));
        let (begun, mut times) = (Instant::now(), Vec::new());
        while begun.elapsed() < WARM_UP + WATCHED {
            let Some(record) = consumer.poll(Duration::from_millis(20)) else { continue };
            let (now, record) = (Instant::now(), record?);
            let Some(n) = probe(record.key().unwrap_or_default()) else { continue };
            let at = sent.lock().unwrap_or_else(PoisonError::into_inner).remove(&n);
            times.extend(at.filter(|at: &Instant| at.duration_since(begun) > WARM_UP).map(|at| now - at));
        }
        sending.abort();
        times.sort_unstable();
        println!(
            "(d) {}: from stream to stream at {RATE} a second, p50 {} ms p99 {} ms over {} records",
            self.name,
            quantile(&times, 0.5).as_millis(),
            quantile(&times, 0.99).as_millis(),
            times.len()
        );
        Ok(())
    }
}

async fn send(stream: Arc<dyn Stream>, sent: Arc<Mutex<HashMap<u64, Instant>>>) -> Result<()> {
    let mut turns = tokio::time::interval(Duration::from_millis(1_000 / TURNS_A_SECOND));
    // Identities that no other run has.
    let mut n = u64::try_from(jiff::Timestamp::now().as_millisecond())? * 1_000_000;
    loop {
        turns.tick().await;
        let numbers = n..n + RATE / TURNS_A_SECOND;
        n = numbers.end;
        let records = numbers.clone().map(|n| record_of_key(n, format!("probe-{n}."))).collect::<Result<_>>()?;
        let now = Instant::now();
        sent.lock().unwrap_or_else(PoisonError::into_inner).extend(numbers.map(|n| (n, now)));
        stream.append(records).await?;
    }
}

/// The number of a probe, from the key of its sums, whatever stands around it.
fn probe(key: &[u8]) -> Option<u64> {
    let key = std::str::from_utf8(key).ok()?;
    key.split_once("probe-")?.1.split_once('.')?.0.parse().ok()
}
