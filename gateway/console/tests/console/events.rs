//! The live page's feed: follows first, loads second, and never shows an older state over a newer one.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use http::Method;
use serde_json::Value;
use tallygate_core::{Aggregate, PartitionBy, Row};
use tokio::time::sleep;

use crate::site::Site;
use crate::store::{SPREADS, Store, daily, row};

const DAY_QUERY: &str = "day=2026-11-22";

fn counted(offset: u64, count: u64, sum: &str) -> Row {
    row(Aggregate::Counted, "shop-1", "EUR", 0, offset, count, sum)
}

fn total(message: &Value) -> Option<&str> {
    message["totals"][0]["sum"].as_str()
}

fn loaded(message: &Value) -> bool {
    message["state"]["loaded"] == true
}

/// The store first, then the topic, as the aggregator flushes.
fn flush(site: &Site, row: Row) {
    site.store.put(row.clone());
    site.log.put_row(&row);
}

#[tokio::test]
async fn rule_14_a_change_during_the_load_is_neither_lost_nor_undone() {
    for spread in SPREADS {
        changed_during_the_load(spread).await;
    }
}

async fn changed_during_the_load(spread: PartitionBy) {
    let store = Arc::new(Store::spread_by(spread));
    store.put(counted(5, 1, "10.00"));
    store.put(daily("HR1", "EUR", 0, 5, 1, "10.00"));
    // Spread by id, a key has rows in the other partition too, whose offsets have nothing to do with these.
    if spread == PartitionBy::Id {
        store.put(daily("HR1", "EUR", 1, 700, 1, "0.50"));
    }
    store.slow.send_replace(true);
    let site = Site::with(store.clone(), None).await;
    let mut events = site.events(DAY_QUERY).await;
    let (first, _) = events.until(|m| m["state"]["following"] == true).await;
    assert!(!loaded(&first));
    sleep(Duration::from_millis(100)).await;
    flush(&site, counted(9, 2, "30.00"));
    flush(&site, daily("HR1", "EUR", 0, 9, 2, "30.00"));
    events.until(|m| total(m) == Some("30.00")).await;
    store.slow.send_replace(false);
    let (message, _) = events.until(loaded).await;
    assert_ne!(total(&message), Some("10.00"), "what was read before must not win");
    let state = site.events(DAY_QUERY).await.next().await.unwrap().1;
    let of_key = if spread == PartitionBy::Id { "30.50" } else { "30.00" };
    assert_eq!((total(&state), &state["top"][0]["sum"]), (Some("30.00"), &of_key.into()));
}

#[tokio::test]
async fn changes_come_as_they_happen_and_only_what_changed() {
    let site = Site::start().await;
    let mut events = site.events(DAY_QUERY).await;
    events.until(loaded).await;
    let begun = Instant::now();
    flush(&site, counted(0, 1, "2.50"));
    let (message, _) = events.until(|m| total(m) == Some("2.50")).await;
    assert!(begun.elapsed() < Duration::from_millis(500), "{:?}", begun.elapsed());
    assert!(message["top"].is_null() && message["state"].is_null(), "{message}");
    assert_eq!(message["whole"], false);
}

#[tokio::test]
async fn the_key_that_is_searched_for_follows_too_whatever_its_rank() {
    let site = Site::start().await;
    for n in 0..30 {
        site.store.put(daily(&format!("busy-{n}"), "EUR", 0, n, 100, "1.00"));
    }
    site.store.put(daily("lone one/ž", "EUR", 1, 3, 1, "5.00"));
    let mut events = site.events(&format!("{DAY_QUERY}&top=10&key=lone%20one%2F%C5%BE")).await;
    events.until(|m| m["found"][0]["sum"] == "5.00").await;
    site.events(DAY_QUERY).await.until(loaded).await;
    let message = site.events(&format!("{DAY_QUERY}&top=10")).await.next().await.unwrap().1;
    assert!(message["top"].as_array().unwrap().iter().all(|top| top["key"] != "lone one/ž"));
    flush(&site, daily("lone one/ž", "EUR", 1, 4, 2, "6.00"));
    events.until(|m| m["found"][0]["sum"] == "6.00").await;
}

#[tokio::test]
async fn after_the_stream_was_away_everything_is_loaded_again() {
    let site = Site::start().await;
    flush(&site, counted(0, 1, "1.00"));
    let mut events = site.events(DAY_QUERY).await;
    events.until(loaded).await;
    site.log.set_away(true);
    events.until(|m| m["state"]["following"] == false).await;
    flush(&site, counted(1, 2, "2.00"));
    site.log.set_away(false);
    events.until(|m| total(m) == Some("2.00")).await;
    let state = site.events(DAY_QUERY).await.next().await.unwrap().1;
    assert_eq!((&state["state"]["following"], total(&state)), (&true.into(), Some("2.00")));
}

#[tokio::test]
async fn a_store_that_is_away_is_said_to_be_and_tried_again() {
    let site = Site::start().await;
    site.store.put(counted(0, 1, "1.00"));
    site.store.away.store(true, Ordering::SeqCst);
    let mut events = site.events(DAY_QUERY).await;
    events.until(|m| m["state"]["store"] == false).await;
    site.store.away.store(false, Ordering::SeqCst);
    events.until(|m| total(m) == Some("1.00")).await;
}

#[tokio::test]
async fn a_slow_browser_gets_fewer_states_and_the_last_one() {
    let site = Site::start().await;
    let (mut slow, mut quick) = (site.events(DAY_QUERY).await, site.events(DAY_QUERY).await);
    quick.until(loaded).await;
    for n in 0..3_000_u64 {
        flush(&site, counted(n, n + 1, "1.00"));
        for key in 0..5 {
            flush(&site, daily(&format!("a-key-of-some-length-{key}"), "EUR", 0, n, n + 1, "1.00"));
        }
        if n % 20 == 0 {
            sleep(Duration::from_millis(5)).await;
        }
    }
    let last = |m: &Value| m["totals"][0]["count"] == 3_000;
    let begun = Instant::now();
    let (_, quick_ones) = quick.until(last).await;
    assert!(begun.elapsed() < Duration::from_secs(2));
    let (_, slow_ones) = slow.until(last).await;
    assert!(quick_ones < 600 && slow_ones < 600, "3,000 changes are not 3,000 messages: {quick_ones}, {slow_ones}");
}

#[tokio::test]
async fn a_feed_ends_with_its_session_and_with_the_console() {
    let site = Site::start().await;
    let cookie = site.log_in().await;
    let mut events = site.events_as(DAY_QUERY, ("cookie", &cookie)).await;
    events.until(loaded).await;
    let origin = site.origin();
    site.send(Method::POST, "/api/v1/logout", &[("cookie", &cookie), ("origin", &origin)], "").await;
    flush(&site, counted(0, 1, "1.00"));
    assert_eq!(events.next().await.unwrap().0, "bye");
    assert!(events.next().await.is_none());

    let mut events = site.events(DAY_QUERY).await;
    events.until(loaded).await;
    site.handle.stop();
    let begun = Instant::now();
    while events.next().await.is_some() {}
    site.running.await.unwrap().unwrap();
    assert!(begun.elapsed() < Duration::from_secs(4), "stopping must not wait for pages");
}

#[tokio::test]
async fn the_plot_has_what_counted_since_the_page_was_loaded() {
    let site = Site::start().await;
    site.store.put(counted(0, 100, "100.00"));
    let mut events = site.events(DAY_QUERY).await;
    events.until(loaded).await;
    let mut now = counted(1, 103, "107.50");
    now.updated_at = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis() as i64;
    flush(&site, now);
    let (message, _) = events.until(|m| !m["plot"].is_null()).await;
    assert_eq!(message["plot"][0]["count"], 3);
    assert_eq!(message["plot"][0]["sums"]["EUR"], serde_json::json!([3, "7.50"]));
    let mut text = String::new();
    prometheus_client::encoding::text::encode(&mut text, &site.registry).unwrap();
    assert!(text.contains("console_rows_total 1\n"), "{text}");
    assert!(text.contains("console_browsers 1\n"), "{text}");
}
