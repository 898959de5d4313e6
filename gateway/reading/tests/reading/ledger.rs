//! A day's totals, top keys, and one key, all generations added up.

use tallygate_reading::ledger::{Order, Reader, Top};

use crate::store::{DAY, Store};

#[tokio::test]
async fn the_rows_of_all_log_partitions_add_up() {
    let reader = Reader::new(std::sync::Arc::new(Store::filled()));
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
