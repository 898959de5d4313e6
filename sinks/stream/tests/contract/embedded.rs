//! The embedded stream, and what it promises beyond the contract.

use std::sync::Arc;
use std::time::Duration;

use tallygate_stream::{
    EmbeddedStream, EmbeddedStreamOptions, Retention, Start, Stream, StreamError, StreamMetrics, Topic,
};

use crate::fixture::{Fixture, Owner, PARTITIONS, flush, numbered, value};
use crate::suite::contract;

contract!(fixture().await);

async fn fixture() -> Fixture {
    let directory = tempfile::tempdir().unwrap();
    let stream = open(&directory).unwrap();
    stream.prepare(Retention { fold_days: 15, lag_days: 0 }).await.unwrap();
    Fixture { other: Arc::new(stream.clone()), stream: Arc::new(stream), directory: Some(directory) }
}

fn open(directory: &tempfile::TempDir) -> Result<EmbeddedStream, StreamError> {
    let options = EmbeddedStreamOptions { path: directory.path().join("stream.db"), partitions: PARTITIONS };
    EmbeddedStream::open(&options, StreamMetrics::default())
}

#[tokio::test]
async fn what_was_appended_is_there_after_it_was_opened_again() {
    let directory = tempfile::tempdir().unwrap();
    for round in 0..3 {
        let stream = open(&directory).unwrap();
        stream.append(numbered(0, round, round + 1)).await.unwrap();
        assert_eq!(stream.bounds(Topic::Transactions).await.unwrap()[0].high, round + 1);
    }
}

#[tokio::test]
async fn retention_takes_records_and_never_gives_an_offset_twice() {
    let directory = tempfile::tempdir().unwrap();
    let stream = open(&directory).unwrap();
    stream.append(numbered(0, 0, 10)).await.unwrap();
    let stream: Arc<dyn Stream> = Arc::new(stream);
    let mut owner = Owner::of(&stream).await.unwrap();
    owner.assigned_all().await;
    owner.commit(flush(Vec::new(), vec![(0, 10)])).await.unwrap();
    drop((owner, stream));
    tokio::time::sleep(Duration::from_millis(20)).await;
    let stream = open(&directory).unwrap();
    // Nothing is kept; looked for with the first append after a start.
    stream.prepare(Retention { fold_days: 0, lag_days: 0 }).await.unwrap();
    stream.append(numbered(0, 10, 11)).await.unwrap();
    let bounds = stream.bounds(Topic::Transactions).await.unwrap()[0];
    assert_eq!((bounds.low, bounds.high), (10, 11));
    let gone = stream.follow(Topic::Transactions, vec![(0, Start::Offset(9))]).await.err().unwrap();
    assert!(matches!(gone, StreamError::Refused(_)), "{gone}");
}

#[tokio::test]
async fn another_process_reads_along() {
    let fixture = fixture().await;
    let path = fixture.directory.as_ref().unwrap().path().join("stream.db");
    let abroad = EmbeddedStream::open_read_only(&path).unwrap();
    assert_eq!(abroad.partitions(), PARTITIONS);
    let mut follower = abroad.follow(Topic::Transactions, vec![(0, Start::Beginning)]).await.unwrap();
    assert!(follower.next().await.unwrap().caught_up);
    fixture.stream.append(numbered(0, 5, 6)).await.unwrap();
    assert_eq!(value(&follower.next().await.unwrap().records[0]), "5");
    assert_eq!(abroad.bounds(Topic::Transactions).await.unwrap()[0].high, 1);
    let refused = abroad.append(numbered(0, 0, 1)).await.unwrap_err();
    assert!(refused.to_string().contains("reading only"), "{refused}");
}

#[test]
fn another_number_of_partitions_is_refused_by_name() {
    let directory = tempfile::tempdir().unwrap();
    drop(open(&directory).unwrap());
    let options = EmbeddedStreamOptions { path: directory.path().join("stream.db"), partitions: PARTITIONS + 1 };
    let refused = EmbeddedStream::open(&options, StreamMetrics::default()).err().unwrap().to_string();
    assert!(refused.contains("has 2 partitions, must have 3"), "{refused}");
}
