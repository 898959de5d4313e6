//! A day's totals, top keys, and one key, all generations added up.

use tallygate_console::ledger::{Order, Reader, Top};

use crate::site::Site;
use crate::store::{DAY, Store, daily};

fn filled() -> Store {
    let store = Store::default();
    store.put(daily("HR1", "EUR", 0, 3, 2, "10.50"));
    store.put(daily("HR1", "EUR", 3, 9, 1, "-0.000000001"));
    store.put(daily("HR1", "USD", 0, 4, 1, "7.00"));
    store.put(daily("HR2", "EUR", 1, 8, 5, "1.25"));
    store
}

#[tokio::test]
async fn the_rows_of_all_log_partitions_add_up() {
    let reader = Reader::new(std::sync::Arc::new(filled()));
    let top = Top { most: 2, currency: None, order: Order::Count };
    let day = reader.day(DAY.parse().unwrap(), top).await.unwrap();
    assert_eq!(
        day.to_text().split_once("\n\n").unwrap().1,
        "CURRENCY           SUM  COUNT  KEYS\n\
         EUR       11.749999999      8     2\n\
         USD               7.00      1     1\n\n\
         KEY  CURRENCY           SUM  COUNT  UPDATED\n\
         HR2  EUR               1.25      5  2026-11-22T19:19:41.500Z\n\
         HR1  EUR       10.499999999      3  2026-11-22T19:19:41.500Z\n"
    );
    let key = reader.key(DAY.parse().unwrap(), "HR1").await.unwrap();
    let sums: Vec<String> = key.sums.iter().map(|s| format!("{} {} {}", s.currency, s.sum, s.count)).collect();
    assert_eq!(sums, ["EUR 10.499999999 3", "USD 7.00 1"]);
    assert_eq!(
        reader.key(DAY.parse().unwrap(), "HR9").await.unwrap().to_text(),
        "2026-11-22: no transactions of HR9\n"
    );
}

#[tokio::test]
async fn the_api_says_the_same_as_json() {
    let site = Site::with(std::sync::Arc::new(filled()), None).await;
    let day = site.get("/api/v1/sums?day=2026-11-22&currency=EUR&order=sum&top=1").await.json();
    assert_eq!(day["totals"][0]["sum"], "11.749999999");
    assert_eq!(day["top"].as_array().unwrap().len(), 1);
    assert_eq!((&day["top"][0]["key"], &day["top"][0]["count"]), (&"HR1".into(), &3.into()));
    let key = site.get("/api/v1/sums?day=2026-11-22&key=HR2").await.json();
    assert_eq!(key["sums"][0]["sum"], "1.25");
    site.store.away.store(true, std::sync::atomic::Ordering::SeqCst);
    let away = site.get("/api/v1/sums?day=2026-11-22").await;
    assert_eq!((away.status.as_u16(), away.headers["retry-after"].to_str().unwrap()), (503, "2"));
}
