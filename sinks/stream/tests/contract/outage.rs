//! A Kafka that is killed or hangs: calls end in time, and work goes on by itself when it is back.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tallygate_stream::{Retention, Start, Stream, StreamError, Topic};
use tallygate_test_servers::Kafka;
use tokio::task::JoinSet;

use crate::fixture::{Fixture, Owner, PARTITIONS, PATIENCE, flush, numbered, value};
use crate::kafka::{open, options};

/// What the port calls bounded: a call's ten seconds and what undoing it takes, on a busy machine.
const BOUND: Duration = Duration::from_secs(40);

#[tokio::test(flavor = "multi_thread")]
async fn work_goes_on_by_itself_after_a_kill() {
    let kafka = Kafka::start().unwrap();
    let options = options(&kafka);
    let stream = Arc::new(open(&options));
    stream.prepare(Retention { fold_days: 15, lag_days: 0 }).await.unwrap();
    let fixture = Fixture { stream: stream.clone(), other: stream.clone(), directory: None };
    stream.append(numbered(0, 0, 3)).await.unwrap();
    let mut subscription = fixture.subscribe().await;
    subscription.take(3).await;
    subscription.commit(flush(Vec::new(), vec![(0, 2)])).await.unwrap();
    let mut follower = stream.follow(Topic::Transactions, vec![(0, Start::End)]).await.unwrap();
    assert!(follower.next().await.unwrap().caught_up);

    kafka.kill().unwrap();
    let committer = subscription.subscription.committer();
    let (append, commit, bounds, prepare, subscribe, follow) = tokio::join!(
        timed("append", stream.append(numbered(0, 3, 4))),
        timed("commit", committer.commit(flush(Vec::new(), vec![(0, 3)]))),
        timed("bounds", stream.bounds(Topic::Transactions)),
        timed("prepare", stream.prepare(Retention { fold_days: 15, lag_days: 0 })),
        timed("subscribe", stream.subscribe()),
        timed("follow", stream.follow(Topic::DailySums, vec![(0, Start::Beginning)])),
    );
    for (what, error) in [
        ("append", append.err().map(|error| error.first().clone())),
        ("commit", commit.err()),
        ("bounds", bounds.err()),
        ("prepare", prepare.err()),
        ("subscribe", subscribe.err()),
        ("follow", follow.err()),
    ] {
        assert!(matches!(error, Some(StreamError::Away(_))), "{what}: {error:?}");
    }

    kafka.restart().unwrap();
    let back = Instant::now();
    let step = |what: &str| println!("{what} {:?} after the restart", back.elapsed());
    let appended = async {
        while let Err(error) = stream.append(numbered(0, 4, 5)).await {
            assert!(error.first().is_retryable(), "{error}");
        }
    };
    appended.await;
    step("appended");
    // The follower was away for longer than it waits, or it was not; the former is told, and one follows anew.
    let last = loop {
        match follower.next().await {
            Ok(batch) => {
                if let Some(record) = batch.records.last().filter(|record| value(record) == "4") {
                    break record.offset;
                }
            }
            Err(error) => {
                assert!(error.is_retryable(), "{error}");
                follower = stream.follow(Topic::Transactions, vec![(0, Start::Beginning)]).await.unwrap();
            }
        }
    };
    step("followed");
    // After an error of a commit one subscribes anew.
    drop(subscription);
    let mut subscription = fixture.subscribe().await;
    step("subscribed");
    while subscription.take(1).await.iter().all(|record| value(record) != "4") {}
    step("read");
    subscription.commit(flush(Vec::new(), vec![(0, last + 1)])).await.unwrap();
    step("committed");
    assert!(back.elapsed() < PATIENCE, "{:?}", back.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subscription_outlives_a_restart_and_a_pause_of_the_broker() {
    let kafka = Kafka::start().unwrap();
    let options = options(&kafka);
    let stream = Arc::new(open(&options));
    stream.prepare(Retention { fold_days: 15, lag_days: 0 }).await.unwrap();
    let fixture = Fixture { stream: stream.clone(), other: stream.clone(), directory: None };
    let mut subscription = fixture.subscribe().await;
    stream.append(numbered(0, 0, 1)).await.unwrap();
    subscription.take(1).await;

    kafka.kill().unwrap();
    kafka.restart().unwrap();
    stream.append(numbered(0, 1, 2)).await.unwrap();
    seen(&mut subscription, "1").await;

    kafka.pause().unwrap();
    let begun = Instant::now();
    let away = stream.append(numbered(0, 2, 3)).await.unwrap_err();
    assert!(
        matches!(away.first(), StreamError::Away(_)) && begun.elapsed() < BOUND,
        "{away} after {:?}",
        begun.elapsed()
    );
    kafka.resume().unwrap();
    while stream.append(numbered(0, 3, 4)).await.is_err() {}
    seen(&mut subscription, "3").await;
}

async fn seen(owner: &mut Owner, awaited: &str) {
    let until = tokio::time::timeout(PATIENCE, async {
        while owner.take(1).await.iter().all(|record| value(record) != awaited) {}
    });
    until.await.expect("the record comes in time");
}

async fn timed<T, E>(what: &str, call: impl Future<Output = Result<T, E>>) -> Result<T, E> {
    let begun = Instant::now();
    let ended = tokio::time::timeout(BOUND, call).await;
    println!("{what} ended after {:?}", begun.elapsed());
    ended.unwrap_or_else(|_| panic!("{what} ends in time"))
}

/// What `make soak` raises.
const RESTARTS: u32 = 3;
/// Appends of a shipper at a time.
const APPENDS: usize = 8;

/// Records of an append to each partition.
const OF_AN_APPEND: u64 = 64;

#[tokio::test(flavor = "multi_thread")]
async fn appends_under_way_go_on_after_every_restart_and_what_was_appended_is_read_without_a_gap() {
    let kafka = Kafka::start().unwrap();
    let stream = Arc::new(open(&options(&kafka)));
    stream.prepare(Retention { fold_days: 15, lag_days: 0 }).await.unwrap();
    let restarts = std::env::var("TALLYGATE_RESTARTS").map_or(RESTARTS, |restarts| restarts.parse().unwrap());
    let appended: Arc<[AtomicU64; APPENDS]> = Arc::default();
    let over = Arc::new(AtomicBool::new(false));
    let mut appending = JoinSet::new();
    for at in 0..APPENDS {
        let (stream, appended, over) = (Arc::clone(&stream), Arc::clone(&appended), Arc::clone(&over));
        appending.spawn(async move {
            let mut acknowledged = Vec::new();
            for turn in 0.. {
                if over.load(Ordering::Relaxed) {
                    break;
                }
                let from = (turn * APPENDS as u64 + at as u64) * OF_AN_APPEND;
                let numbers = from..from + OF_AN_APPEND;
                let records: Vec<_> =
                    (0..PARTITIONS).flat_map(|partition| numbered(partition, numbers.start, numbers.end)).collect();
                match stream.append(records).await {
                    Ok(()) => {
                        acknowledged.extend(numbers);
                        appended[at].fetch_add(1, Ordering::Relaxed);
                    }
                    Err(error) => assert!(error.first().is_retryable(), "{error}"),
                }
            }
            acknowledged
        });
    }
    let mut reading = JoinSet::new();
    reading.spawn(read_without_a_gap(Arc::clone(&stream), Arc::clone(&over)));
    for turn in 0..restarts {
        let pause = |millis: u32| tokio::time::sleep(Duration::from_millis(millis.into()));
        pause(300 + turn * 7 % 100).await;
        kafka.kill().unwrap();
        // From shorter to longer than an append is tried.
        pause(turn * 1_300 % 14_000).await;
        let before = appended.each_ref().map(|count| count.load(Ordering::Relaxed));
        match turn % 3 {
            1 => kafka.restart_days_off(365).unwrap(),
            _ => kafka.restart().unwrap(),
        }
        let all_went_on = async {
            for (count, before) in appended.iter().zip(before) {
                while count.load(Ordering::Relaxed) < before + 2 {
                    pause(20).await;
                }
            }
        };
        let begun = Instant::now();
        tokio::time::timeout(PATIENCE, all_went_on).await.unwrap_or_else(|_| panic!("restart {turn}"));
        println!("restart {turn}: went on after {:?}", begun.elapsed());
    }
    over.store(true, Ordering::Relaxed);
    let wanted: BTreeSet<u64> = appending.join_all().await.into_iter().flatten().collect();
    let seen = reading.join_next().await.unwrap().unwrap();
    for (partition, seen) in (0..).zip(&seen) {
        let lost: Vec<&u64> = wanted.difference(seen).take(5).collect();
        assert!(lost.is_empty(), "partition {partition}: {lost:?} of {}", wanted.len());
    }
    println!("{} records appended {restarts} restarts through, all of them read", wanted.len() * PARTITIONS as usize);
}

/// Reads all partitions while records are appended, and on until it has all there is; every offset must come, and once.
async fn read_without_a_gap(stream: Arc<impl Stream>, over: Arc<AtomicBool>) -> Vec<BTreeSet<u64>> {
    let mut next = vec![0; PARTITIONS as usize];
    let mut seen = vec![BTreeSet::new(); PARTITIONS as usize];
    loop {
        let starts = (0..).zip(&next).map(|(partition, next)| (partition, Start::Offset(*next))).collect();
        let Ok(mut follower) = stream.follow(Topic::Transactions, starts).await else { continue };
        while let Ok(batch) = follower.next().await {
            for record in &batch.records {
                let at = record.partition as usize;
                assert_eq!(record.offset, next[at], "partition {at}");
                next[at] += 1;
                seen[at].insert(value(record).parse().unwrap());
            }
            if over.load(Ordering::Relaxed) {
                let bounds = stream.bounds(Topic::Transactions).await.unwrap();
                if bounds.iter().all(|bounds| next[bounds.partition as usize] == bounds.high) {
                    return seen;
                }
            }
        }
    }
}
