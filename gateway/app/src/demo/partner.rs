//! A partner's side of the line: HTTPS with a client certificate.

use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tallygate_tls::TlsFiles;

/// How long an answer may take, unless said otherwise.
const TIME: Duration = Duration::from_secs(20);

/// A partner with its certificate and connections.
#[derive(Clone)]
pub struct Partner {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    base: String,
    time: Duration,
}

/// What a partner is answered.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The header fields.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

/// No answer came: whether the message was taken is unknown.
#[derive(Debug, thiserror::Error)]
#[error("no answer: {0}")]
pub struct PartnerError(String);

impl Partner {
    /// A partner with the certificate of this name in a folder that [`crate::certs::make`] filled, or without any.
    ///
    /// # Errors
    /// When a certificate or key cannot be read.
    pub fn new(certs: &Path, certificate: Option<&str>, base: String) -> Result<Self> {
        let own = |extension| certificate.map(|name| certs.join(format!("{name}.{extension}")));
        let tls = TlsFiles { ca: Some(certs.join("server-ca.pem")), certificate: own("pem"), key: own("key") };
        let tls = tls.client_config()?;
        let connector =
            hyper_rustls::HttpsConnectorBuilder::new().with_tls_config(tls).https_only().enable_http1().build();
        let client = Client::builder(TokioExecutor::new()).pool_timer(TokioTimer::new()).build(connector);
        Ok(Self { client, base, time: TIME })
    }

    /// The partner, waiting so long for an answer.
    #[must_use]
    pub fn waiting(self, time: Duration) -> Self {
        Self { time, ..self }
    }

    /// Sends one message and waits for its answer.
    ///
    /// # Errors
    /// When none came in time.
    pub async fn post(&self, path: &str, content_type: &str, body: Bytes) -> Result<Answer, PartnerError> {
        let say = |error: &dyn std::fmt::Display| PartnerError(error.to_string());
        let request = Request::post(format!("{}{path}", self.base))
            .header(header::CONTENT_TYPE, content_type)
            .body(Full::new(body))
            .map_err(|e| say(&e))?;
        let answer = tokio::time::timeout(self.time, async {
            let response = self.client.request(request).await.map_err(|e| say(&e))?;
            let (parts, body) = response.into_parts();
            let body = body.collect().await.map_err(|e| say(&e))?.to_bytes();
            Ok(Answer { status: parts.status, headers: parts.headers, body })
        });
        answer.await.map_err(|_| PartnerError(format!("none within {:?}", self.time)))?
    }
}
