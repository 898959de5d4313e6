//! An authority that vouches for the common names of certificates.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use tallygate_tls::Pem;

/// One or more certificates of authorities, any of which suffices.
pub(crate) struct Authority {
    /// The DER of each.
    certificates: BTreeSet<Vec<u8>>,
    verifier: Arc<dyn ClientCertVerifier>,
}

impl Authority {
    /// From PEM; the error is what is wrong with it.
    pub(crate) fn new(pem: &[u8]) -> Result<Self, String> {
        let pem = Pem::new("ca", pem);
        let roots = pem.authorities().map_err(|error| error.problem())?;
        let provider = Arc::new(aws_lc_rs::default_provider());
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
        let certificates = pem.certificates().map_err(|error| error.problem())?;
        Ok(Self { certificates: der(certificates), verifier: verifier.map_err(|error| error.to_string())? })
    }

    /// The DER of its certificates.
    pub(crate) fn certificates(&self) -> &BTreeSet<Vec<u8>> {
        &self.certificates
    }

    /// Whether it vouches for a chain as a caller showed it, the caller's own certificate first.
    pub(crate) fn vouches_for(&self, chain: &[CertificateDer<'_>]) -> bool {
        let Some((own, others)) = chain.split_first() else { return false };
        self.verifier.verify_client_cert(own, others, UnixTime::now()).is_ok()
    }
}

/// The DER of each of the certificates in a PEM file; of none where the file cannot be read, which is told elsewhere.
pub(crate) fn certificates_in(pem: &[u8]) -> BTreeSet<Vec<u8>> {
    der(Pem::new("client_ca", pem).certificates().unwrap_or_default())
}

/// Whether nobody whom these authorities vouch for can be vouched for by those: all are roots, of other names. Of an authority below
/// another one that cannot be told, as callers show what lies between.
pub(crate) fn are_strangers(these: &BTreeSet<Vec<u8>>, those: &BTreeSet<Vec<u8>>) -> bool {
    let roots = |authorities: &BTreeSet<Vec<u8>>| authorities.iter().map(|der| root(der)).collect::<Option<Vec<_>>>();
    match (roots(these), roots(those)) {
        // Where a file could not be read there are none, and that is told.
        (Some(these), Some(those)) if !these.is_empty() && !those.is_empty() => {
            these.iter().all(|root| !those.contains(root))
        }
        _ => false,
    }
}

/// The name of an authority that nobody is above of, in DER.
fn root(der: &[u8]) -> Option<Vec<u8>> {
    let (_, certificate) = x509_parser::parse_x509_certificate(der).ok()?;
    let (subject, issuer) = (certificate.subject().as_raw(), certificate.issuer().as_raw());
    (subject == issuer).then(|| subject.to_vec())
}

fn der(certificates: Vec<CertificateDer<'_>>) -> BTreeSet<Vec<u8>> {
    certificates.into_iter().map(|certificate| certificate.to_vec()).collect()
}

impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authority").field("certificates", &self.certificates.len()).finish_non_exhaustive()
    }
}
