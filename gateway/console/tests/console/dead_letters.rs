//! The dead letters, listed and shown.

use tallygate_console::dead_letters::{Filter, list, show};
use tallygate_stream::Topic;

use crate::log::Log;
use crate::site::Site;

fn put(log: &Log, partition: u32, origin: &str, partner: &str, day: &str, reason: &str) {
    let value =
        format!(r#"{{"id":"a","day":"{day}","key":"HR1","amount":"1.00","currency":"EUR","partner":"{partner}"}}"#);
    let headers = [("tallygate-number", "n"), ("tallygate-reason", reason), ("tallygate-origin", origin)];
    log.put(Topic::DeadLetters, partition, &headers, &value);
}

fn filled(log: &Log) {
    put(log, 0, "0/7", "shop-1", "2026-11-22", "conflict: a transaction of this identity is known");
    put(log, 1, "1/0", "shop-2", "2026-11-22", "conflict: a transaction of this identity is known");
    log.put(
        Topic::DeadLetters,
        0,
        &[("tallygate-reason", "unreadable: value"), ("tallygate-origin", "0/8")],
        "\u{1b}[2J no json",
    );
    put(log, 1, "1/4", "shop-1", "1999-01-01", "outside the horizon: its day is not within");
}

#[tokio::test]
async fn the_newest_that_pass_the_filter_are_listed_newest_last() {
    let log = Log::default();
    filled(&log);
    let all = list(&log, &Filter::default()).await.unwrap();
    assert_eq!((all.dead_letters.len(), all.matching, all.all), (4, 4, 4));
    let two = list(&log, &Filter { most: 2, ..Filter::default() }).await.unwrap();
    let origins: Vec<_> = two.dead_letters.iter().map(|letter| letter.origin.clone().unwrap()).collect();
    assert_eq!(origins, ["0/8", "1/4"]);
    let filter = Filter {
        day: "2026-11-22".parse().ok(),
        partner: Some("shop-1".into()),
        reason: Some("CONFLICT".into()),
        ..Filter::default()
    };
    let some = list(&log, &filter).await.unwrap();
    assert_eq!((some.dead_letters.len(), some.all), (1, 4));
    assert!(some.to_text().ends_with("1 listed, 1 match, 4 in all\n"), "{}", some.to_text());
}

#[tokio::test]
async fn one_is_shown_whole_by_its_place_in_the_log_or_its_own() {
    let log = Log::default();
    filled(&log);
    let by_origin = show(&log, "0/8".parse().unwrap()).await.unwrap().unwrap();
    assert!(by_origin.to_text().ends_with("\\u{1b}[2J no json\n"), "no terminal acts on it");
    let by_place = show(&log, "1/1".parse().unwrap()).await.unwrap().unwrap();
    assert_eq!(by_place.letter.origin.as_deref(), Some("1/4"));
    assert_eq!(by_place.headers.len(), 3);
    assert!(show(&log, "5/5".parse().unwrap()).await.unwrap().is_none());
}

#[tokio::test]
async fn the_api_lists_and_shows_them() {
    let site = Site::start().await;
    assert_eq!(site.get("/api/v1/dead-letters").await.json()["all"], 0);
    filled(&site.log);
    let listing = site.get("/api/v1/dead-letters?reason=unreadable").await.json();
    assert_eq!(listing["dead_letters"][0]["origin"], "0/8");
    assert_eq!(site.get("/api/v1/dead-letters/1/4").await.json()["day"], "1999-01-01");
    assert_eq!(site.get("/api/v1/dead-letters/9/9").await.status, 404);
}
