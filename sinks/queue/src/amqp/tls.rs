//! What TLS to the server needs: whom to trust, and who we are.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use crate::port::QueueError;

/// TLS settings for `amqps://`; all may be left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AmqpTls {
    /// PEM file with the authorities to trust, instead of the system's.
    pub ca: Option<PathBuf>,
    /// PEM file with our certificate and its chain; `key` goes with it.
    pub certificate: Option<PathBuf>,
    /// PEM file with the certificate's key.
    pub key: Option<PathBuf>,
}

impl AmqpTls {
    /// Reads the files.
    ///
    /// # Errors
    /// [`QueueError::Refused`] naming the file, or the setting that is missing.
    pub(super) fn read(&self) -> Result<ClientConfig, QueueError> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|e| QueueError::Refused(format!("TLS: {e}")))?
            .with_root_certificates(self.roots()?);
        match (&self.certificate, &self.key) {
            (None, None) => Ok(builder.with_no_client_auth()),
            (Some(certificate), Some(key)) => {
                let private = PrivateKeyDer::from_pem_file(key).map_err(|e| unreadable(key, &e))?;
                builder
                    .with_client_auth_cert(certificates(certificate)?, private)
                    .map_err(|e| unreadable(certificate, &e))
            }
            _ => Err(QueueError::Refused("TLS: certificate and key go together, one is missing".to_owned())),
        }
    }

    fn roots(&self) -> Result<RootCertStore, QueueError> {
        let mut roots = RootCertStore::empty();
        let Some(ca) = &self.ca else {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            if roots.is_empty() {
                return Err(QueueError::Refused(
                    "TLS: the system has no trusted authorities, name a CA file".to_owned(),
                ));
            }
            return Ok(roots);
        };
        for certificate in certificates(ca)? {
            roots.add(certificate).map_err(|e| unreadable(ca, &e))?;
        }
        Ok(roots)
    }
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, QueueError> {
    let all: Vec<_> = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect::<Result<_, _>>)
        .map_err(|e| unreadable(path, &e))?;
    if all.is_empty() {
        return Err(QueueError::Refused(format!("TLS: {}: holds no certificate in PEM form", path.display())));
    }
    Ok(all)
}

fn unreadable(path: &Path, error: &dyn std::fmt::Display) -> QueueError {
    QueueError::Refused(format!("TLS: {}: {error}", path.display()))
}
