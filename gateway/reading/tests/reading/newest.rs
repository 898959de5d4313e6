//! The newest dead letters, held between looks.

use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use tallygate_reading::dead_letters::{Filter, Newest, Position, list, show};
use tallygate_reading::limits::{DEAD_LETTERS_BYTES, DEAD_LETTERS_FRESH, DEAD_LETTERS_TIME};
use tallygate_stream::Topic;
use tokio::time::{Instant, advance};

use crate::letters::filled;
use crate::log::Log;

fn newest() -> (Arc<Log>, Newest) {
    let log = Arc::new(Log::default());
    filled(&log);
    (log.clone(), Newest::new(log, DEAD_LETTERS_BYTES))
}

fn put(log: &Log, origin: &str) {
    log.put(Topic::DeadLetters, 0, &[("tallygate-reason", "late"), ("tallygate-origin", origin)], "{}");
}

#[tokio::test(start_paused = true)]
async fn each_letter_is_read_once_however_often_and_by_however_many_they_are_listed() {
    let (log, newest) = newest();
    let filter = Filter::default();
    let listings = join_all((0..8).map(|_| newest.list(&filter))).await;
    for listing in listings {
        assert_eq!(listing.unwrap(), list(&*Log::refilled(), &filter).await.unwrap());
    }
    assert_eq!(log.given(), 4, "one look read them for all");
    put(&log, "0/9");
    assert_eq!(newest.list(&filter).await.unwrap().all, 4, "they were looked at this very second");
    advance(DEAD_LETTERS_FRESH).await;
    let listing = newest.list(&filter).await.unwrap();
    assert_eq!((listing.all, listing.searched, log.given()), (5, 5, 5));
    assert_eq!(listing.dead_letters.last().unwrap().origin.as_deref(), Some("0/9"));
    let some = Filter { partner: Some("shop-1".into()), reason: Some("CONFLICT".into()), most: 1, ..filter };
    let some = newest.list(&some).await.unwrap();
    assert_eq!((some.matching, some.dead_letters[0].origin.as_deref()), (1, Some("0/7")));
}

#[tokio::test(start_paused = true)]
async fn one_is_shown_by_its_place_without_reading_the_others_again() {
    let (log, newest) = newest();
    for (partition, offset) in [(0, 8), (1, 4), (1, 1), (0, 0), (9, 9), (0, 100)] {
        let position = Position { partition, offset };
        assert_eq!(newest.show(position).await.unwrap(), show(&*Log::refilled(), position).await.unwrap());
    }
    assert!(log.given() <= 4 + 4 * 2, "{}", log.given());
}

#[tokio::test(start_paused = true)]
async fn a_look_ends_in_time_and_what_it_read_stays() {
    let (log, newest) = newest();
    newest.list(&Filter::default()).await.unwrap();
    put(&log, "0/9");
    log.set_hangs(true);
    advance(DEAD_LETTERS_FRESH).await;
    let began = Instant::now();
    let hung = newest.list(&Filter::default()).await.unwrap_err().to_string();
    assert!(hung.contains("not read to their end within 20 s"), "{hung}");
    assert!(began.elapsed() < DEAD_LETTERS_TIME + Duration::from_secs(1));
    log.set_hangs(false);
    assert_eq!(newest.list(&Filter::default()).await.unwrap().all, 5);
    assert_eq!(log.given(), 5, "what was read before was not read again");
}

#[tokio::test(start_paused = true)]
async fn the_oldest_make_room_and_a_listing_says_how_many_were_searched() {
    let log = Arc::new(Log::default());
    for n in 0..200 {
        put(&log, &format!("0/{n}"));
    }
    let newest = Newest::new(log.clone(), 50 * 1024);
    let listing = newest.list(&Filter { most: 1_000, ..Filter::default() }).await.unwrap();
    assert_eq!(listing.all, 200);
    assert!((20..200).contains(&listing.searched) && listing.matching == listing.searched, "{}", listing.searched);
    assert_eq!(listing.dead_letters.last().unwrap().origin.as_deref(), Some("0/199"));
    let old = newest.show(Position { partition: 0, offset: 3 }).await.unwrap().unwrap();
    assert_eq!(old.letter.origin.as_deref(), Some("0/3"), "by its own place it is found all the same");
}
