//! A day's totals, top keys, and one key, all generations added up, and what to know of them.

use std::sync::Arc;

use serde_json::Value;
use tallygate_core::PartitionBy;
use tallygate_core::notice::{PartitionNotice, RoleNotice, ShipperNotice};
use tallygate_reading::ledger::{Order, Reader, Top};
use tallygate_reading::limits::{WARNING_CHARS, WARNINGS};
use tallygate_sums::Notices;

use crate::store::{DAY, SPREADS, Store};

const TOP: Top = Top { most: 2, currency: None, order: Order::Count };

#[tokio::test]
async fn the_rows_of_all_log_partitions_add_up() {
    for spread in SPREADS {
        let reader = Reader::new(Arc::new(Store::filled(spread)));
        let day = reader.day(DAY.parse().unwrap(), TOP).await.unwrap();
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
}

#[tokio::test]
async fn what_the_partitions_tell_stands_above_the_sums() {
    let store = Arc::new(Store::filled(PartitionBy::Key));
    let reader = Reader::new(store.clone());
    let day = DAY.parse().unwrap();
    let none = async || {
        let (day, key) = (reader.day(day, TOP).await.unwrap(), reader.key(day, "HR1").await.unwrap());
        assert!(day.to_text().starts_with(DAY) && key.to_text().starts_with(DAY));
        for json in [day.to_json(), key.to_json()] {
            assert_eq!(json_of(&json)["warnings"], serde_json::json!([]), "{json}");
        }
    };
    none().await;
    let tell = async |notice: PartitionNotice| store.tell(&notice.notice(1)).await.unwrap();
    tell(PartitionNotice { partition: 10, repairing: true, ..PartitionNotice::default() }).await;
    let stands = Some("the log\u{1b}[2J begins anew".to_owned());
    tell(PartitionNotice { partition: 2, stands, ..PartitionNotice::default() }).await;

    let told = "warning: log partition 2 stands, its sums are not up to date: the log\\u{1b}[2J begins anew\n\
                warning: log partition 10: rows that the store lost are being written again\n\n2026-11-22";
    for key in ["HR1", "HR9"] {
        let key = reader.key(day, key).await.unwrap();
        assert!(key.to_text().starts_with(told), "{}", key.to_text());
        assert_eq!(key.warnings, reader.warnings().await.unwrap());
    }
    for day in [day, "2026-11-21".parse().unwrap()] {
        let day = reader.day(day, TOP).await.unwrap();
        assert_eq!(day.to_text().split_once("2026").unwrap().0, told.split_once("2026").unwrap().0);
        let warnings = json_of(&day.to_json())["warnings"].clone();
        assert_eq!(warnings.as_array().unwrap().len(), 2, "{warnings}");
    }
    tell(PartitionNotice { partition: 10, ..PartitionNotice::default() }).await;
    tell(PartitionNotice { partition: 2, ..PartitionNotice::default() }).await;
    none().await;
}

#[tokio::test]
async fn a_store_without_a_generation_is_said_to_be_empty() {
    let reader = Reader::new(Arc::new(Store::emptied()));
    let day = reader.day(DAY.parse().unwrap(), TOP).await.unwrap().to_text();
    assert!(day.starts_with("warning: nothing was ever written to this store, or it was emptied;"), "{day}");
    assert!(day.ends_with("2026-11-22: no transactions\n"), "{day}");
}

#[tokio::test]
async fn warnings_are_bounded_in_number_and_length() {
    let store = Arc::new(Store::filled(PartitionBy::Key));
    for partition in 0..40 {
        let stands = Some("ž".repeat(5_000));
        let notice = PartitionNotice { partition, stands, ..PartitionNotice::default() };
        store.tell(&notice.notice(1)).await.unwrap();
    }
    let warnings = Reader::new(store).warnings().await.unwrap();
    assert_eq!(warnings.len(), WARNINGS + 1);
    assert!(warnings.iter().all(|warning| warning.chars().count() <= WARNING_CHARS + 1));
    assert!(warnings[1].starts_with("log partition 1 stands") && warnings[1].ends_with('…'));
    assert_eq!(warnings[WARNINGS], "20 more warnings about other log partitions");
}

#[tokio::test]
async fn what_keeps_a_shipper_is_a_warning_as_long_as_it_lives() {
    let store = Arc::new(Store::filled(PartitionBy::Key));
    let troubled = ShipperNotice { held: 1, troubles: vec!["it stands".to_owned()] };
    let now = tallygate_reading::clock::now_millis();
    for (name, told) in [("a", now), ("b", now), ("dead", now - 60_000)] {
        store.tell(&troubled.notice(name, told)).await.unwrap();
    }
    let warnings = Reader::new(store.clone()).warnings().await.unwrap();
    assert_eq!(warnings, ["a shipper: it stands"]);
    for name in ["a", "b"] {
        store.tell(&ShipperNotice::default().notice(name, now)).await.unwrap();
    }
    assert_eq!(Reader::new(store).warnings().await.unwrap(), [""; 0]);
}

#[tokio::test]
async fn a_role_that_stands_in_any_process_that_lives_is_a_warning_above_the_sums() {
    let store = Arc::new(Store::filled(PartitionBy::Key));
    let (reader, day) = (Reader::new(store.clone()), DAY.parse().unwrap());
    let now = tallygate_reading::clock::now_millis();
    let stands = |role: &str| RoleNotice { role: role.into(), stands: Some("a password was\u{1b}[2J changed".into()) };
    for (role, process, told) in
        [("shipper", "a", now), ("shipper", "b", now), ("aggregator", "a", now), ("gateway", "dead", now - 60_000)]
    {
        store.tell(&stands(role).notice(process, told)).await.unwrap();
    }
    let told = ["aggregator", "shipper"].map(|role| stands(role).warning().unwrap());
    let (totals, key) = (reader.day(day, TOP).await.unwrap(), reader.key(day, "HR1").await.unwrap());
    assert_eq!((&totals.warnings[..], &key.warnings[..]), (&told[..], &told[..]));
    assert_eq!(json_of(&totals.to_json())["warnings"], serde_json::json!(told));
    let text = "warning: the aggregator stands, and tries again by itself: a password was\\u{1b}[2J changed\n";
    assert!(totals.to_text().starts_with(text) && key.to_text().starts_with(text), "{}", totals.to_text());
    for (role, process) in [("shipper", "a"), ("shipper", "b"), ("aggregator", "a")] {
        store.tell(&RoleNotice { role: role.into(), stands: None }.notice(process, now)).await.unwrap();
    }
    assert_eq!(reader.warnings().await.unwrap(), [""; 0]);
}

fn json_of(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}
