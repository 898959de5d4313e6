//! TLS as a client of our own processes: whom it trusts, and the certificate that it shows.

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};

/// Which of several PEM files cannot be used, and why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}: {problem}")]
pub(crate) struct BadPem {
    /// `ca`, `certificate` or `key`.
    pub(crate) file: &'static str,
    /// What is wrong, and what would be right.
    pub(crate) problem: String,
}

/// A client that trusts these authorities alone, and shows a certificate where it has one.
///
/// # Errors
/// Which of the files cannot be used.
pub(crate) fn client(authority: &[u8], own: Option<(&[u8], &[u8])>) -> Result<ClientConfig, BadPem> {
    let bad = |problem: String| BadPem { file: "ca", problem };
    let mut roots = RootCertStore::empty();
    for authority in chain(authority).map_err(bad)? {
        roots.add(authority).map_err(|error| bad(format!("holds a certificate that cannot be trusted: {error}")))?;
    }
    let builder = ClientConfig::builder().with_root_certificates(roots);
    match own {
        None => Ok(builder.with_no_client_auth()),
        Some((certificate, key)) => {
            let (chain, key) = identity(certificate, key)?;
            builder.with_client_auth_cert(chain, key).map_err(apart)
        }
    }
}

fn identity(certificate: &[u8], key: &[u8]) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), BadPem> {
    let chain = chain(certificate).map_err(|problem| BadPem { file: "certificate", problem })?;
    let key = PrivateKeyDer::from_pem_slice(key)
        .map_err(|error| BadPem { file: "key", problem: format!("must be a private key in PEM: {error}") })?;
    Ok((chain, key))
}

fn chain(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    let chain: Vec<_> = CertificateDer::pem_slice_iter(pem)
        .collect::<Result<_, _>>()
        .map_err(|error| format!("must be certificates in PEM: {error}"))?;
    if chain.is_empty() { Err("must hold at least one certificate in PEM".to_owned()) } else { Ok(chain) }
}

fn apart(error: rustls::Error) -> BadPem {
    BadPem { file: "certificate", problem: format!("does not go together with the key: {error}") }
}
