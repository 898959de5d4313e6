//! The files that a client needs: whom to trust, and who it is.

use std::path::PathBuf;
use std::sync::Arc;

use rustls::crypto::aws_lc_rs;
use rustls::{ClientConfig, RootCertStore};

use crate::error::TlsError;
use crate::pem::Pem;
use crate::system::system_authorities;

/// Files for a client's TLS, all PEM; each may be left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TlsFiles {
    /// The authorities to trust, instead of the system's.
    pub ca: Option<PathBuf>,
    /// Our certificate and its chain, where the server asks for one; `key` goes with it.
    pub certificate: Option<PathBuf>,
    /// The certificate's key.
    pub key: Option<PathBuf>,
}

impl TlsFiles {
    /// Reads the files.
    ///
    /// # Errors
    /// Which file cannot be used and why, or what is missing.
    pub fn client_config(&self) -> Result<ClientConfig, TlsError> {
        let builder = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| TlsError::Library(error.to_string()))?
            .with_root_certificates(self.authorities()?);
        match (&self.certificate, &self.key) {
            (None, None) => Ok(builder.with_no_client_auth()),
            (Some(certificate), Some(key)) => {
                let (certificate, key) = (Pem::read(certificate)?, Pem::read(key)?);
                builder
                    .with_client_auth_cert(certificate.certificates()?, key.key()?)
                    .map_err(|error| certificate.unusable(error))
            }
            _ => Err(TlsError::Half),
        }
    }

    /// Whom to trust.
    ///
    /// # Errors
    /// Why the file cannot be used, or that the system trusts nobody.
    pub fn authorities(&self) -> Result<RootCertStore, TlsError> {
        match &self.ca {
            Some(file) => Pem::read(file)?.authorities(),
            None => system_authorities(),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    struct Folder(tempfile::TempDir);

    impl Folder {
        fn write(&self, name: &str, text: &str) -> PathBuf {
            let path = self.0.path().join(name);
            std::fs::write(&path, text).unwrap();
            path
        }
    }

    #[test]
    fn a_client_may_have_a_certificate_and_the_key_that_fits_it() {
        let folder = Folder(tempfile::tempdir().unwrap());
        let pair = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let other = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let certificate = folder.write("certificate.pem", &pair.cert.pem());
        let key = folder.write("key.pem", &pair.signing_key.serialize_pem());
        let good =
            TlsFiles { ca: Some(certificate.clone()), certificate: Some(certificate.clone()), key: Some(key.clone()) };
        assert!(good.client_config().unwrap().client_auth_cert_resolver.has_certs());
        let stranger = folder.write("stranger.key", &other.signing_key.serialize_pem());
        let unfit = TlsFiles { key: Some(stranger), ..good.clone() }.client_config().unwrap_err().to_string();
        assert!(unfit.starts_with(&format!("{}: ", certificate.display())), "{unfit}");
        assert_eq!(TlsFiles { key: None, ..good.clone() }.client_config().unwrap_err(), TlsError::Half);
        assert_eq!(TlsFiles { certificate: None, ..good }.client_config().unwrap_err(), TlsError::Half);
    }

    #[test]
    fn a_file_without_authorities_is_named() {
        let folder = Folder(tempfile::tempdir().unwrap());
        let ca = folder.write("ca.pem", "no certificate");
        let refused = TlsFiles { ca: Some(ca), ..TlsFiles::default() }.client_config().unwrap_err().to_string();
        assert!(refused.contains("ca.pem: must hold at least one certificate"), "{refused}");
    }
}
