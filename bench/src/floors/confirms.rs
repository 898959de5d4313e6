//! The floor of publishing: lapin alone.

use anyhow::Result;
use futures::stream::{FuturesUnordered, StreamExt};
use lapin::BasicProperties;
use lapin::options::{BasicPublishOptions, ConfirmSelectOptions};

use super::queue::channel;
use crate::measure::Cost;
use crate::publish::{IN_FLIGHT, measured};

/// Raw lapin: 2 KB messages confirmed by a quorum queue, so many under way at one time.
pub async fn confirms(url: &str) -> Result<Cost> {
    let channel = channel(url, "bench-raw").await?;
    channel.confirm_select(ConfirmSelectOptions::default()).await?;
    let body = vec![b'x'; 2048];
    measured(async |messages| {
        let mut under_way = FuturesUnordered::new();
        for _ in 0..messages {
            if under_way.len() >= IN_FLIGHT {
                under_way.next().await.transpose()?;
            }
            let properties = BasicProperties::default().with_delivery_mode(2);
            let options = BasicPublishOptions { mandatory: true, ..BasicPublishOptions::default() };
            under_way.push(channel.basic_publish("".into(), "bench-raw".into(), options, &body, properties).await?);
        }
        while let Some(done) = under_way.next().await {
            done?;
        }
        Ok(())
    })
    .await
}
