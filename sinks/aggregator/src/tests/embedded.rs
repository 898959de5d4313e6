//! The embedded stream and store, as `tallygate run` has them without any server.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tallygate_core::record::{NUMBER, POLICY};
use tallygate_core::{Aggregate, Day, RowKey};
use tallygate_stream::{
    EmbeddedStream, EmbeddedStreamOptions, NewHeaders, NewRecord, Start, Stream, StreamMetrics, Topic,
};
use tallygate_sums::{EmbeddedSums, EmbeddedSumsOptions, Sums};
use tokio_util::sync::CancellationToken;

use super::SPREAD;
use crate::tests::world::{HORIZON, Sent, generation};
use crate::{Aggregator, AggregatorMetrics, AggregatorOptions, retention};

const PARTITIONS: u32 = 3;
/// Each is sent many times.
const IDS: u64 = 50;

fn open(directory: &Path) -> (Arc<EmbeddedStream>, Arc<EmbeddedSums>) {
    let stream = EmbeddedStreamOptions { path: directory.join("stream.db"), partitions: PARTITIONS };
    let stream = EmbeddedStream::open(&stream, StreamMetrics::default()).unwrap();
    let sums = EmbeddedSums::open(&EmbeddedSumsOptions::new(directory.join("sums.db"))).unwrap();
    (Arc::new(stream), Arc::new(sums))
}

/// A transaction of today, in the partition where it belongs, whatever day that is: the embedded log stamps with the clock.
fn new_record(message: u64, id: u64) -> NewRecord {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let sent = Sent { message, day: (now / 86_400) as i64, ..Sent::of(0, id) };
    let record = sent.in_its_place(SPREAD, PARTITIONS).record(0);
    let header = |name: &'static str| (name, record.header(name).unwrap());
    NewRecord {
        partition: record.partition,
        key: record.key_bytes(),
        headers: NewHeaders::of(&[header(NUMBER), header(POLICY)]),
        value: record.value_bytes(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_15_the_embedded_line_counts_each_transaction_once_however_often_it_is_killed() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let (stream, sums) = open(path);
    stream.prepare(retention(HORIZON, 7)).await.unwrap();
    let mut sent = 0;
    for round in 0..6_u64 {
        let state = Some(path.join("identities.db"));
        let options = AggregatorOptions::new(HORIZON, Duration::from_millis(5), state);
        let (log, store) = (Arc::clone(&stream), Arc::clone(&sums));
        let aggregator =
            Aggregator::new(options, log as _, store as _, generation(SPREAD), AggregatorMetrics::default());
        let shutdown = CancellationToken::new();
        let task = tokio::spawn(aggregator.run(shutdown.clone()));
        for _ in 0..20 {
            let records = (0..30).map(|n| new_record(sent + n, 100 + (sent + n) % IDS));
            stream.append(records.collect()).await.unwrap();
            sent += 30;
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        if round == 5 {
            while stream.bounds(Topic::Transactions).await.unwrap().iter().any(|b| b.committed < b.high) {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            shutdown.cancel();
            task.await.unwrap().unwrap();
        } else {
            task.abort();
            let _ = task.await;
        }
    }
    let (mut counted, mut repeated) = (0, 0);
    let today = new_record(0, 0).value;
    let day: Day =
        serde_json::from_slice::<serde_json::Value>(&today).unwrap()["day"].as_str().unwrap().parse().unwrap();
    let mut places = std::collections::BTreeMap::<RowKey, u64>::new();
    for partition in generation(SPREAD).log_partitions() {
        for aggregate in [Aggregate::Counted, Aggregate::Duplicate, Aggregate::Dead] {
            for row in sums.read(aggregate, day, partition, None).await.unwrap() {
                *if aggregate == Aggregate::Counted { &mut counted } else { &mut repeated } += row.count;
                places.insert(row.at, row.offset);
            }
        }
    }
    assert_eq!(counted + repeated, sent);
    assert_eq!(counted, IDS);
    let mut follower =
        stream.follow(Topic::DailySums, (0..PARTITIONS).map(|p| (p, Start::Beginning)).collect()).await.unwrap();
    let mut last = std::collections::BTreeMap::new();
    loop {
        let batch = follower.next().await.unwrap();
        for record in batch.records {
            if let Some(row) = tallygate_core::SumsRecord::read(record.key(), record.value()).unwrap().row() {
                last.insert(row.at, row.offset);
            }
        }
        if batch.caught_up {
            break;
        }
    }
    assert!(places.iter().all(|(at, offset)| last.get(at) == Some(offset)));
}
