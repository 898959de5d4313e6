//! A day's sums through the API.

use crate::site::Site;
use crate::store::Store;

#[tokio::test]
async fn the_api_says_the_same_as_json() {
    let site = Site::with(std::sync::Arc::new(Store::filled()), None).await;
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
