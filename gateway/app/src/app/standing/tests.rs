//! What is said of roles that do not work.

use std::sync::atomic::{AtomicBool, Ordering};

use tallygate_aggregator::AggregatorError;
use tallygate_core::LogId;
use tallygate_stream::StreamError;
use tallygate_sums::Foreign;
use tokio::time::timeout;

use super::*;
use crate::supervise::Supervisor;

const SHORT: Duration = Duration::from_millis(50);
const LONG: Duration = Duration::from_secs(1);

/// Of a process of these roles.
fn standing_of(roles: &str, start: Duration) -> Standing {
    let times = Times { try_every: SHORT, patience: SHORT * 4, steady: SHORT * 2, start };
    Standing::new(times, Company::of(&roles.parse().unwrap()))
}

fn standing(start: Duration) -> Standing {
    standing_of("aggregator", start)
}

fn foreign() -> anyhow::Error {
    AggregatorError::Foreign(Foreign { store: LogId(1), log: LogId(2) }).into()
}

async fn until(what: impl Fn() -> bool) {
    let looking = async {
        while !what() {
            sleep(SHORT / 10).await;
        }
    };
    timeout(LONG * 30, looking).await.unwrap();
}

#[tokio::test]
async fn what_a_role_cannot_go_on_for_ends_nothing_else_and_it_goes_on_when_that_is_set_right() {
    let (standing, wrong) = (standing(LONG), Arc::new(AtomicBool::new(true)));
    let mut supervisor = Supervisor::default();
    let (kept, left) = (standing.clone(), wrong.clone());
    supervisor.start("aggregator", LONG, |stop| async move {
        let (left, stop) = (&left, &stop);
        let run = |work: watch::Sender<Work>| async move {
            if left.load(Ordering::Relaxed) {
                return Err(StreamError::Refused("topic t: retention.ms is 1".into()).into());
            }
            work.send_replace(Work::Goes);
            stop.cancelled().await;
            Ok(())
        };
        kept.keep("aggregator", stop, run).await
    });
    supervisor.start("gateway", LONG, |stop| async move {
        stop.cancelled().await;
        Ok(())
    });
    let gauge = || standing.stands.get_or_create(&RoleLabel { role: "aggregator" }).get();
    until(|| !standing.troubles().is_empty()).await;
    assert!(timeout(SHORT * 10, supervisor.watch()).await.is_err(), "nothing ends");
    let told = standing.troubles();
    assert!(told[0].starts_with("the aggregator stands") && told[0].contains("retention.ms is 1"), "{told:?}");
    assert_eq!(gauge(), 1);
    wrong.store(false, Ordering::Relaxed);
    until(|| standing.troubles().is_empty()).await;
    assert_eq!(gauge(), 0);
    supervisor.stop().await;
}

#[tokio::test]
async fn a_configuration_that_does_not_fit_the_servers_ends_a_process_at_its_start_alone() {
    let stop = CancellationToken::new();
    let error = standing(LONG).keep("aggregator", &stop, |_| async { Err(foreign()) }).await.unwrap_err();
    assert!(error.is::<Misconfigured>() && format!("{error:#}").contains("belongs to log"), "{error:#}");
    let standing = standing(Duration::ZERO);
    let later = standing.keep("aggregator", &stop, |_| async { Err(foreign()) });
    assert!(timeout(SHORT * 10, later).await.is_err());
    assert!(standing.troubles()[0].contains("belongs to log"));
}

#[tokio::test]
async fn a_configuration_that_does_not_fit_the_servers_ends_no_process_with_a_role_that_works() {
    for roles in ["gateway,shipper,aggregator", "shipper,aggregator,console", "shipper,aggregator"] {
        let (standing, stop) = (standing_of(roles, LONG * 30), CancellationToken::new());
        let one = standing.keep("aggregator", &stop, |_| async { Err(foreign()) });
        assert!(timeout(SHORT * 4, one).await.is_err(), "{roles}");
        assert!(standing.troubles()[0].contains("belongs to log"), "{roles}");
        let other = standing.keep("shipper", &stop, |_| async { Err(foreign()) });
        let ended = timeout(SHORT * 4, other).await;
        assert_eq!(ended.is_ok_and(|kept| kept.is_err()), roles == "shipper,aggregator", "{roles}");
    }
}

#[tokio::test]
async fn a_role_that_stands_stops_when_it_is_told_to() {
    let (standing, stop) = (Standing { times: TIMES, ..standing(LONG) }, CancellationToken::new());
    let kept = standing.keep("shipper", &stop, |_| async { Err(StreamError::Refused("no".into()).into()) });
    let told = async {
        sleep(SHORT).await;
        stop.cancel();
    };
    let (kept, ()) = timeout(LONG * 30, async { tokio::join!(kept, told) }).await.unwrap();
    assert!(kept.is_ok());
}

/// A role that says what it is told to, for as long as this goes on.
async fn while_it_says(standing: &Standing, goes_on: impl AsyncFnOnce(&watch::Sender<Work>)) {
    let (stop, says) = (CancellationToken::new(), watch::Sender::new(waits(SILENT)));
    let told = says.subscribe();
    let run = |work: watch::Sender<Work>| {
        let mut told = told.clone();
        async move {
            loop {
                work.send_replace(told.borrow_and_update().clone());
                told.changed().await?;
            }
        }
    };
    tokio::select! {
        _ = standing.keep("shipper", &stop, run) => panic!("ended"),
        () = goes_on(&says) => {}
    }
}

fn waits(why: &str) -> Work {
    Work::Waits(why.to_owned())
}

/// Waits until it stands for this reason; without one, until it does not stand.
async fn until_it_stands(standing: &Standing, why: Option<&str>) {
    let sentence = |why| format!("the shipper stands, and tries again by itself: {why}");
    until(|| standing.troubles() == why.map(sentence).into_iter().collect::<Vec<_>>()).await;
    assert_eq!(standing.stands.get_or_create(&RoleLabel { role: "shipper" }).get(), i64::from(why.is_some()));
}

#[tokio::test]
async fn a_role_that_waits_for_long_stands_until_it_works_whether_it_says_why_or_not() {
    let standing = standing(LONG);
    while_it_says(&standing, async |says| {
        until_it_stands(&standing, Some(SILENT)).await;
        says.send_replace(waits("authentication failed"));
        until_it_stands(&standing, Some("authentication failed")).await;
        says.send_replace(Work::Goes);
        until_it_stands(&standing, None).await;
        // Later as at the start; a moment is no reason.
        let begun = Instant::now();
        says.send_replace(waits("no leader"));
        until_it_stands(&standing, Some("no leader")).await;
        assert!(begun.elapsed() >= standing.times.patience);
    })
    .await;
}

#[tokio::test]
async fn a_role_that_fails_again_as_soon_as_it_works_stands_all_the_while() {
    let standing = standing(LONG);
    let standing = Standing { times: Times { steady: LONG * 30, ..standing.times }, ..standing };
    while_it_says(&standing, async |says| {
        let turns = async {
            loop {
                says.send_replace(waits("the store is another log's"));
                sleep(SHORT / 5).await;
                says.send_replace(Work::Goes);
                sleep(SHORT / 5).await;
            }
        };
        let looks = async {
            until_it_stands(&standing, Some("the store is another log's")).await;
            for _ in 0..20 {
                sleep(SHORT / 3).await;
                until_it_stands(&standing, Some("the store is another log's")).await;
            }
        };
        tokio::select! {
            () = turns => {}
            () = looks => {}
        }
    })
    .await;
}

#[tokio::test]
async fn a_reason_is_bounded() {
    let standing = Standing::new(TIMES, Company::of(&Roles::default()));
    standing.stands("shipper", &"\u{17e}".repeat(5_000));
    assert!(standing.troubles()[0].chars().count() < REASON_CHARS + 100);
}
