//! The TLS of a listener: versions 1.2 and 1.3, client certificates; and the authorities that are trusted.

use std::sync::Arc;

use rustls::RootCertStore;
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::server::WebPkiClientVerifier;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use crate::invalid::InvalidOption;
use crate::options::{ClientAuth, TlsOptions};

impl TlsOptions {
    /// What a server with these options needs.
    ///
    /// # Errors
    /// What cannot be used, by the key below `tls`.
    pub fn server(&self) -> Result<Arc<ServerConfig>, InvalidOption> {
        server(self)
    }
}

/// What rustls needs of a listener's options; the error is by the key below `tls`.
pub(crate) fn server(options: &TlsOptions) -> Result<Arc<ServerConfig>, InvalidOption> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let builder = ServerConfig::builder_with_provider(provider.clone())
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
        .map_err(|error| InvalidOption::new("certificate", error))?;
    let builder = match options.client_auth {
        ClientAuth::None => builder.with_no_client_auth(),
        wanted => {
            let missing = "needs \"client_ca\", the authority that signs the callers' certificates";
            let pem = options.client_ca.as_deref().ok_or_else(|| InvalidOption::new("client_auth", missing))?;
            let roots = Arc::new(roots(pem).map_err(|problem| InvalidOption::new("client_ca", problem))?);
            let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider);
            let verifier = match wanted {
                ClientAuth::Required => verifier,
                _ => verifier.allow_unauthenticated(),
            };
            let verifier = verifier.build().map_err(|error| InvalidOption::new("client_ca", error))?;
            builder.with_client_cert_verifier(verifier)
        }
    };
    let chain = certificates(&options.certificate).map_err(|problem| InvalidOption::new("certificate", problem))?;
    let key = PrivateKeyDer::from_pem_slice(&options.key)
        .map_err(|error| InvalidOption::new("key", format_args!("must be a private key in PEM: {error}")))?;
    let config = builder.with_single_cert(chain, key).map_err(|error| {
        InvalidOption::new("certificate", format_args!("certificate and key do not go together: {error}"))
    })?;
    Ok(Arc::new(config))
}

/// The authorities of a PEM file.
pub(crate) fn roots(pem: &[u8]) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(pem)? {
        roots.add(certificate).map_err(|error| error.to_string())?;
    }
    Ok(roots)
}

/// The authorities of a system's bundle, without those that do not read: nobody here can mend them.
pub(crate) fn system_roots(pem: &[u8]) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    let (added, _) = roots.add_parsable_certificates(certificates(pem)?);
    if added == 0 {
        return Err("must hold at least one authority's certificate".to_owned());
    }
    Ok(roots)
}

fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    let chain: Vec<_> = CertificateDer::pem_slice_iter(pem)
        .collect::<Result<_, _>>()
        .map_err(|error| format!("must be certificates in PEM: {error}"))?;
    if chain.is_empty() {
        return Err("must hold at least one certificate in PEM".to_owned());
    }
    Ok(chain)
}
