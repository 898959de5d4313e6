//! An upstream: its targets, asked in turn; the next one where a connection could not be made.

use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use http::uri::{Authority, PathAndQuery, Scheme};
use http::{Request, Response, StatusCode, Uri, Version};
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::ClientConfig;
use rustls::crypto::aws_lc_rs;

use super::outbound::{Lent, Outbound, Slot};
use super::rewrite::{Onward, request_headers, response_headers};
use crate::limits::{Limits, UPSTREAM_IDLE};
use crate::metrics::{Metrics, UpstreamLabels};
use crate::options::UpstreamOptions;
use crate::problem::Problem;
use crate::tls;

/// Where the system keeps the authorities it trusts.
const SYSTEM_ROOTS: [&str; 3] =
    ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"];

/// Some servers that are asked in turn.
pub(crate) struct Upstream {
    labels: UpstreamLabels,
    targets: Vec<(Scheme, Authority)>,
    turn: AtomicUsize,
    client: Client<HttpsConnector<HttpConnector>, Lent>,
    errors: Metrics,
}

impl Upstream {
    /// The error says what is wrong, and what would be right.
    pub(crate) fn new(options: &UpstreamOptions, limits: &Limits, metrics: &Metrics) -> Result<Self, String> {
        let targets = options.targets.iter().map(target).collect::<Result<Vec<_>, _>>()?;
        if targets.is_empty() {
            return Err("targets: must name at least one, such as http://127.0.0.1:9000".to_owned());
        }
        let secure = targets.iter().any(|(scheme, _)| *scheme == Scheme::HTTPS);
        let roots = match (&options.ca, secure) {
            (Some(pem), _) => tls::roots(pem).map_err(|problem| format!("ca: {problem}"))?,
            (None, true) => system_roots()?,
            (None, false) => rustls::RootCertStore::empty(),
        };
        let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| format!("tls: {error}"))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let mut connector = HttpConnector::new();
        connector.enforce_http(false);
        connector.set_nodelay(true);
        connector.set_connect_timeout(Some(limits.connect_time));
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(config)
            .https_or_http()
            .enable_http1()
            .wrap_connector(connector);
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(limits.idle_time.min(std::time::Duration::from_secs(30)))
            .pool_max_idle_per_host(UPSTREAM_IDLE)
            .build(connector);
        Ok(Self {
            labels: UpstreamLabels { upstream: options.name.as_str().into() },
            targets,
            turn: AtomicUsize::new(0),
            client,
            errors: metrics.clone(),
        })
    }

    /// Sends a request to the target whose turn it is, and to the next one as long as none could be reached.
    pub(crate) async fn ask(
        &self,
        mut onward: Onward<'_>,
        body: Outbound,
        limits: &Limits,
    ) -> Result<Response<Incoming>, Problem> {
        let path = onward
            .target
            .parse::<PathAndQuery>()
            .map_err(|error| Problem::Internal(format!("target of the request: {error}")))?;
        let headers = request_headers(&mut onward);
        let broken = match &body {
            Outbound::Streamed(body) => Some(body.broken()),
            Outbound::Whole(_) => None,
        };
        let broken = || broken.as_ref().and_then(|broken| broken.problem(limits));
        let slot = Slot::new(body);
        let first = self.turn.fetch_add(1, Ordering::Relaxed);
        let mut last = String::new();
        for attempt in 0..self.targets.len() {
            let Some(body) = slot.lend() else { break };
            let (scheme, authority) = &self.targets[(first + attempt) % self.targets.len()];
            let mut request = Request::new(body);
            *request.method_mut() = onward.method.clone();
            *request.version_mut() = Version::HTTP_11;
            *request.headers_mut() = headers.clone();
            *request.uri_mut() = Uri::builder()
                .scheme(scheme.clone())
                .authority(authority.clone())
                .path_and_query(path.clone())
                .build()
                .map_err(|error| Problem::Internal(format!("target of the request: {error}")))?;
            let asked = tokio::time::timeout(limits.upstream_time, self.client.request(request)).await;
            match asked {
                Ok(Ok(response)) => return accepted(response),
                Ok(Err(error)) => {
                    self.count();
                    last = format!("{authority}: {}", chain(&error));
                    if !error.is_connect() {
                        break;
                    }
                }
                Err(_) => {
                    self.count();
                    return Err(broken().unwrap_or(Problem::UpstreamSlow));
                }
            }
        }
        Err(broken().unwrap_or(Problem::UpstreamAway(last)))
    }

    fn count(&self) {
        self.errors.upstream_errors.get_or_create(&self.labels).inc();
    }
}

fn accepted(mut response: Response<Incoming>) -> Result<Response<Incoming>, Problem> {
    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        let detail = "it switched protocols without being asked".to_owned();
        return Err(Problem::UpstreamAway(detail));
    }
    response_headers(response.headers_mut());
    Ok(response)
}

fn target(uri: &Uri) -> Result<(Scheme, Authority), String> {
    let wrong = || format!("targets: {uri} must be http://host:port or https://host:port");
    let scheme = uri.scheme().filter(|scheme| [Scheme::HTTP, Scheme::HTTPS].contains(scheme)).ok_or_else(wrong)?;
    let authority = uri.authority().ok_or_else(wrong)?;
    let bare = uri.path_and_query().is_none_or(|path| path == "/");
    if !bare || authority.as_str().contains('@') {
        return Err(wrong());
    }
    Ok((scheme.clone(), authority.clone()))
}

fn system_roots() -> Result<rustls::RootCertStore, String> {
    let path = SYSTEM_ROOTS
        .iter()
        .find(|path| Path::new(path).exists())
        .ok_or("ca: must name the authorities for https targets, as this system has none")?;
    let pem = std::fs::read(path).map_err(|error| format!("ca: {path}: {error}"))?;
    tls::system_roots(&pem).map_err(|problem| format!("ca: {path}: {problem}"))
}

fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
