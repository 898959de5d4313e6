//! The page as a browser follows it.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Result, ensure};
use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper::Request;
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio_rustls::TlsConnector;

use crate::client::{Http, tls};

/// Reads the page's events as a browser does, and tells the count of a key.
pub async fn watch(admin: SocketAddr, certs: PathBuf, key: &str, told: watch::Sender<u64>) -> Result<()> {
    let tls = tls(&certs, Http::One)?;
    let stream = TlsConnector::from(Arc::new(tls))
        .connect(ServerName::try_from("localhost")?, TcpStream::connect(admin).await?)
        .await?;
    let (mut sender, driver) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    let driver = tokio::spawn(driver);
    let token = std::fs::read_to_string(certs.join("operator.token"))?;
    let request = Request::get(format!("/api/v1/events?key={key}"))
        .header("host", "localhost")
        .header("authorization", format!("Bearer {token}"))
        .body(Empty::<Bytes>::new())?;
    let mut response = sender.send_request(request).await?;
    ensure!(response.status().is_success(), "the page's events are refused with {}", response.status());
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
    driver.abort();
    Ok(())
}
