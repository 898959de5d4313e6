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

/// Destroys a part of a table, in percent.
fn destroy(path: &Path, table: &str, part: Range<usize>) {
    let pages = "SELECT pageno FROM dbstat WHERE name = ? AND pagetype IN ('leaf', 'overflow') ORDER BY path";
    let file = Connection::open(path).unwrap();
    let pages: Vec<u32> =
        file.prepare(pages).unwrap().query_map([table], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    let page: u32 = file.query_row("PRAGMA page_size", [], |row| row.get(0)).unwrap();
    drop(file);
    let file = File::options().write(true).open(path).unwrap();
    for number in &pages[pages.len() * part.start / 100..pages.len() * part.end / 100] {
        file.write_all_at(&vec![0xff; page as usize], u64::from(number - 1) * u64::from(page)).unwrap();
    }
}

#[tokio::test]
async fn opening_and_the_first_append_read_none_of_what_need_not_go_yet() {
    let (stream, directory) = fresh();
    let mut owner = stream.subscribe().await.unwrap();
    next(&mut *owner).await;
    // None of the sums is too old, and all records are. They are nothing that could be compressed.
    let noise = || NewRecord { value: (0..300).map(|_| rand::random::<u8>()).collect(), ..record("") };
    let sum = |n: u32| NewRecord { key: format!("[\"daily\",{n:05}]").into(), ..noise() };
    let position = NewRecord {
        key: "[\"position\",0]".into(),
        value: "{\"clock\":\"1970-01-02T00:00:00.000Z\"}".into(),
        ..NewRecord::default()
    };
    for batch in 0..10 {
        stream.append((0..1_500).map(|_| noise()).collect()).await.unwrap();
        let sums = (0..1_500).map(|n| sum(batch * 1_500 + n)).chain([position.clone()]).collect();
        let offsets = vec![(0, u64::from(batch + 1) * 1_500)];
        owner.committer().commit(Flush { sums, offsets, ..Flush::default() }).await.unwrap();
    }
    drop((owner, stream));
    let path = directory.path().join("stream.db");
    destroy(&path, "batches", 25..75);
    destroy(&path, "records", 25..75);
    let stream = open(&directory);
    for all in ["SELECT sum(appended) FROM batches", "SELECT sum(appended) FROM records"] {
        let all = stream.0.database.read(|c| c.query_row(all, [], |_| Ok(()))).await;
        assert!(all.is_err(), "or this shows nothing");
    }
    stream.prepare(Retention { fold_days: 0, lag_days: 0 }).await.unwrap();
    stream.append(vec![record("a")]).await.unwrap();
    let low = stream.bounds(Topic::Transactions).await.unwrap()[0].low;
    assert!((1_500..=u64::from(crate::limits::PRUNE_RECORDS)).contains(&low), "{low}");
}

fn settings(path: &Path) -> Vec<(String, i64)> {
    let file = Connection::open(path).unwrap();
    let mut select = file.prepare("SELECT name, value FROM settings ORDER BY name").unwrap();
    select.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap().map(Result::unwrap).collect()
}

/// As the first release made it: records one by one, and the number of partitions under its own name.
fn of_the_first_release(path: &Path) {
    let file = Connection::open(path).unwrap();
    file.execute_batch(
        "PRAGMA journal_mode = WAL;
        CREATE TABLE settings (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
        CREATE TABLE records (
            id INTEGER PRIMARY KEY, partition INTEGER NOT NULL, sum_key BLOB,
            appended INTEGER NOT NULL, key BLOB NOT NULL, headers BLOB NOT NULL, value BLOB NOT NULL
        );
        CREATE UNIQUE INDEX sums ON records (partition, sum_key) WHERE sum_key IS NOT NULL;
        CREATE TABLE partitions (
            topic INTEGER NOT NULL, partition INTEGER NOT NULL,
            low INTEGER NOT NULL, next INTEGER NOT NULL,
            PRIMARY KEY (topic, partition)
        ) WITHOUT ROWID;
        CREATE TABLE committed (partition INTEGER PRIMARY KEY, offset INTEGER NOT NULL);
        INSERT INTO settings VALUES ('partitions', 1), ('epoch', 3);
        INSERT INTO partitions VALUES (0, 0, 5, 7);
        INSERT INTO records VALUES (5, 0, NULL, 1, x'6b', x'', x'61'), (6, 0, NULL, 2, x'6b', x'', x'62');
        INSERT INTO committed VALUES (0, 6);",
    )
    .unwrap();
}

#[tokio::test]
async fn a_file_of_an_earlier_release_is_gone_on_with_and_kept_from_that_release() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("stream.db");
    of_the_first_release(&path);
    let early = EmbeddedStream::open_read_only(&path).err().unwrap().to_string();
    assert!(early.contains("stream.db: is an earlier release's until"), "{early}");
    let other = EmbeddedStreamOptions { path: path.clone(), partitions: 2 };
    let refused = EmbeddedStream::open(&other, StreamMetrics::default()).err().unwrap().to_string();
    assert!(refused.contains("has 1 partitions, must have 2"), "{refused}");
    for value in ["c", "d"] {
        open(&directory).append(vec![record(value)]).await.unwrap();
    }
    let stream = open(&directory);
    let mut log = stream.follow(Topic::Transactions, vec![(0, Start::Beginning)]).await.unwrap();
    let batch = log.next().await.unwrap();
    let found: Vec<_> = batch.records.iter().map(|record| (record.offset, record.value().to_vec())).collect();
    let values = [b"a", b"b", b"c", b"d"].map(|value| value.to_vec());
    assert_eq!(found, (5..).zip(values).collect::<Vec<_>>());
    assert!(batch.caught_up);
    assert_eq!(stream.bounds(Topic::Transactions).await.unwrap()[0].committed, 6);
    EmbeddedStream::open_read_only(&path).unwrap();
    drop((log, stream));
    // That release takes a file only with as many partitions as are configured, at least one.
    let settings = settings(&path);
    assert!(settings.contains(&("partitions".to_owned(), 0)), "{settings:?}");
}

#[tokio::test]
async fn a_file_of_a_later_release_is_refused_by_name() {
    let (stream, directory) = fresh();
    drop(stream);
    let path = directory.path().join("stream.db");
    Connection::open(&path).unwrap().execute("UPDATE settings SET value = 3 WHERE name = 'format'", []).unwrap();
    let options = EmbeddedStreamOptions { path: path.clone(), partitions: 1 };
    let opened = [EmbeddedStream::open(&options, StreamMetrics::default()), EmbeddedStream::open_read_only(&path)];
    for refused in opened {
        let refused = refused.err().unwrap().to_string();
        assert!(refused.contains("stream.db: is of format 3, of a later release; this one reads 2"), "{refused}");
    }
}

#[tokio::test]
async fn a_record_that_is_not_what_was_written_is_refused_by_name() {
    let (stream, directory) = fresh();
    for _ in 0..3 {
        stream.append(vec![record("a"), record("b")]).await.unwrap();
    }
    drop(stream);
    let path = directory.path().join("stream.db");
    let changed = "UPDATE batches SET packed = CAST(replace(packed, 'b', 'c') AS BLOB) WHERE id = 2";
    assert_eq!(Connection::open(&path).unwrap().execute(changed, []).unwrap(), 1);
    let stream = open(&directory);
    let mut log = stream.follow(Topic::Transactions, vec![(0, Start::Beginning)]).await.unwrap();
    let error = log.next().await.unwrap_err();
    assert!(matches!(&error, StreamError::Refused(_)), "{error}");
    let (text, place) = (error.to_string(), "Transactions, partition 0, offset 2: the record is not what was written");
    assert!(text.contains("stream.db") && text.contains(place), "{text}");
}
