//! The page as a browser follows it.

use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::Result;
use http_body_util::BodyExt;
use hyper::Method;
use tokio::sync::watch;

use crate::admin::Admin;

/// Reads the page's events as a browser does, and tells the count of a key.
pub async fn watch(admin: SocketAddr, certs: PathBuf, key: &str, told: watch::Sender<u64>) -> Result<()> {
    let mut admin = Admin::connect(admin, &certs).await?;
    let mut response = admin.ask(Method::GET, &format!("/api/v1/events?key={key}"), "").await?;
    let mut text = String::new();
    while let Some(frame) = response.body_mut().frame().await {
        let Ok(data) = frame?.into_data() else { continue };
        text.push_str(&String::from_utf8_lossy(&data));
        while let Some((event, rest)) = text.split_once("\n\n") {
            let data = event.lines().find_map(|line| line.strip_prefix("data: "));
            let message: serde_json::Value = data.and_then(|data| serde_json::from_str(data).ok()).unwrap_or_default();
            let count = message["found"].as_array().and_then(|found| found.first()?["count"].as_u64());
            if let Some(count) = count {
                told.send_replace(count);
            }
            text = rest.to_owned();
        }
    }
    Ok(())
}
