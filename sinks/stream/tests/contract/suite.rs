//! Each promise of the port, as a function that every implementation runs.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use tallygate_stream::{Flush, Record, Start, StreamError, Topic};

use crate::fixture::{Fixture, PARTITIONS, flush, now, numbered, record, value};

/// One test for each promise, against a fixture of its own.
macro_rules! contract {
    ($make:expr) => {
        $crate::suite::contract!(@each $make;
            records_of_a_partition_come_in_order_and_whole,
            records_bear_the_time_of_their_append,
            what_was_appended_several_times_is_there_several_times,
            a_commit_shows_rows_dead_letters_and_positions_together,
            a_commit_that_was_refused_shows_nothing_and_the_next_one_goes_through,
            the_next_owner_is_told_what_was_committed,
            each_partition_has_one_owner_and_is_handed_over,
            a_former_owner_is_fenced_and_shows_nothing,
            a_fenced_subscription_lives_on,
            an_owner_that_is_told_may_finish_its_commit,
            a_start_that_the_log_does_not_have_is_refused,
            a_follower_says_each_time_that_it_caught_up,
            a_follower_of_a_busy_topic_catches_up,
            a_follower_starts_where_it_is_told,
            a_follower_hands_on_a_record_as_soon_as_it_is_there,
            what_a_follower_has_at_hand_is_what_comes_next,
            bounds_tell_what_is_held_and_what_was_committed,
            not_taking_records_does_not_lose_the_ownership,
            a_record_that_is_refused_keeps_no_other_from_the_log,
        );
    };
    (@each $make:expr; $($promise:ident,)*) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $promise() {
                let fixture = $make;
                tokio::time::timeout($crate::fixture::PATIENCE, $crate::suite::$promise(&fixture))
                    .await
                    .expect("the promise is kept in time");
            }
        )*
    };
}
pub(crate) use contract;

/// Longer than an owner may be silent before Kafka takes its partitions away.
const LONGER_THAN_A_SESSION: Duration = Duration::from_secs(11);

pub(crate) async fn records_of_a_partition_come_in_order_and_whole(fixture: &Fixture) {
    for from in (0..3_000).step_by(1_000) {
        let both = [numbered(0, from, from + 1_000), numbered(1, from, from + 1_000)].concat();
        fixture.stream.append(both).await.unwrap();
    }
    let mut subscription = fixture.subscribe().await;
    let records = subscription.take(6_000).await;
    for partition in 0..PARTITIONS {
        let ours: Vec<&Record> = records.iter().filter(|record| record.partition == partition).collect();
        let values: Vec<String> = ours.iter().map(|record| value(record)).collect();
        let expected: Vec<String> = (0..3_000).map(|n: u64| n.to_string()).collect();
        assert_eq!(values, expected);
        assert!(ours.is_sorted_by(|one, next| one.offset < next.offset));
    }
    let headers: Vec<_> = records[0].headers().collect();
    assert_eq!(headers, [("tallygate-number", &b"0"[..]), ("empty", &b""[..])]);
    assert_eq!(records[0].key(), b"key");
}

pub(crate) async fn records_bear_the_time_of_their_append(fixture: &Fixture) {
    let before = now();
    fixture.stream.append(numbered(0, 0, 1)).await.unwrap();
    let records = fixture.all(Topic::Transactions).await;
    assert!((before - 50..=now() + 50).contains(&records[0].appended), "{records:?}");
}

pub(crate) async fn what_was_appended_several_times_is_there_several_times(fixture: &Fixture) {
    fixture.stream.append(Vec::new()).await.unwrap();
    for _ in 0..3 {
        fixture.stream.append(numbered(0, 7, 8)).await.unwrap();
    }
    assert_eq!(fixture.all(Topic::Transactions).await.len(), 3);
}

pub(crate) async fn a_commit_shows_rows_dead_letters_and_positions_together(fixture: &Fixture) {
    fixture.stream.append(numbered(0, 0, 10)).await.unwrap();
    let mut subscription = fixture.subscribe().await;
    let last = subscription.take(10).await.pop().unwrap();
    assert!(fixture.all(Topic::DailySums).await.is_empty());
    let dead_letters = vec![record(0, "key", "unreadable")];
    let offsets = vec![(0, last.offset + 1)];
    let flush = Flush { sums: vec![record(0, "row", "10.00")], dead_letters, offsets };
    subscription.commit(flush).await.unwrap();
    let seen = |records: Vec<Record>| records.iter().map(value).collect::<Vec<_>>();
    assert_eq!(seen(fixture.all(Topic::DailySums).await), ["10.00"]);
    assert_eq!(seen(fixture.all(Topic::DeadLetters).await), ["unreadable"]);
    assert_eq!(fixture.stream.bounds(Topic::Transactions).await.unwrap()[0].committed, last.offset + 1);
}

pub(crate) async fn a_commit_that_was_refused_shows_nothing_and_the_next_one_goes_through(fixture: &Fixture) {
    fixture.stream.append(numbered(0, 0, 1)).await.unwrap();
    let mut subscription = fixture.subscribe().await;
    subscription.take(1).await;
    let committer = subscription.subscription.committer();
    let row = |text: &str| vec![record(0, "row", text)];
    let beyond = committer.commit(flush(row("a"), vec![(0, u64::MAX)])).await.unwrap_err();
    assert!(matches!(beyond, StreamError::Refused(_)), "{beyond}");
    let without = committer.commit(flush(row("b"), Vec::new())).await.unwrap_err();
    assert!(matches!(without, StreamError::Refused(_)), "{without}");
    committer.commit(flush(row("c"), vec![(0, 1)])).await.unwrap();
    let values: Vec<String> = fixture.all(Topic::DailySums).await.iter().map(value).collect();
    assert_eq!(values, ["c"]);
}

pub(crate) async fn the_next_owner_is_told_what_was_committed(fixture: &Fixture) {
    fixture.stream.append(numbered(1, 0, 5)).await.unwrap();
    let mut first = fixture.subscribe().await;
    let before = first.assigned_all().await;
    assert!(before.values().all(Option::is_none));
    first.take(5).await;
    first.commit(flush(Vec::new(), vec![(1, 3)])).await.unwrap();
    drop(first);
    let mut second = fixture.subscribe_elsewhere().await;
    let told = second.assigned_all().await;
    assert_eq!(told[&0], None);
    assert_eq!(told[&1], Some(3));
    let values: Vec<String> = second.take(2).await.iter().map(value).collect();
    assert_eq!(values, ["3", "4"]);
}

pub(crate) async fn each_partition_has_one_owner_and_is_handed_over(fixture: &Fixture) {
    let mut first = fixture.subscribe().await;
    first.assigned_all().await;
    let mut second = fixture.subscribe_elsewhere().await;
    let (revoked, ours) = tokio::join!(first.revoked(), second.assigned());
    let ours: BTreeSet<u32> = ours.into_keys().collect();
    assert_eq!(revoked, ours);
    fixture.stream.append([numbered(0, 0, 5), numbered(1, 0, 5)].concat()).await.unwrap();
    let records = second.take(ours.len() * 5).await;
    assert!(records.iter().all(|record| ours.contains(&record.partition)));
    // The first one goes on being asked, as a live one is, while it may get partitions back.
    let (all, ()) = tokio::join!(first.assigned_all(), async move { drop(second) });
    assert_eq!(all.len(), PARTITIONS as usize);
    assert_eq!(first.take(10).await.len(), 10);
}

pub(crate) async fn a_former_owner_is_fenced_and_shows_nothing(fixture: &Fixture) {
    fixture.stream.append([numbered(0, 0, 1), numbered(1, 0, 1)].concat()).await.unwrap();
    let mut first = fixture.subscribe().await;
    first.take(2).await;
    let mut second = fixture.subscribe_elsewhere().await;
    // The first one does not listen, so it does not know yet.
    let theirs = *second.assigned().await.keys().next().unwrap();
    let late = flush(vec![record(theirs, "row", "late")], vec![(theirs, 1)]);
    let fenced = first.commit(late).await.unwrap_err();
    assert!(matches!(fenced, StreamError::Fenced(_)), "{fenced}");
    second.commit(flush(vec![record(theirs, "row", "right")], vec![(theirs, 1)])).await.unwrap();
    let values: Vec<String> = fixture.all(Topic::DailySums).await.iter().map(value).collect();
    assert_eq!(values, ["right"]);
}

pub(crate) async fn a_fenced_subscription_lives_on(fixture: &Fixture) {
    let mut first = fixture.subscribe().await;
    first.assigned_all().await;
    let mut second = fixture.subscribe_elsewhere().await;
    let theirs = *second.assigned().await.keys().next().unwrap();
    let late = first.commit(flush(Vec::new(), vec![(theirs, 1)])).await;
    assert!(matches!(late, Err(StreamError::Fenced(_))), "{late:?}");
    assert!(!first.revoked().await.is_empty());
    drop(second);
    first.assigned_all().await;
    fixture.stream.append(numbered(0, 0, 1)).await.unwrap();
    first.take(1).await;
    first.commit(flush(Vec::new(), vec![(0, 1)])).await.unwrap();
}

pub(crate) async fn an_owner_that_is_told_may_finish_its_commit(fixture: &Fixture) {
    fixture.stream.append(numbered(0, 0, 1)).await.unwrap();
    let mut first = fixture.subscribe().await;
    first.take(1).await;
    let mut second = fixture.subscribe_elsewhere().await;
    let committer = first.subscription.committer();
    // Begun before the owner could have been told.
    let commit = tokio::spawn(async move { committer.commit(flush(Vec::new(), vec![(0, 1)])).await });
    let told = async {
        commit.await.unwrap().unwrap();
        first.revoked().await
    };
    let (_, given) = tokio::join!(told, second.assigned());
    if let Some(committed) = given.get(&0) {
        assert_eq!(*committed, Some(1));
    }
}

pub(crate) async fn a_start_that_the_log_does_not_have_is_refused(fixture: &Fixture) {
    fixture.stream.append(numbered(0, 0, 3)).await.unwrap();
    let refused = fixture.read_from(Topic::Transactions, vec![(0, Start::Offset(1_000))]).await.unwrap_err();
    assert!(refused.to_string().contains("offset 1000") && !refused.is_retryable(), "{refused}");
    // The next offset to be given is a good start.
    let high = fixture.stream.bounds(Topic::Transactions).await.unwrap()[0].high;
    assert!(fixture.read_from(Topic::Transactions, vec![(0, Start::Offset(high))]).await.unwrap().is_empty());
}

pub(crate) async fn a_follower_says_each_time_that_it_caught_up(fixture: &Fixture) {
    let starts = vec![(0, Start::Beginning), (1, Start::Beginning)];
    let mut follower = fixture.stream.follow(Topic::Transactions, starts).await.unwrap();
    let mut read = 0;
    for round in 1..=3 {
        loop {
            let batch = follower.next().await.unwrap();
            read += batch.records.len();
            if batch.caught_up && read == (round - 1) * 10 {
                break;
            }
        }
        let nothing = tokio::time::timeout(Duration::from_millis(300), follower.next()).await;
        assert!(nothing.is_err(), "the end is told once: {nothing:?}");
        fixture.stream.append([numbered(0, 0, 5), numbered(1, 0, 5)].concat()).await.unwrap();
    }
}

pub(crate) async fn a_follower_of_a_busy_topic_catches_up(fixture: &Fixture) {
    const WITHIN: Duration = Duration::from_secs(10);
    const BEFORE: u64 = 1_000;
    fixture.stream.append(numbered(0, 0, BEFORE)).await.unwrap();
    let appending = async {
        for n in BEFORE.. {
            fixture.stream.append(numbered(0, n, n + 1)).await.unwrap();
        }
    };
    let catching_up = async {
        for start in [Start::Beginning, Start::End] {
            let read = tokio::time::timeout(WITHIN, fixture.read_from(Topic::Transactions, vec![(0, start)])).await;
            let read = read.expect("it tells that it caught up").unwrap();
            assert!(matches!(start, Start::End) || read.len() as u64 >= BEFORE, "{} records", read.len());
        }
    };
    tokio::select! {
        () = appending => unreachable!("it appends for ever"),
        () = catching_up => {}
    }
}

pub(crate) async fn a_follower_starts_where_it_is_told(fixture: &Fixture) {
    fixture.stream.append(numbered(1, 0, 3)).await.unwrap();
    fixture.stream.append(numbered(1, 3, 5)).await.unwrap();
    let offset = fixture.all(Topic::Transactions).await[1].offset;
    let cases = [(Start::Beginning, 5), (Start::Offset(offset), 4), (Start::End, 0)];
    for (start, count) in cases {
        let read = fixture.read_from(Topic::Transactions, vec![(1, start)]).await.unwrap();
        assert_eq!(read.len(), count, "{start:?}");
    }
    assert!(fixture.read_from(Topic::Transactions, Vec::new()).await.unwrap().is_empty());
}

pub(crate) async fn a_follower_hands_on_a_record_as_soon_as_it_is_there(fixture: &Fixture) {
    /// Of the quickest, as the machine may be busy; one who waits for company waits each time.
    const WITHIN: Duration = Duration::from_millis(50);
    const ROUNDS: u64 = 20;
    let mut follower = fixture.stream.follow(Topic::Transactions, vec![(0, Start::End)]).await.unwrap();
    let mut quickest = Duration::MAX;
    for round in 0..ROUNDS {
        fixture.stream.append(numbered(0, round, round + 1)).await.unwrap();
        let appended = Instant::now();
        while follower.next().await.unwrap().records.is_empty() {}
        quickest = quickest.min(appended.elapsed());
    }
    assert!(quickest < WITHIN, "{quickest:?}");
}

pub(crate) async fn what_a_follower_has_at_hand_is_what_comes_next(fixture: &Fixture) {
    const RECORDS: u64 = 5_000;
    fixture.stream.append(numbered(0, 0, RECORDS)).await.unwrap();
    let mut follower = fixture.stream.follow(Topic::Transactions, vec![(0, Start::Beginning)]).await.unwrap();
    let (mut offsets, mut caught_up) = (Vec::new(), false);
    while !caught_up {
        let mut batch = Some(follower.next().await.unwrap());
        while let Some(one) = batch {
            caught_up |= one.caught_up;
            offsets.extend(one.records.iter().map(|record| record.offset));
            batch = follower.at_hand().unwrap();
        }
    }
    assert_eq!(offsets.len() as u64, RECORDS);
    assert!(offsets.is_sorted_by(|one, next| one < next));
}

pub(crate) async fn bounds_tell_what_is_held_and_what_was_committed(fixture: &Fixture) {
    let before = fixture.stream.bounds(Topic::Transactions).await.unwrap();
    assert_eq!(before.iter().map(|bounds| bounds.partition).collect::<Vec<_>>(), [0, 1]);
    assert!(before.iter().all(|bounds| (bounds.low, bounds.high, bounds.committed) == (0, 0, 0)));
    fixture.stream.append(numbered(1, 0, 4)).await.unwrap();
    let mut subscription = fixture.subscribe().await;
    subscription.take(4).await;
    let letters = vec![record(1, "k", "dead")];
    let flush = Flush { sums: Vec::new(), dead_letters: letters, offsets: vec![(1, 3)] };
    subscription.commit(flush).await.unwrap();
    let log = fixture.other.bounds(Topic::Transactions).await.unwrap();
    assert_eq!((log[1].low, log[1].high, log[1].committed), (0, 4, 3));
    let letters = fixture.other.bounds(Topic::DeadLetters).await.unwrap();
    assert!(letters[1].high >= 1 && letters[0].high == 0 && letters[1].committed == 0);
}

pub(crate) async fn not_taking_records_does_not_lose_the_ownership(fixture: &Fixture) {
    let large = "x".repeat(50_000);
    for _ in 0..20 {
        let records = (0..20).map(|_| record(0, "key", &large)).collect();
        fixture.stream.append(records).await.unwrap();
    }
    let mut subscription = fixture.subscribe().await;
    subscription.assigned_all().await;
    tokio::time::sleep(LONGER_THAN_A_SESSION).await;
    let offsets: Vec<u64> = subscription.take(400).await.iter().map(|record| record.offset).collect();
    assert!(offsets.is_sorted_by(|one, next| one + 1 == *next), "no record is lost or comes twice");
    subscription.commit(flush(Vec::new(), vec![(0, 400)])).await.unwrap();
}

pub(crate) async fn a_record_that_is_refused_keeps_no_other_from_the_log(fixture: &Fixture) {
    let beyond = numbered(PARTITIONS, 0, 1);
    let records = [numbered(0, 0, 2), beyond.clone(), numbered(1, 0, 2), beyond.clone()].concat();
    let refused = fixture.stream.append(records).await.unwrap_err();
    assert!(matches!(refused.first(), StreamError::Refused(_)), "{refused}");
    let places: Vec<usize> = refused.records().iter().map(|record| record.index).collect();
    assert_eq!(places, [2, 5]);
    assert!(refused.records().iter().all(|record| !record.error.is_retryable()), "{refused:?}");
    let there: BTreeSet<(u32, String)> =
        fixture.all(Topic::Transactions).await.iter().map(|record| (record.partition, value(record))).collect();
    let expected = [(0, "0"), (0, "1"), (1, "0"), (1, "1")].map(|(partition, value)| (partition, value.to_owned()));
    assert_eq!(there, expected.into());
}
