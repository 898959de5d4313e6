//! The dead letters, listed and shown.

use tallygate_reading::dead_letters::{Filter, list, show};

use crate::letters::filled;
use crate::log::Log;

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
