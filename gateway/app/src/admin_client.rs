//! The command line's way to the administration of a running gateway: HTTPS with a token.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use http::{Method, Request, Uri, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;
use tallygate_tls::TlsFiles;

use crate::arguments::AdminWay;
use crate::config::{AdminOptions, Config};

/// A component is compiled before the gateway answers.
const TIME: Duration = Duration::from_secs(120);
const ANSWER_BYTES: usize = 16 << 20;

/// A gateway's administration.
pub(crate) struct AdminClient {
    base: String,
    token: String,
    tls: Arc<rustls::ClientConfig>,
}

impl AdminClient {
    /// Takes address, token and authority from the arguments, then from the configuration.
    ///
    /// # Errors
    /// What is missing, and where it would be looked for.
    pub(crate) fn new(arguments: &AdminWay, file: &Path) -> Result<Self> {
        let needs_file = arguments.admin.is_none() || arguments.token.is_none() || arguments.ca.is_none();
        let configured = if needs_file && file.exists() { configured(file)? } else { None };
        let configured = configured.as_ref();
        let missing = |what: &str, key: &str, ways: &str| match file.exists() {
            true => format!("no {what}: give {ways}, or admin.{key} in {}", file.display()),
            false => format!("{}, or give --admin, --token and --ca", no_file(file)),
        };
        let base = match (&arguments.admin, configured) {
            (Some(base), _) => base.trim_end_matches('/').to_owned(),
            (None, Some(admin)) => format!("https://{}", admin.address),
            (None, None) => {
                bail!("{}", missing("address of the administration", "address", "--admin, TALLYGATE_ADMIN"))
            }
        };
        let token = arguments.token.clone().or_else(|| configured?.token.clone());
        let Some(token) = token else {
            bail!("{}", missing("token", "token", "--token, TALLYGATE_TOKEN"));
        };
        let ca = arguments.ca.clone().or_else(|| configured.map(|admin| admin.ca.clone()));
        let Some(ca) = ca else {
            bail!("{}", missing("authority", "ca", "--ca, TALLYGATE_CA"));
        };
        // As authorities or, when it is the server's own, as itself.
        let tls = TlsFiles { ca: Some(ca), ..TlsFiles::default() }.client_config()?;
        Ok(Self { base, token, tls: Arc::new(tls) })
    }

    /// Sends one request with a body of this type and returns the JSON it is answered with.
    ///
    /// # Errors
    /// When there is no answer, or a refusal, whose detail is given.
    pub(crate) async fn call(&self, method: Method, path: &str, kind: &str, body: Vec<u8>) -> Result<Value> {
        let uri: Uri =
            format!("{}{path}", self.base).parse().with_context(|| format!("{}{path} is no address", self.base))?;
        let request = Request::builder()
            .method(method)
            .uri(uri)
            .header(header::AUTHORIZATION, format!("Bearer {}", self.token))
            .header(header::CONTENT_TYPE, kind)
            .body(Full::new(Bytes::from(body)))?;
        let connector = hyper_rustls::HttpsConnectorBuilder::new()
            .with_tls_config((*self.tls).clone())
            .https_only()
            .enable_http1()
            .build();
        let client: Client<_, Full<Bytes>> = Client::builder(TokioExecutor::new()).build(connector);
        let answer = tokio::time::timeout(TIME, async {
            let response = client.request(request).await?;
            let status = response.status();
            let body =
                Limited::new(response.into_body(), ANSWER_BYTES).collect().await.map_err(|e| anyhow::anyhow!("{e}"))?;
            anyhow::Ok((status, body.to_bytes()))
        });
        let (status, body) = answer
            .await
            .with_context(|| format!("{} gave no answer within {TIME:?}", self.base))?
            .with_context(|| format!("{} cannot be asked", self.base))?;
        let value: Value = serde_json::from_slice(&body).unwrap_or_default();
        if !status.is_success() {
            let detail = value["detail"].as_str().or_else(|| value["title"].as_str());
            bail!("{} refused with {status}: {}", self.base, detail.unwrap_or("without a word"));
        }
        Ok(value)
    }
}

/// That a gateway's file is not there, and how another one is named.
fn no_file(file: &Path) -> String {
    let place = match file.parent() {
        Some(parent) if parent.as_os_str().is_empty() => format!("no ./{} here", file.display()),
        _ => format!("no {}", file.display()),
    };
    format!("there is {place}: name the gateway's file with -c FILE or TALLYGATE_CONFIG")
}

fn configured(file: &Path) -> Result<Option<AdminOptions>> {
    match Config::load(file) {
        Ok(config) => Ok(config.admin),
        Err(problems) => {
            let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
            bail!("{}", lines.join("\n"))
        }
    }
}
