//! A day's sums through the API.

use tallygate_core::PartitionBy;
use tallygate_core::notice::PartitionNotice;
use tallygate_sums::Notices;

use crate::site::Site;
use crate::store::{SPREADS, Store};

#[tokio::test]
async fn the_api_says_the_same_as_json() {
    for spread in SPREADS {
        says_the_same_as_json(spread).await;
    }
}

async fn says_the_same_as_json(spread: PartitionBy) {
    let site = Site::with(std::sync::Arc::new(Store::filled(spread)), None).await;
    let day = site.get("/api/v1/sums?day=2026-11-22&currency=EUR&order=sum&top=1").await.json();
    assert_eq!(day["totals"][0]["sum"], "11.749999999");
    assert_eq!(day["top"].as_array().unwrap().len(), 1);
    assert_eq!((&day["top"][0]["key"], &day["top"][0]["count"]), (&"HR1".into(), &3.into()));
    let key = site.get("/api/v1/sums?day=2026-11-22&key=HR2").await.json();
    assert_eq!(key["sums"][0]["sum"], "1.25");
    assert_eq!((&day["warnings"], &key["warnings"]), (&serde_json::json!([]), &serde_json::json!([])));
    let repairing = PartitionNotice { partition: 1, repairing: true, ..PartitionNotice::default() };
    site.store.tell(&repairing.notice(1)).await.unwrap();
    for path in ["sums?day=2026-11-22", "sums?day=2026-11-22&key=HR2", "status"] {
        let warned = site.get(&format!("/api/v1/{path}")).await.json();
        assert_eq!(warned["warnings"], serde_json::json!(repairing.warnings()), "{path}");
    }
    site.store.away.store(true, std::sync::atomic::Ordering::SeqCst);
    let away = site.get("/api/v1/sums?day=2026-11-22").await;
    assert_eq!((away.status.as_u16(), away.headers["retry-after"].to_str().unwrap()), (503, "2"));
}

#[tokio::test]
async fn a_store_that_was_never_written_is_said_to_be_empty() {
    let site = Site::with(std::sync::Arc::new(Store::emptied()), None).await;
    for path in ["sums", "sums?key=HR2", "status"] {
        let warnings = site.get(&format!("/api/v1/{path}")).await.json()["warnings"].clone();
        assert!(
            warnings[0].as_str().unwrap().starts_with("nothing was ever written to this store"),
            "{path}: {warnings}"
        );
    }
}
