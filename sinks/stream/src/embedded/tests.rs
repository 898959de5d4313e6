//! What the embedded stream keeps when its callers go away, its disk hangs, or its file is large.

use std::fs::File;
use std::future::ready;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::sync::mpsc;
use std::time::Duration;

use tallygate_embedded::rusqlite::Transaction;
use tempfile::TempDir;
use tokio::time::timeout;

use super::*;
use crate::port::{Event, Flush};

const LONG: Duration = Duration::from_secs(20);

fn open(directory: &TempDir) -> EmbeddedStream {
    let options = EmbeddedStreamOptions { path: directory.path().join("stream.db"), partitions: 1 };
    EmbeddedStream::open(&options, StreamMetrics::default()).unwrap()
}

fn fresh() -> (EmbeddedStream, TempDir) {
    let directory = tempfile::tempdir().unwrap();
    (open(&directory), directory)
}

fn record(value: &'static str) -> NewRecord {
    NewRecord { key: "k".into(), value: value.into(), ..NewRecord::default() }
}

/// Polls it once, and drops it.
async fn leave(call: impl Future) {
    tokio::select! {
        biased;
        _ = call => panic!("it was to be dropped half-way"),
        () = ready(()) => {}
    }
}

/// Keeps the committing thread busy until what is returned is dropped.
async fn stuck(stream: &EmbeddedStream) -> mpsc::Sender<()> {
    let (release, released) = mpsc::channel();
    let stuck = move |_: &Transaction<'_>| {
        let _ = released.recv();
        Ok(())
    };
    leave(stream.0.database.write(stuck)).await;
    release
}

async fn next(subscription: &mut dyn Subscription) -> Event {
    timeout(LONG, subscription.next()).await.unwrap().unwrap()
}

#[test]
fn rule_15_each_commit_is_synced_to_the_disk() {
    let (stream, _directory) = fresh();
    assert_eq!(stream.0.database.durability().unwrap(), Some(Durability::Synced));
}

#[tokio::test]
async fn records_whose_caller_left_wake_who_waits_for_them() {
    let (stream, _directory) = fresh();
    let mut owner = stream.subscribe().await.unwrap();
    next(&mut *owner).await;
    let mut log = stream.follow(Topic::Transactions, vec![(0, Start::Beginning)]).await.unwrap();
    let mut sums = stream.follow(Topic::DailySums, vec![(0, Start::Beginning)]).await.unwrap();
    assert!(log.next().await.unwrap().caught_up && sums.next().await.unwrap().caught_up);
    let release = stuck(&stream).await;
    leave(stream.append(vec![record("a")])).await;
    let flush = Flush { sums: vec![record("b")], offsets: vec![(0, 1)], ..Flush::default() };
    leave(owner.committer().commit(flush)).await;
    let (a, b, ()) = tokio::join!(timeout(LONG, log.next()), timeout(LONG, sums.next()), async {
        // They wait already.
        tokio::time::sleep(Duration::from_millis(50)).await;
        drop(release);
    });
    assert_eq!(a.unwrap().unwrap().records[0].value(), b"a");
    assert_eq!(b.unwrap().unwrap().records[0].value(), b"b");
}

#[tokio::test]
async fn partitions_that_were_taken_by_one_who_left_go_to_who_is_there() {
    let (stream, _directory) = fresh();
    let mut owner = stream.subscribe().await.unwrap();
    next(&mut *owner).await;
    let mut other = stream.subscribe().await.unwrap();
    let release = stuck(&stream).await;
    // The owner, which joined first, is busy and not told, and its time is over; the other one takes the partitions, and leaves
    // half-way.
    stream.0.members.let_go(1);
    leave(other.next()).await;
    drop((other, release));
    let commit = Flush { offsets: vec![(0, 0)], ..Flush::default() };
    let fenced = owner.committer().commit(commit).await.unwrap_err();
    assert!(matches!(fenced, StreamError::Fenced(_)), "{fenced}");
    assert!(matches!(next(&mut *owner).await, Event::Revoked(_)));
    assert!(matches!(next(&mut *owner).await, Event::Assigned(_)));
    let commit = Flush { offsets: vec![(0, 0)], ..Flush::default() };
    owner.committer().commit(commit).await.unwrap();
}

/// With the clock paused, time passes when there is nothing but time to wait for.
#[tokio::test(start_paused = true)]
async fn every_call_ends_in_time_while_the_disk_hangs() {
    let (stream, directory) = fresh();
    let mut owner = stream.subscribe().await.unwrap();
    let release = stuck(&stream).await;
    let (appended, assigned) = tokio::join!(stream.append(vec![record("a")]), owner.next());
    let path = directory.path().join("stream.db").display().to_string();
    let not_appended = appended.unwrap_err().first().clone();
    for late in [not_appended, assigned.unwrap_err()] {
        assert!(matches!(&late, StreamError::Away(why) if why.contains(&path) && why.contains("unknown")), "{late}");
    }
    tokio::time::resume();
    drop(release);
    stream.append(vec![record("b")]).await.unwrap();
    assert_eq!(stream.bounds(Topic::Transactions).await.unwrap()[0].high, 2, "it was handed over, and happened");
}

/// Destroys what takes these parts of the records, in percent.
fn destroy_records(path: &Path, parts: [Range<usize>; 2]) {
    let leaves = "SELECT pageno FROM dbstat WHERE name = 'records' AND pagetype = 'leaf' ORDER BY path";
    let file = Connection::open(path).unwrap();
    let leaves: Vec<u32> =
        file.prepare(leaves).unwrap().query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    let page: u32 = file.query_row("PRAGMA page_size", [], |row| row.get(0)).unwrap();
    drop(file);
    let file = File::options().write(true).open(path).unwrap();
    for number in
        parts.into_iter().flat_map(|part| &leaves[leaves.len() * part.start / 100..leaves.len() * part.end / 100])
    {
        file.write_all_at(&vec![0xff; page as usize], u64::from(number - 1) * u64::from(page)).unwrap();
    }
}

#[tokio::test]
async fn opening_and_the_first_append_read_none_of_what_need_not_go_yet() {
    let (stream, directory) = fresh();
    let mut owner = stream.subscribe().await.unwrap();
    next(&mut *owner).await;
    // None of the sums is too old, and all records are.
    let text: &str = "x".repeat(300).leak();
    let sum = |n: u32| NewRecord { key: format!("[\"daily\",{n:05}]").into(), ..record(text) };
    let position = NewRecord {
        key: "[\"position\",0]".into(),
        value: "{\"clock\":\"1970-01-02T00:00:00.000Z\"}".into(),
        ..NewRecord::default()
    };
    for batch in 0..10 {
        stream.append((0..1_500).map(|_| record(text)).collect()).await.unwrap();
        let sums = (0..1_500).map(|n| sum(batch * 1_500 + n)).chain([position.clone()]).collect();
        let offsets = vec![(0, u64::from(batch + 1) * 1_500)];
        owner.committer().commit(Flush { sums, offsets, ..Flush::default() }).await.unwrap();
    }
    drop((owner, stream));
    let path = directory.path().join("stream.db");
    let records = "SELECT sum(appended) FROM records WHERE id BETWEEN ?1 AND ?2";
    // The log takes the first half, the sums the other.
    destroy_records(&path, [20..45, 70..95]);
    let stream = open(&directory);
    for topic in [Topic::Transactions, Topic::DailySums] {
        let range = [log::id(topic, 0, 0), log::id(topic, 0, log::OFFSETS)];
        let all = stream.0.database.read(move |c| c.query_row(records, range, |_| Ok(()))).await;
        assert!(all.is_err(), "or this shows nothing");
    }
    stream.prepare(Retention { fold_days: 0, lag_days: 0 }).await.unwrap();
    stream.append(vec![record("a")]).await.unwrap();
    assert_eq!(stream.bounds(Topic::Transactions).await.unwrap()[0].low, u64::from(crate::limits::PRUNE_RECORDS));
}
