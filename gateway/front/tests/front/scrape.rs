//! What a served site counts.

use std::time::Duration;

use crate::site::Served;

impl Served {
    /// Waits until it is so.
    pub(crate) async fn until(&self, holds: impl Fn(&Self) -> bool) {
        let becomes = async {
            while !holds(self) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), becomes).await.unwrap_or_else(|_| panic!("{}", self.scraped()));
    }

    pub(crate) fn in_flight(&self, requests: usize) -> bool {
        self.scraped().contains(&format!("front_requests_in_flight {requests}\n"))
    }

    /// The metrics as they are scraped.
    pub(crate) fn scraped(&self) -> String {
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &self.metrics).unwrap();
        text
    }

    /// A number among the metrics, by its name and labels; 0 where it is not there yet.
    pub(crate) fn counted(&self, line: &str) -> usize {
        let scraped = self.scraped();
        let found = scraped.lines().find_map(|found| found.strip_prefix(line)?.trim().parse().ok());
        found.unwrap_or(0)
    }
}
