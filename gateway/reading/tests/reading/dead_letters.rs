//! The dead letters, listed and shown.

use std::collections::BTreeSet;

use tallygate_reading::dead_letters::{Filter, Firsts, Pile, Position, each, list, pick, show};
use tallygate_stream::Topic;

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

#[tokio::test]
async fn those_that_pass_the_filter_are_taken_out_whole_and_found_again_by_their_places() {
    let log = Log::default();
    filled(&log);
    let mut taken = Vec::new();
    let filter = Filter { partner: Some("shop-1".into()), ..Filter::default() };
    each(&log, &filter, |original| taken.push(original)).await.unwrap();
    let places: BTreeSet<Position> = taken.iter().map(|original| original.letter.at).collect();
    assert_eq!(places, BTreeSet::from([Position { partition: 0, offset: 0 }, Position { partition: 1, offset: 1 }]));
    assert!(taken[0].to_line().contains(r#""transaction":{"id":"a","day":"2026-11-22""#), "{}", taken[0].to_line());
    let with_others = places.iter().copied().chain(["0/99", "7/0"].map(|place| place.parse().unwrap())).collect();
    let picked = pick(&log, &with_others).await.unwrap();
    assert_eq!(picked.into_values().collect::<Vec<_>>(), taken);
    assert!(pick(&log, &BTreeSet::new()).await.unwrap().is_empty());
}

#[tokio::test]
async fn their_number_and_the_oldest_are_known_without_reading_all() {
    let log = Log::default();
    let mut firsts = Firsts::default();
    assert_eq!(firsts.look(&log).await.unwrap(), Pile::default());
    filled(&log);
    let pile = Pile { number: 4, oldest: Some(1_795_375_181_500) };
    assert_eq!(firsts.look(&log).await.unwrap(), pile);
    log.put(Topic::DeadLetters, 0, &[], "another");
    assert_eq!(firsts.look(&log).await.unwrap(), Pile { number: 5, ..pile });
    log.set_away(true);
    assert!(firsts.look(&log).await.is_err());
}
