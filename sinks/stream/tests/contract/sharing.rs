//! Who shares the log on a real Kafka: what a rebalance does not move goes on all the while.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tallygate_stream::{Committer, StreamError};

use crate::fixture::{PARTITIONS, flush, numbered, record};
use crate::kafka::fixture;

/// Longer than a member needs to hear that another came.
const LIVES: Duration = Duration::from_secs(4);
/// More than are committed meanwhile.
const RECORDS: u64 = 10_000;

#[tokio::test(flavor = "multi_thread")]
async fn what_stays_is_committed_on_and_on_while_others_come_and_go() {
    let fixture = fixture().await;
    fixture.stream.append([numbered(0, 0, RECORDS), numbered(1, 0, RECORDS)].concat()).await.unwrap();
    let mut first = fixture.subscribe().await;
    first.assigned_all().await;
    let committing =
        (0..PARTITIONS).map(|partition| tokio::spawn(commit_on(first.subscription.committer(), partition)));
    let committing: Vec<_> = committing.collect();
    let mut second = fixture.subscribe_elsewhere().await;
    let (goes, ours) = tokio::join!(first.revoked(), second.assigned());
    assert!(goes.len() == 1 && ours.keys().eq(&goes), "{goes:?}, {ours:?}");
    for _ in 0..2 {
        let mut third = fixture.subscribe_elsewhere().await;
        // There is nothing for a third one, and the group changes all the same.
        let nothing = tokio::time::timeout(LIVES, async { tokio::join!(first.revoked(), third.assigned()) }).await;
        assert!(nothing.is_err(), "{nothing:?}");
        third.subscription.leave().await;
    }
    let (all, ()) = tokio::join!(first.assigned_all(), second.subscription.leave());
    // What was committed to the last is what the next owner is told.
    for (partition, committing) in (0..PARTITIONS).zip(committing) {
        if !goes.contains(&partition) {
            assert!(!committing.is_finished(), "partition {partition} stayed: {:?}", committing.await);
            committing.abort();
            continue;
        }
        let Committing { commits, refused, longest } = committing.await.unwrap();
        println!("{commits} commits, the longest took {longest:?}, then {refused}");
        assert!(matches!(refused, StreamError::Fenced(_)), "{refused}");
        assert_eq!(all[&partition], Some(commits));
    }
}

/// What came of committing a partition on and on.
#[derive(Debug)]
struct Committing {
    commits: u64,
    refused: StreamError,
    longest: Duration,
}

/// Commits until it is refused.
async fn commit_on(committer: Arc<dyn Committer>, partition: u32) -> Committing {
    let (mut commits, mut longest) = (0, Duration::ZERO);
    loop {
        let (begun, rows) = (Instant::now(), vec![record(partition, "row", &commits.to_string())]);
        match committer.commit(flush(rows, vec![(partition, commits + 1)])).await {
            Ok(()) => commits += 1,
            Err(refused) => return Committing { commits, refused, longest },
        }
        longest = longest.max(begun.elapsed());
    }
}
