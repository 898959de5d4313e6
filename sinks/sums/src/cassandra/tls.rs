//! TLS to Cassandra: whom we trust, and who we are.

use std::path::Path;
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::crypto::aws_lc_rs;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use super::bad_option::BadOption;
use super::options::CassandraTls;

pub(super) type Config = Arc<ClientConfig>;

/// Reads the files.
pub(super) fn config(tls: &CassandraTls) -> Result<Config, BadOption> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let roots = Arc::new(match &tls.ca {
        Some(file) => authority(file)?,
        None => system_authorities()?,
    });
    let verifier = WebPkiServerVerifier::builder_with_provider(roots, Arc::clone(&provider))
        .build()
        .map_err(|e| bad(e.to_string()))?;
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|e| bad(e.to_string()))?
        .with_webpki_verifier(verifier);
    let config = match &tls.identity {
        None => builder.with_no_client_auth(),
        Some((certificate, key)) => {
            let chain = certificates(certificate)?;
            let private = PrivateKeyDer::from_pem_file(key).map_err(|e| unusable(key, e))?;
            builder.with_client_auth_cert(chain, private).map_err(|e| unusable(certificate, e))?
        }
    };
    Ok(Arc::new(config))
}

fn authority(file: &Path) -> Result<RootCertStore, BadOption> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(file)? {
        roots.add(certificate).map_err(|e| unusable(file, e))?;
    }
    Ok(roots)
}

fn system_authorities() -> Result<RootCertStore, BadOption> {
    let mut roots = RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    roots.add_parsable_certificates(found.certs);
    if roots.is_empty() {
        return Err(bad("the system has no certificate authorities; name one as ca".to_owned()));
    }
    Ok(roots)
}

fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, BadOption> {
    let chain = CertificateDer::pem_file_iter(file)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|e| unusable(file, e))?;
    if chain.is_empty() {
        return Err(unusable(file, "it holds no certificate"));
    }
    Ok(chain)
}

fn unusable(file: &Path, why: impl std::fmt::Display) -> BadOption {
    bad(format!("{}: {why}", file.display()))
}

fn bad(problem: String) -> BadOption {
    BadOption { option: "tls".to_owned(), problem }
}
