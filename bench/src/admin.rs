//! The administration's API over one connection.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{Method, Request, Response, body::Incoming};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::client::{Http, Sender, tls};

/// A connection of the operator's.
pub struct Admin {
    sender: Sender,
    token: String,
}

impl Admin {
    pub async fn connect(admin: SocketAddr, certs: &Path) -> Result<Self> {
        let stream = TlsConnector::from(Arc::new(tls(certs, Http::One)?))
            .connect(ServerName::try_from("localhost")?, TcpStream::connect(admin).await?)
            .await?;
        let sender = Sender::over(TokioIo::new(stream), Http::One).await?;
        Ok(Self { sender, token: std::fs::read_to_string(certs.join("operator.token"))? })
    }

    /// Asks, and returns a response that says yes.
    pub async fn ask(&mut self, method: Method, path: &str, body: impl Into<Bytes>) -> Result<Response<Incoming>> {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", "localhost")
            .header("authorization", format!("Bearer {}", self.token))
            .body(Full::new(body.into()))?;
        let response = self.sender.send(request).await?;
        ensure!(response.status().is_success(), "{path} is refused with {}", response.status());
        Ok(response)
    }

    /// Asks for something to be done with a policy, and returns what the answer says under this key.
    pub async fn policy(&mut self, path: &str, body: impl Into<Bytes>, key: &str) -> Result<String> {
        let answer = self.ask(Method::POST, &format!("/api/v1/policies/{path}"), body).await?;
        let said: Value = serde_json::from_slice(&answer.into_body().collect().await?.to_bytes())?;
        Ok(said[key].as_str().with_context(|| format!("no {key} in {said}"))?.to_owned())
    }
}
