//! What an acknowledgement means: durable, numbered, journalled, and not sent a moment earlier.

use std::time::{Duration, Instant};

use http::Method;
use http_body_util::Full;
use tallygate_core::envelope;
use tallygate_front::journal;

use crate::play::Mood;
use crate::site::{Site, line};

#[tokio::test]
async fn rule_2_the_reply_leaves_only_after_the_confirm() {
    let site = Site::plain();
    let queue = site.queue.clone();
    queue.feel(Mood::Waits);
    let served = site.serve();
    let caller = served.caller();
    let answer = tokio::spawn(async move { caller.post("/accept", line("1", "1")).await });
    queue.wait_for(1).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(!answer.is_finished());
    queue.released.add_permits(1);
    assert_eq!(answer.await.unwrap().status, 202);
}

#[tokio::test]
async fn rules_4_and_13_messages_are_numbered_without_gaps_and_journalled() {
    let site = Site::plain();
    let queue = site.queue.clone();
    let mut served = site.serve();
    let caller = served.caller();
    let twice = line("1", "0.10") + &line("2", "0.20");
    assert_eq!(caller.post("/accept", twice).await.status, 202);
    assert_eq!(caller.post("/accept", line("3", "wrong")).await.status, 422);
    let request = caller
        .request(Method::POST, "/accept")
        .header("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
    assert_eq!(caller.send(request.body(Full::from(line("4", "5"))).unwrap()).await.status, 202);
    served.ended().await;

    let messages = queue.messages.lock().unwrap().clone();
    let heads: Vec<_> = messages.iter().map(|message| envelope::decode(message).unwrap().head).collect();
    assert_eq!(heads.iter().map(|head| head.number.sequence).collect::<Vec<_>>(), [0, 1]);
    assert_eq!((&*heads[0].partner, &*heads[0].policy), ("till", "accept"));
    assert_eq!(heads[0].version.len(), 64);
    assert!(heads[1].traceparent.starts_with("00-0af7651916cd43dd8448eb211c80319c-"));
    assert!(!heads[1].traceparent.contains("b7ad6b7169203331"));

    let entries: Vec<_> = journal::read(&served.journal).map(Result::unwrap).collect();
    assert_eq!(entries.len(), 2);
    assert_eq!(entries[0].number, heads[0].number);
    assert_eq!(entries[0].partner, "till");
    assert_eq!((entries[0].sums[0].count, entries[0].sums[0].sum.to_string()), (2, "0.30".to_owned()));
}

#[tokio::test]
async fn a_queue_that_is_away_or_silent_is_503_with_retry_after_within_a_bounded_time() {
    let mut site = Site::plain();
    site.options.limits.queue_time = Duration::from_millis(200);
    let queue = site.queue.clone();
    let served = site.serve();
    let caller = served.caller();
    for mood in [Mood::Away, Mood::Hangs] {
        queue.feel(mood);
        let began = Instant::now();
        let answer = caller.post("/accept", line("1", "1")).await;
        assert_eq!((answer.status, &answer.headers["retry-after"]), (503, &"5".parse().unwrap()));
        assert!(!answer.body.contains("secret-host"), "{}", answer.body);
        assert!(began.elapsed() < Duration::from_secs(5));
        let reason = if mood == Mood::Away { "nobody listens on secret-host" } else { "no answer within 200ms" };
        let trouble = served.publishing.trouble().unwrap();
        assert!(trouble.contains(reason), "the operator is told: {trouble}");
        assert!(served.scraped().contains("front_publish_fails 1"));
    }
    queue.feel(Mood::Confirms);
    assert_eq!(caller.post("/accept", line("1", "1")).await.status, 202);
    assert_eq!(journal::read(&served.journal).count(), 1);
    assert!(served.scraped().contains("front_publish_errors_total 2"));
    assert_eq!(served.publishing.trouble(), None);
    assert!(served.scraped().contains("front_publish_fails 0"));
}

#[tokio::test]
async fn rule_3_a_day_outside_the_horizon_is_refused_before_the_acknowledgement() {
    let site = Site::plain();
    let queue = site.queue.clone();
    let served = site.serve();
    let caller = served.caller();
    let on = |days: i64| {
        let time = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(days * 24);
        format!("1 {time} 1\n")
    };
    for days in [-8, 8] {
        assert_eq!(caller.post("/accept", on(days)).await.status, 202, "{days}");
    }
    for days in [-9, 9] {
        let refused = caller.post("/accept", on(days)).await;
        assert_eq!(refused.status, 422, "{days}");
        assert!(refused.body.contains(r#""field":"transactions/0/day""#), "{}", refused.body);
    }
    assert_eq!(queue.count(), 2);
}

#[tokio::test]
async fn rule_1_a_batch_that_repeats_an_id_is_refused_whole_and_an_empty_one_queues_nothing() {
    let site = Site::plain();
    let queue = site.queue.clone();
    let served = site.serve();
    let caller = served.caller();
    let refused = caller.post("/accept", line("1", "1") + &line("1", "1")).await;
    assert_eq!(refused.status, 422);
    assert!(refused.body.contains(r#""field":"transactions/1/id""#));
    assert_eq!(caller.post("/accept", "").await.status, 202);
    assert_eq!(queue.count(), 0);
    assert_eq!(journal::read(&served.journal).count(), 0);
}

#[tokio::test]
async fn rule_13_a_journal_that_is_removed_while_nothing_comes_is_begun_anew_with_all_its_lines() {
    let mut served = Site::plain().serve();
    assert_eq!(served.caller().post("/accept", line("1", "1")).await.status, 202);
    std::fs::remove_dir_all(&served.journal).unwrap();
    let began = Instant::now();
    while journal::read(&served.journal).count() == 0 {
        assert!(began.elapsed() < Duration::from_secs(20), "nobody noticed");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    std::fs::remove_dir_all(&served.journal).unwrap();
    served.ended().await;
    assert_eq!(journal::read(&served.journal).map(Result::unwrap).count(), 1, "also when it ends at once");
}

#[tokio::test]
async fn a_journal_that_is_full_is_503_before_anything_is_queued() {
    let mut site = Site::plain();
    site.options.limits.journal_bytes = 100;
    let queue = site.queue.clone();
    let served = site.serve();
    let answer = served.caller().post("/accept", line("1", "1")).await;
    assert_eq!(answer.status, 503);
    assert!(answer.body.contains("urn:tallygate:problem:journal-full"), "{}", answer.body);
    assert!(answer.headers.contains_key("retry-after"));
    assert_eq!(queue.messages.lock().unwrap().len(), 0);
}
