//! The client that asks an upstream's targets, over TLS where they say https.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client as HyperClient;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::crypto::aws_lc_rs;
use rustls::{CertificateError, ClientConfig, RootCertStore};
use tallygate_tls::{Pem, TlsError, system_authorities};

use super::body::Lent;
use super::connector::Connector;
use crate::limits::{Limits, UPSTREAM_BUFFER_BYTES, UPSTREAM_IDLE};

pub(crate) type Client = HyperClient<Connector<HttpsConnector<HttpConnector>>, Lent>;

/// A client that trusts these authorities.
pub(crate) fn client(roots: RootCertStore, limits: &Limits) -> Result<Client, String> {
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let mut connector = HttpConnector::new();
    connector.enforce_http(false);
    connector.set_nodelay(true);
    connector.set_connect_timeout(Some(limits.connect_time));
    let connector =
        HttpsConnectorBuilder::new().with_tls_config(config).https_or_http().enable_http1().wrap_connector(connector);
    Ok(HyperClient::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(limits.idle_time.min(Duration::from_secs(30)))
        .pool_max_idle_per_host(UPSTREAM_IDLE)
        .http1_max_buf_size(UPSTREAM_BUFFER_BYTES)
        .build(Connector(connector)))
}

/// The authorities that may vouch for the targets.
pub(crate) fn authorities(ca: Option<&[u8]>, secure: bool) -> Result<RootCertStore, TlsError> {
    match ca {
        Some(pem) => Pem::new("ca", pem).authorities(),
        None if secure => system_authorities(),
        None => Ok(RootCertStore::empty()),
    }
}

/// An error with all that lies behind it, and what would be right where the TLS library does not say.
pub(crate) fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let words = of_certificate(cause).map_or_else(|| cause.to_string(), str::to_owned);
        // Some say what lies behind them themselves.
        if !text.ends_with(&words) {
            text.push_str(": ");
            text.push_str(&words);
        }
        source = cause.source();
    }
    text
}

/// What is wrong with a target's certificate, where that needs more words than the library has.
fn of_certificate(error: &(dyn Error + 'static)) -> Option<&'static str> {
    // An I/O error says nothing of its own about what it wraps, which may be one again.
    let mut inner = error;
    while let Some(wrapped) = inner.downcast_ref::<std::io::Error>().and_then(|error| error.get_ref()) {
        inner = wrapped;
    }
    match inner.downcast_ref::<rustls::Error>()? {
        rustls::Error::InvalidCertificate(CertificateError::Other(other)) if is_ca_as_end_entity(other) => Some(
            "the target shows the certificate of an authority (CA:TRUE) as its own, as a self-signed one is by default; \
             one that is none (basicConstraints CA:FALSE), itself or its authority named as `ca`, would be right",
        ),
        rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer) => Some(
            "the target's certificate is signed by none of the authorities trusted here; its authority as `ca` would be \
             right",
        ),
        _ => None,
    }
}

fn is_ca_as_end_entity(other: &rustls::OtherError) -> bool {
    other.to_string().contains("CaUsedAsEndEntity")
}

#[cfg(test)]
mod tests {
    use http::Request;
    use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair};
    use rustls::ServerConfig;
    use rustls_pki_types::PrivateKeyDer;
    use tokio::net::TcpListener;
    use tokio_rustls::TlsAcceptor;

    use super::*;
    use crate::proxy::OutgoingBody;
    use crate::proxy::body::Slot;
    use crate::proxy::waiting::Waiting;

    /// What is told of a target with a self-signed certificate, where it is trusted itself or nobody is.
    async fn told(is_ca: bool, is_trusted: bool) -> String {
        let mut parameters = CertificateParams::new(["localhost".to_owned()]).unwrap();
        if is_ca {
            parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        }
        let key = KeyPair::generate().unwrap();
        let certificate = parameters.self_signed(&key).unwrap();
        let server = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], PrivateKeyDer::try_from(key.serialize_der()).unwrap());
        let acceptor = TlsAcceptor::from(Arc::new(server.unwrap()));
        let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let target = format!("https://localhost:{}/", socket.local_addr().unwrap().port());
        let mut roots = RootCertStore::empty();
        if is_trusted {
            roots.add(certificate.der().clone()).unwrap();
        }
        let client = client(roots, &Limits::default()).unwrap();
        let body = Slot::new(OutgoingBody::Whole(None), Waiting::new()).lend().unwrap();
        let asked = client.request(Request::get(target).body(body).unwrap());
        let served = async { acceptor.accept(socket.accept().await.unwrap().0).await.is_ok() };
        let (asked, _) = tokio::join!(asked, served);
        chain(&asked.unwrap_err())
    }

    #[tokio::test]
    async fn a_certificate_that_will_not_do_is_told_with_what_would_be_right() {
        let own = told(true, true).await;
        assert!(own.contains("basicConstraints CA:FALSE") && !own.contains("OtherError"), "{own}");
        let stranger = told(false, false).await;
        assert!(stranger.contains("its authority as `ca` would be right"), "{stranger}");
    }
}
